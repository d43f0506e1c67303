"""Who copied whom: the log is what happened, and the way back is the one that a replay finds."""

import numpy as np
import pytest

from coop_abm.core.errors import CoopError
from coop_abm.core.kernel import engine
from coop_abm.engine.history import EventWorld, RoundWorld
from coop_abm.engine.lineage import DIGIT, Watched, lineage, sources, table_before
from coop_abm.engine.rounds import Play
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.knobs import replace
from tests.engine.test_witness import PLACES, RULES, play_of
from tests.parity.worlds import world


@pytest.fixture
def interpreted():
    with engine("plain"):
        yield


def growing(rule, **more):
    return world(("group",), rule, **more)


def in_families(rule, **more):
    kin = {"kin.enabled": True, "kin.channel": "descent", "kin.family": 4}
    return world((), rule, **kin, **more)


EVENT = [
    *(("torus", rule) for rule in ("death_birth", "birth_death", "pairwise_comparison")),
    ("weighted", "death_birth"), ("takeovers", "imitation"), ("growing", "birth_death"),
    ("two graphs", "pairwise_comparison"), ("families", "wright_fisher"), ("everybody", "wright_fisher"),
]  # fmt: skip
ROUND = [
    *(("torus", rule) for rule in RULES), ("mixed", "pairwise_comparison"), ("takeovers", "death_birth"),
    ("two graphs", "imitation"), ("takeovers", "pairwise_comparison"), ("growing", "birth_death"),
    ("families", "wright_fisher"),
]  # fmt: skip
MAKERS = {**PLACES, "growing": growing, "families": in_families, "everybody": PLACES["mixed"]}


def start(place, rule, clock, seed):
    scenario = MAKERS[place](rule, clock=clock)
    return EventWorld(scenario, seed) if clock == "event" else play_of(scenario, seed)


def columns(running):
    if isinstance(running, EventWorld):
        return [c.tobytes() for c in running.changing], [int(w) for w in running.stream], running.within
    return [c.tobytes() for c in running.play.state.columns.values()], running.play.round


def strategies(running):
    return (running.strategy if isinstance(running, EventWorld) else running.play.state.strategy[0]).copy()


@pytest.mark.parametrize(("clock", "place", "rule"), [("event", *e) for e in EVENT] + [("round", *r) for r in ROUND])
def test_a_watched_world_is_the_same_and_its_log_leads_to_the_same_strategies(clock, place, rule):
    """Brute force: names are handed on entry by entry, and every strategy is that of the founder of its name."""
    compiled = (clock, place, rule) == ("event", "torus", "death_birth")
    handed = 0
    with engine("compiled" if compiled else "plain"):
        for seed in range(3):
            one, straight = start(place, rule, clock, seed), start(place, rule, clock, seed)
            watched, founders = Watched(one), strategies(one)
            for step in range(6):
                if clock == "event" and step == 2 and place in ("torus", "weighted", "growing"):
                    for _ in range(5):
                        watched.event()
                        straight.event()
                    assert columns(one) == columns(straight)
                watched.step()
                straight.step()
                assert columns(one) == columns(straight)
            log, end = watched.log, int(watched.log.end[0])
            name, path = np.arange(len(founders)), {i: [] for i in range(len(founders))}
            for tick in np.unique(log.tick[:end]):
                before, before_path = name.copy(), {i: list(links) for i, links in path.items()}
                for at in np.flatnonzero(log.tick[:end] == tick):
                    place_, parent = int(log.place[at]), int(log.parent[at])
                    name[place_], path[place_] = before[parent], [(int(tick), place_, parent), *before_path[parent]]
            alive = one.play.state.alive[0] == 1 if clock == "round" else np.ones(len(founders), bool)
            if place == "growing" and clock == "event":
                alive = one.changing[2] == 1
            assert np.array_equal(founders[name][alive], strategies(one)[alive])
            for i in np.flatnonzero(alive).tolist():
                told = lineage(watched, i)
                assert told.founder == name[i] and told.since == 0
                assert [(link.place, link.parent) for link in told.links] == [p[1:] for p in path[i]]
                assert [link.time for link in told.links] == sorted((link.time for link in told.links), reverse=True)
                handed += len(told.links)
    assert handed > 20


