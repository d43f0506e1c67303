"""How many questions a model can be asked at least and at most, whatever anybody decides.

Who meets whom for how many turns follows from the seed (``engine/meetings.py``). Who is decided for by a model may
drift: whoever is replaced, or copies another, may come to be decided for by it, or cease to be. So the bounds
are those individuals for whom it certainly still decides, and those for whom it may.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from coop_abm.engine.meetings import meetings
from coop_abm.engine.rounds import Play
from coop_abm.scenario.minds import Model, Team, models_in


class Bounds(NamedTuple):
    """Questions to one group of models in a run.

    least, most : for each stage: act, talk, think (plan, critique and revise together)
    deepest : turns before the last of the longest encounter
    past    : turns that all prompts together may have to tell, at most
    """

    least: dict[str, int]
    most: dict[str, int]
    deepest: int
    past: int


def bounds(play: Play, rounds: int, models: Sequence[Model]) -> Bounds:
    """The bounds for models that are counted together; `play` must not have begun.

    Counted are first questions: a reply that is no answer is asked for once more, at most.
    """
    world, minds = play.scenario, [mind for _strategy, mind in play.scenario.inherited]
    ours = [s for s, mind in enumerate(minds) if set(models_in(mind)) & set(models)]
    sits = np.ones(play.state.shape, np.bool_)
    sits[:, [node for entry in world.players if entry.policy.seated for node in entry.nodes]] = False
    held = np.isin(play.state.strategy, ours) & sits
    moves = 0 if len(ours) == len(minds) else changes(play)
    fluid = bool(play.answers.fluid)
    least, most = {"act": 0, "talk": 0, "think": 0}, {"act": 0, "talk": 0, "think": 0}
    played, deepest, past = np.zeros(play.state.shape, np.int64), 0, 0
    for t, (member, turns) in enumerate(meetings(play, rounds)):
        rows, first = _of_each(play, member, turns), _of_each(play, member, np.minimum(turns, 1))
        spoken = {"never": np.zeros_like(rows), "first": first, "always": rows}[world.talk]
        for stage, values in (("act", rows), ("talk", spoken)):
            if fluid and t > 0:  # who meets whom is not known, but how many turns they would have is
                most[stage] += int(values.sum())
                continue
            kept = min(moves * t, world.size)
            least[stage] += _surely(values, held, kept)
            most[stage] += _surely(values, held, 0) + _perhaps(values, sits & ~held, kept)
        played += rows
        deepest = max(deepest, int(turns.max(initial=1)) - 1)
        past += int((turns * (turns - 1)).sum())  # both sides tell 0, 1, ... turns
    teams = [mind for mind in minds if isinstance(mind, Team) and set(models_in(mind)) & set(models)]
    if teams:
        calls = max(1 + 2 * team.critiques for team in teams)
        # Between two plans of an individual lies a multiple of the period in its turns, or it was another's meanwhile.
        planned = np.sum([played // every for every in {team.every for team in teams}], axis=0)
        kept = min(moves * max(rounds - 1, 0), world.size)
        most["think"] = (
            int(played.sum()) if fluid else _surely(planned, held, 0) + _perhaps(planned, sits & ~held, kept)
        )
        returns = moves * max(rounds - 1, 0) * len(played)
        most["think"] = calls * min(int(played.sum()), most["think"] + returns)
    speeches = (world.talk == "always") + 1
    return Bounds(least, most, deepest, past * speeches + most["think"] * deepest)


def changes(play: Play) -> int:
    """How many individuals can come under another strategy at the end of one round, at most."""
    update, answers, size = play.scenario.update, play.answers, play.scenario.size
    if update.synchronous or answers.fluid:
        return size
    overtaken = answers.group_size if answers.groups > 1 else 0
    return min(size, int(getattr(update, "replacements", size)) * (1 + overtaken))


def _of_each(play: Play, member: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """int64 (R, N): decisions of each individual, over both sides of its encounters."""
    replicates, size = play.state.shape
    places = np.where(member >= 0, member, 0) + size * np.arange(replicates)[:, None, None]
    weights = np.broadcast_to(turns[:, :, None], member.shape)
    return np.bincount(places.ravel(), weights.ravel(), replicates * size).astype(np.int64).reshape(replicates, size)


def _surely(values: np.ndarray, held: np.ndarray, lost: int) -> int:
    """The sum over those who are held, less the `lost` largest of each replicate."""
    kept = np.sort(np.where(held, values, 0), axis=1)
    return int(kept[:, : kept.shape[1] - lost].sum())


def _perhaps(values: np.ndarray, others: np.ndarray, won: int) -> int:
    """The `won` largest of the others, of each replicate."""
    might = np.sort(np.where(others, values, 0), axis=1)
    return int(might[:, might.shape[1] - won :].sum())
