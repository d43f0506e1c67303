"""What a critical ratio does not say: for what it holds, how far it moves at this intensity, and who pushed it.

The law is one of weak selection. Where an exact chain is small enough the shift at the declared intensity
is computed; elsewhere its order is known, and its size as measured on small graphs.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import TheoryError
from coop_abm.mechanisms import Answers
from coop_abm.scenario.scenario import Scenario
from coop_abm.theory import chain, composition, fixation

#: Graphs up to this size have their exact crossing computed at the declared intensity, in well under a second.
SMALL_CHAIN = 11
#: Well-mixed populations up to this size likewise, by their birth-death chain.
MIXED_CHAIN = 20_000


class Answered(NamedTuple):
    """What theory found: value, status, reason and references as in ``Expectation``, and what they came from.

    sigma : structure coefficient under weak selection
    first, slope : the payoff matrix is first + benefit x slope, in units of the cost
    """

    value: float
    status: str
    reason: str
    references: tuple[str, ...]
    sigma: float
    first: np.ndarray
    slope: np.ndarray

    def game(self, benefit: float) -> np.ndarray:
        """The payoff matrix at a benefit, in units of the cost."""
        return self.first + benefit * self.slope


def limits_of(scenario: Scenario, answers: Answers, found: Answered) -> tuple[str, ...]:
    """For what the ratio holds, in phrases; the last one says how far it moves at this intensity."""
    if not 0 < found.value < math.inf:
        return ()
    equal = composition.equal_gains(found.game(found.value))
    elsewhere = "turns at the same ratio to first order" if equal else "turns at another ratio"
    said = [f"rho_A > rho_B for one mutant placed at random, without mutation; rho_A > 1/N {elsewhere}"]
    said.append("expected payoffs of an encounter; a few sampled games instead moved ratios by up to 13 %")
    if answers.relatedness > 0:
        said.append("kinship is felt payoff; choosing one's like on a graph obeys another law")
    return (*said, _movement(scenario, answers, found))


def _movement(scenario: Scenario, answers: Answers, found: Answered) -> str:
    """How far the crossing lies from weak selection at the declared intensity."""
    beta = scenario.update.intensity * scenario.game.cost
    at = f"at intensity {scenario.update.intensity:g}"
    if answers.fluid:
        weak = composition.critical_of_family(found.sigma, found.first, found.slope)
        return f"under weak selection the ratio is {weak:.6g}; {at} it is {found.value / weak - 1:+.2%} from there"
    if scenario.update.linear:
        return (
            f"{at} the crossing moves by an amount that is not computed for linear fitness, which is the same as "
            "exponential fitness to first order in the intensity"
        )
    if found.status == "exact":
        return "nothing moves: in a well-mixed population this ratio holds at any intensity"
    try:
        crossed = _crossing(scenario, answers, found, beta)
    except TheoryError:
        return f"{at} selection is too strong: fixation probabilities do not cross near this ratio"
    if crossed is not None:
        return f"{at} the exact crossing is {crossed:.6g}, {crossed / found.value - 1:+.2%} from weak selection"
    accumulated = scenario.payoff == "accumulated"
    strength = answers.strength()
    even = not accumulated or bool(np.ptp(strength) <= 1e-9 * strength.max())
    partners = float(strength.max()) if accumulated and answers.family == 1 else 1.0
    order, size = composition.shift(found.game(found.value), beta, partners=partners, even=even)
    moves = f"{at} the crossing moves in {'second' if order == 2 else 'first'} order of the intensity"
    if scenario.update.generational:
        return f"{moves}, by how much is not known"
    if answers.two_graphs:
        return f"{moves}, by how much is not known for two graphs"
    if math.isnan(size):
        return f"{moves}, and selection is not weak: intensity times payoff is above {composition.STRONG:g}"
    return f"{moves}, on small graphs by {max(size, 1e-4):.2%} at most"


def _crossing(scenario: Scenario, answers: Answers, found: Answered, beta: float) -> float | None:
    """Where rho_A = rho_B at this very intensity, None where no chain is small enough to say."""
    kind, payoff = scenario.update.kind, scenario.payoff
    if scenario.update.generational or beta == 0:
        return None
    if len(answers.indptr) == 0:
        if answers.size > MIXED_CHAIN:
            return None
        sums = answers.size - 1 if payoff == "accumulated" else 1
        return fixation.critical_of_update(found.game, answers.size, beta * sums, kind)
    if answers.size > SMALL_CHAIN:
        return None
    other = _dense(answers.replacing()) if answers.two_graphs else None
    return chain.critical(
        _dense(answers), found.game, update=kind, intensity=beta, payoff=payoff, replacement=other
    )  # fmt: skip


def _dense(answers: Answers) -> np.ndarray:
    weights = np.zeros((answers.size, answers.size))
    rows = np.repeat(np.arange(answers.size), np.diff(answers.indptr))
    weights[rows, answers.indices] = answers.weight if len(answers.weight) else 1.0
    return weights


def pushes_of(scenario: Scenario, answers: Answers, found: Answered) -> composition.Pushes | None:
    """Each rule's part in the ratio, None where the law in one line is not the law of this game."""
    by = "group" if answers.fluid else "kin" if answers.family > 1 else "network"
    try:
        pushes = composition.pushes(
            found.sigma,
            size=answers.size,
            by=by,
            relatedness=answers.relatedness,
            continuation=answers.continuation,
            recognition=answers.visibility,
            assorted=answers.assortment,
        )
        weak = composition.critical_of_family(found.sigma, found.first, found.slope)
    except TheoryError:
        return None
    told = math.inf if pushes.total == 0 else 1 / math.tanh(pushes.total)
    return pushes if abs(1 / told - 1 / weak) <= 1e-9 else None
