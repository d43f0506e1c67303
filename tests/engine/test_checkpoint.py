"""A world that goes on from a checkpoint is the world that was never interrupted."""

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.core.errors import CoopError, InputError
from coop_abm.engine import checkpoint
from coop_abm.engine.history import RoundWorld
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named

#: What the named scenarios leave out.
MORE = {
    "weighted": ("network", {"clock": "event", "network.graph": {"kind": "star"}}),
    "islands": ("all_five", {"clock": "event", "group.split": 0.2}),
    "mutants": ("network", {"update": {"kind": "death_birth", "intensity": 0.1}}),
    "scripted": ("direct", {"clock": "round", "players.0.policy": {"kind": "scripted", "moves": "CCD"}}),
}


def worlds():
    for name in NAMED:
        for clock in ("event", "round"):
            yield pytest.param(name, {"clock": clock}, id=f"{name}-{clock}")
    for label, (name, changes) in MORE.items():
        yield pytest.param(name, changes, id=label)


def declared(name, changes):
    try:
        return replace(named(name), changes)
    except InputError as error:
        assert named(name).clock != changes["clock"], error  # its own clock is always permitted
        pytest.skip(str(error))


def started(scenario, seed=3):
    try:
        return lab.start(scenario, seed)
    except InputError as error:
        pytest.skip(str(error))


def steps(world, count):
    for _ in range(count):
        world.step()


@pytest.mark.parametrize(("name", "changes"), worlds())
def test_a_hundred_steps_and_a_hundred_more_are_two_hundred(name, changes):
    scenario = declared(name, changes)
    straight = started(scenario)
    steps(straight, 100)
    middle = checkpoint.take(straight)
    steps(straight, 100)
    end = checkpoint.take(straight)
    elsewhere = started(scenario)  # another process, say: the same scenario and seed
    steps(elsewhere, 7)
    checkpoint.put_back(elsewhere, middle)
    assert checkpoint.equal(checkpoint.take(elsewhere), middle)
    steps(elsewhere, 100)
    assert checkpoint.equal(checkpoint.take(elsewhere), end)
    ours, theirs = elsewhere.snapshot(), straight.snapshot()
    assert all(np.array_equal(a, b) for a, b in zip(ours[:8], theirs[:8], strict=True) if isinstance(a, np.ndarray))
    checkpoint.put_back(straight, middle)  # and back in the very world
    steps(straight, 100)
    assert checkpoint.equal(checkpoint.take(straight), end)


def test_the_scenarios_reach_every_kind_of_world():
    kinds = set()
    for param in worlds():
        try:
            world = lab.start(replace(named(param.values[0]), param.values[1]), 0)
        except InputError:
            continue
        if isinstance(world, RoundWorld):
            state = world.play.state
            kinds |= {"minds"} if state.memo.size else set()
            kinds |= {"private"} if state.opinion.size else {"public"}
            kinds |= {"fluid"} if world.play.answers.fluid else set()
        else:
            kinds |= {world.process.kind, "keyed" if world.process.keyed else "unkeyed"}
            kinds |= {"diploid"} if len(world.second) else set()
    wanted = "public fluid mixed graph groups generations keyed unkeyed diploid minds"
    assert kinds >= set(wanted.split()), set(wanted.split()) - kinds


def test_private_opinions_are_kept():
    scenario = replace(named("stern_judging"), {"indirect.opinions": "private"})
    straight, other = lab.start(scenario, 1), lab.start(scenario, 1)
    assert straight.play.state.opinion.size
    steps(straight, 20)
    kept = checkpoint.take(straight)
    checkpoint.put_back(other, kept)
    steps(straight, 20)
    steps(other, 20)
    assert checkpoint.equal(checkpoint.take(straight), checkpoint.take(other))


def test_where_somebody_else_decides_one_sentence_says_so():
    scenario = replace(
        named("direct"), {"clock": "round", "players.0.policy": {"kind": "model", "model": "stand-in/tft"}}
    )
    assert checkpoint.refusal(scenario).startswith("A world in which a language model decides cannot be saved")
    assert checkpoint.refusal(named("direct")) == ""
    with pytest.raises(InputError, match="model of your own"):
        checkpoint.take(object())

    class Own(TableReader):
        def decide(self, question):
            return super().decide(question)

    world = lab.start(replace(named("direct"), {"clock": "round"}), 0)
    with pytest.raises(InputError, match="policy of your own"):
        checkpoint.take(RoundWorld(world.play, Own(world.play.repertoire)))


def test_a_round_that_has_begun_cannot_be_kept():
    world = lab.start(replace(named("direct"), {"clock": "round"}), 0)
    world.play.tell(world.policy.decide(world.play.ask()))
    with pytest.raises(CoopError, match="middle of a round"):
        checkpoint.take(world)


@pytest.mark.parametrize("name", ["network", "kin", "group", "well_mixed", "families", "all_five", "stern_judging"])
def test_what_does_not_fit_is_refused_and_changes_nothing(name):
    world = lab.start(named(name), 5)
    steps(world, 3)
    good = checkpoint.take(world)

    def refused(kept):
        with pytest.raises(InputError, match="this state does not fit its world"):
            checkpoint.put_back(world, kept)
        assert checkpoint.equal(checkpoint.take(world), good)

    refused(good._replace(arrays={}))
    refused(good._replace(numbers={}))
    for column, array in good.arrays.items():
        if not array.size:
            continue
        refused(good._replace(arrays=good.arrays | {column: array[..., :-1]}))
        refused(good._replace(arrays=good.arrays | {column: array.astype(np.float32)}))
        if _followed(world, column, array):
            worst = array.copy()
            worst.flat[0] = np.nan if array.dtype == np.float64 else np.iinfo(array.dtype).max
            refused(good._replace(arrays=good.arrays | {column: worst}))


def _followed(world, column, array):
    """Do kernels follow what this column says, before they write it?"""
    if isinstance(world, RoundWorld):
        return column != "acts"
    names = [f"column_{k}" for k in range(len(world.changing))]
    if world.process.kind == "groups":
        names.remove("column_3")  # room to count in
    return column == names[-1] or (column in names and array.dtype != np.float64)
