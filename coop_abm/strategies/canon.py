"""The strategies that trajectories are compared with: the canon of the repeated prisoner's dilemma.

References
----------
Axelrod1984, DalBoFrechette2011, FontanaPierriAiello2024
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.strategies.field import FIELD
from coop_abm.strategies.table import Repertoire, Strategy, repertoire

#: Name and strategy, as in tournaments; "random" throws a fair coin.
CANON: dict[str, Strategy] = {
    name: FIELD[name] for name in ("allc", "alld", "tft", "gtft", "wsls", "grim", "tf2t", "ttft", "random")
}


def canon(
    payoffs: object, names: tuple[str, ...] = ("allc", "alld", "tft", "gtft", "wsls", "grim", "random")
) -> Repertoire:
    """A repertoire of strategies known by name, for ``coop_abm.theory.recognition.library``.

    Parameters
    ----------
    payoffs : float (2, 2), one turn of the game, own action first, action 0 = cooperate; the generosity of
              generous tit-for-tat follows from it
    names   : of `CANON`

    Raises
    ------
    InputError : an unknown name, or payoffs that are not 2 x 2
    """
    unknown = [name for name in names if name not in CANON]
    if unknown or not names:
        raise InputError(f"names must be of {', '.join(CANON)}; got {quoted(', '.join(unknown))}")
    game = np.asarray(payoffs, dtype=float)
    if game.shape != (2, 2) or not np.isfinite(game).all():
        raise InputError(f"payoffs must be 2 x 2 finite numbers; got shape {game.shape}")
    return repertoire(tuple(names), tuple(CANON[name].automaton(game) for name in names))
