"""A running world as plain arrays and numbers, and back, to the byte.

What a world reads and never writes follows from its scenario and seed, so only what changes is kept. A world that
goes on from a checkpoint does what the world did that it was taken of: dice of the round clock have addresses, and
the stream of the event clock is four words.

>>> from coop_abm.engine.history import EventWorld
>>> from coop_abm.scenario import Scenario
>>> world = EventWorld(Scenario(size=20), seed=1)
>>> start = take(world)
>>> world.step()
>>> once = take(world)
>>> put_back(world, start)
>>> world.step()
>>> equal(take(world), once)
True
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import CoopError, InputError
from coop_abm.core.question import Texts
from coop_abm.core.state import MIND_COLUMNS
from coop_abm.engine.events import columns_of
from coop_abm.engine.generations import count_alleles
from coop_abm.engine.history import EventWorld, RoundWorld
from coop_abm.engine.individuals import strategies_of
from coop_abm.engine.minds import Encountered
from coop_abm.engine.rounds import Play
from coop_abm.scenario.scenario import Scenario

#: Kinds of policy that keep nothing of their own between two rounds.
FORGETFUL = ("table", "scripted")
#: Payoffs that are added up over a run stay below this.
LARGEST_PAYOFF = 1e15
#: Time steps that a checkpoint can have behind it.
LATEST = 2**53


class Checkpoint(NamedTuple):
    """A world between two time steps.

    numbers : `round` of a world on the round clock; on the event clock the words `s0` to `s3` of its stream, and
              `within`, the events of the present generation that are done, where there are any
    arrays  : what its kernels change, by name; copies
    texts   : what its numbers of texts stand for, in order
    """

    numbers: dict[str, int]
    arrays: dict[str, np.ndarray]
    texts: tuple[str, ...] = ("",)

    @property
    def room(self) -> int:
        """Bytes that it takes."""
        return sum(array.nbytes for array in self.arrays.values()) + sum(map(len, self.texts)) + 1000


def refusal(scenario: Scenario) -> str:
    """Why worlds of this scenario cannot be kept and gone on with, in one sentence; "" if they can."""
    for entry in scenario.players:
        if entry.policy.kind not in FORGETFUL:
            who = type(entry.policy).title
            return f"A world in which a {who} decides cannot be saved or taken back."
    return ""


def take(world: Any) -> Checkpoint:
    """A copy of all that changes in this world.

    Raises
    ------
    InputError
        if somebody decides in it who keeps a memory of its own, or it is a model that is not ours
    CoopError
        if a round has begun
    """
    _check(world)
    arrays = {name: array.copy() for name, array in _changing(world).items()}
    if isinstance(world, EventWorld):
        begun = {"within": world.within} if world.within else {}
        return Checkpoint({f"s{k}": int(word) for k, word in enumerate(world.stream)} | begun, arrays)
    texts = world.play.texts
    return Checkpoint({"round": world.play.round}, arrays, tuple(texts[n] for n in range(len(texts))))


def put_back(world: Any, kept: Checkpoint) -> None:
    """Make this world what it was, or what another one of the same scenario and seed was.

    Raises
    ------
    InputError
        if the checkpoint does not fit this world; it is unchanged then
    """
    _check(world)
    _put(world, kept)


def take_over(world: RoundWorld, kept: Checkpoint) -> None:
    """Let a world that has just started go on from the moment of another, in which nobody kept notes.

    Whoever decides in it knows nothing of what was before: it has no notes and has played no turn.

    Raises
    ------
    InputError
        if the checkpoint does not fit this world; it is unchanged then
    """
    own = _changing(world)
    blank = {c.name: own[c.name] for c in MIND_COLUMNS if own[c.name].shape != kept.arrays[c.name].shape}
    _put(world, kept._replace(arrays=kept.arrays | blank))


def _put(world: EventWorld | RoundWorld, kept: Checkpoint) -> None:
    wrong = misfit(world, kept)
    if wrong:
        raise InputError(f"this state does not fit its world: {wrong}")
    for name, array in _changing(world).items():
        array[...] = kept.arrays[name]
    if isinstance(world, EventWorld):
        world.stream = tuple(np.uint64(kept.numbers[f"s{k}"]) for k in range(4))
        world.within = kept.numbers.get("within", 0)
        return
    play = world.play
    play.round, play.texts = kept.numbers["round"], Texts()
    for text in kept.texts[1:]:
        play.texts.number(text)
    play.words = play.words._replace(texts=play.texts)
    play._question, play._so_far = None, Encountered()


def equal(one: Checkpoint, other: Checkpoint) -> bool:
    """Are they the same to the byte?"""
    same = one.numbers == other.numbers and one.texts == other.texts and one.arrays.keys() == other.arrays.keys()
    return same and all(a.tobytes() == other.arrays[name].tobytes() for name, a in one.arrays.items())


def _check(world: Any) -> None:
    if not isinstance(world, EventWorld | RoundWorld):
        raise InputError("A model of your own cannot be saved or taken back: only worlds of coop_abm can.")
    scenario = world.scenario if isinstance(world, EventWorld) else world.play.scenario
    wrong = refusal(scenario)
    if wrong:
        raise InputError(wrong)
    if isinstance(world, EventWorld):
        return
    tabled = all(entry.policy.tabled for entry in scenario.players)
    if tabled and getattr(world.policy, "reads", None) is not world.play.repertoire:
        raise InputError("A world in which a policy of your own decides cannot be saved or taken back.")
    if world.play._begun:
        raise CoopError("a world is saved between two rounds; this one is in the middle of a round")


def _changing(world: EventWorld | RoundWorld) -> dict[str, np.ndarray]:
    """All arrays that a time step writes and a later one reads; not copied."""
    if isinstance(world, RoundWorld):
        return world.play.state.columns | {"acts": world.play.acts}
    own = {f"column_{k}": column for k, column in enumerate(world.changing)}
    more = {"count": world.count, "second": world.second}
    return own | {name: array for name, array in more.items() if all(array is not column for column in own.values())}


# ---------------------------------------------------------------- does it fit? A file may say anything.


def misfit(world: EventWorld | RoundWorld, kept: Checkpoint) -> str:
    """What is wrong with a checkpoint for this world, "" if nothing is: kernels trust what they read."""
    arrays = _changing(world)
    if kept.arrays.keys() != arrays.keys():
        return f"it has other columns ({', '.join(sorted(kept.arrays))[:80]})"
    for name, array in arrays.items():
        given = kept.arrays[name]
        if (given.shape, given.dtype) != (array.shape, array.dtype):
            return f"{name} must be {array.dtype} of shape {array.shape}; got {given.dtype} of shape {given.shape}"
    return _misfit_on_events(world, kept) if isinstance(world, EventWorld) else _misfit_of_play(world.play, kept)


def _misfit_of_play(play: Play, kept: Checkpoint) -> str:
    state, answers = kept.arrays, play.answers
    if kept.numbers.keys() != {"round"} or not 0 <= kept.numbers["round"] <= LATEST:
        return "its round must be a whole number of at least 0"
    if not kept.texts or kept.texts[0] != "" or len(set(kept.texts)) != len(kept.texts):
        return "its texts must be different, the first one empty"
    within = {
        "strategy": len(play.repertoire.names), "alive": 2, "standing": 2, "opinion": 2, "memo": len(kept.texts),
        "group": max(answers.groups, 1), "played": 2**31,
    }  # fmt: skip
    for name, end in within.items():
        if not _within(state[name], end):
            return f"{name} must lie in [0, {end})"
    if not (np.abs(state["payoff"]) <= LARGEST_PAYOFF).all():
        return f"payoff must lie in [-{LARGEST_PAYOFF:g}, {LARGEST_PAYOFF:g}]"
    if not answers.fluid:
        fixed = bool((state["alive"] == 1).all() and (state["group"] == answers.group).all())
        return "" if fixed else "nobody is born, dies or moves in this world"
    return "" if all(map(_housed, state["group"], state["alive"], *_room(play))) else "a group has more than it holds"


def _room(play: Play) -> tuple[list[int], list[int]]:
    many = len(play.state.strategy)
    return [play.answers.groups] * many, [play.answers.group_size] * many


def _misfit_on_events(world: EventWorld, kept: Checkpoint) -> str:
    ready, columns = world.process, [kept.arrays[f"column_{k}"] for k in range(len(world.changing))]
    size, strategies = world.scenario.size, len(world.count)
    words = [kept.numbers.get(f"s{k}", -1) for k in range(4)]
    if not 0 <= kept.numbers.get("within", 0) < size:
        return f"its events within a generation must lie in 0 to {size - 1}"
    if len(kept.numbers.keys() - {"within"}) != 4 or not all(0 <= word < 2**64 for word in words) or not any(words):
        return "its stream must be four words of 64 bits, not all of them 0"
    if ready.kind == "mixed":
        return "" if columns[0].min() >= 0 and columns[0].sum() == size else f"count must sum up to {size}"
    if ready.keyed and not _within(columns[0], len(ready.world.keys.holds)):
        return "a key is none of this world"
    strategy = strategies_of(ready, columns[0][None])[0]
    alleles = (strategy, columns[1]) if ready.kind == "generations" else (strategy,)
    if not all(_within(held, strategies) for held in alleles):
        return f"strategy must lie in [0, {strategies})"
    if not ready.keyed and not _fit(columns[-1], columns[2] if ready.kind == "groups" else None):
        return "fitness must be finite, and positive for somebody"
    if ready.kind == "groups":
        housed = _within(columns[2], 2) and _housed(columns[1], columns[2], ready.world.groups, ready.world.group_size)
        return "" if housed else "a group has more than it holds"
    count = np.empty_like(world.count)
    if ready.kind == "generations":
        count_alleles(columns[0], columns[1], count)
        return "" if (count == columns[2]).all() else "count must be that of its strategies"
    renewed = columns_of(ready, strategy.copy(), count)
    # All but payoffs are whole numbers that follow from who holds which strategy.
    exact = [k for k, column in enumerate(columns) if column.dtype != np.float64]
    same = all((renewed[k] == columns[k]).all() for k in exact)
    return "" if same else "count and keys must be those of its strategies"


def _within(array: np.ndarray, end: int) -> bool:
    return not array.size or bool(array.min() >= 0 and array.max() < end)


def _fit(fitness: np.ndarray, alive: np.ndarray | None) -> bool:
    """Can a parent be drawn in proportion to this?"""
    living = fitness if alive is None else fitness[alive == 1]
    return bool(np.isfinite(fitness).all() and (living >= 0).all() and 0 < living.sum() < np.inf)


def _housed(group: np.ndarray, alive: np.ndarray, groups: int, room: int) -> bool:
    """Is everybody in some group, and no group too full or empty?"""
    if not _within(group, groups):
        return False
    members = np.bincount(group[alive == 1], minlength=groups)
    return bool(members.max() <= room and members.min() >= 1)