def test_turns_are_the_changes_of_strategy_that_one_sees(interpreted):
    one = start("torus", "imitation", "round", 3)
    watched, seen = Watched(one), [strategies(one)]
    for _ in range(12):
        watched.step()
        seen.append(strategies(one))
    turned = {(t, i) for t in range(12) for i in np.flatnonzero(seen[t] != seen[t + 1]).tolist()}
    end = int(watched.log.end[0])
    entries = zip(*(column[:end].tolist() for column in watched.log[:4]), strict=True)
    logged = [(tick // 4, place, parent) for tick, place, parent, turns in entries if turns]
    assert {(t, i) for t, i, _parent in logged} == turned and len(turned) > 5
    assert all(seen[t][parent] == seen[t + 1][i] for t, i, parent in logged)


@pytest.mark.parametrize("clock", ["event", "round"])
def test_a_strategy_that_was_given_goes_back_to_whoever_was_given_it(interpreted, clock):
    handed = 0
    for seed in range(12):
        running = start("torus", "death_birth", clock, seed)
        watched = Watched(running)
        watched.step()
        watched.give(5, 1)
        assert strategies(running)[5] == 1 and lineage(watched, 5).founder == -1
        for _ in range(2):
            watched.step()
        for i in range(12):
            told = lineage(watched, i)
            if told.founder == -1:
                assert (told.links[-1].place, told.links[-1].parent, told.links[-1].time) == (5, -1, 1)
                assert strategies(running)[i] == 1
                handed += i != 5
    assert handed > 3


def test_a_full_log_says_from_when_on_it_knows(interpreted):
    running = start("torus", "death_birth", "event", 1)
    watched = Watched(running, room=30)
    for _ in range(3):
        watched.step()
    end = int(watched.log.end[0])
    assert end > 30 and not watched.log.complete
    whole = Watched(start("torus", "death_birth", "event", 1))
    for _ in range(3):
        whole.step()
    for i in range(12):
        short, full = lineage(watched, i), lineage(whole, i)
        assert short.links == full.links[: len(short.links)] and short.since >= 1
    assert any(len(lineage(watched, i).links) < len(lineage(whole, i).links) for i in range(12))


def test_more_individuals_than_a_column_has_numbers_are_told_apart():
    """More than 2^15 in a column of int16: names go digit by digit."""
    size = 200 * 200
    assert size > DIGIT
    scenario = replace(
        world(("network",), "pairwise_comparison", "torus"),
        {"size": size, "game.benefit": 3.0, "players.0.strategy.kind": "allc"},
    )
    play = Play(scenario, 1)
    running = RoundWorld(play, TableReader(play.repertoire))
    before = table_before(running)
    running.step()
    source = sources(running, before)
    indptr, indices, _weight = play.answers.rows
    copied = np.flatnonzero(source != np.arange(size))
    assert source.max() > DIGIT and len(copied) > 1000
    assert all(source[i] in indices[indptr[i] : indptr[i + 1]] for i in copied.tolist())


def test_a_table_that_was_changed_from_outside_is_noticed(interpreted):
    running = start("torus", "imitation", "round", 2)
    before = table_before(running)
    running.step()
    strategy = running.play.state.strategy[0]
    strategy[:] = (strategy + 1) % 3
    with pytest.raises(CoopError, match="changed from outside"):
        sources(running, before)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (world((), "birth_death", clock="event"), "are alike"),
        (world((), "wright_fisher", clock="event", **{
            "kin.enabled": True, "kin.channel": "descent", "kin.family": 4, "kin.pedigree": "full_sibs"}), "two lin"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused_in_a_sentence(scenario, words):
    with pytest.raises(CoopError, match=words):
        Watched(EventWorld(scenario))
    with pytest.raises(CoopError, match="another kind of world"):
        Watched(object())
