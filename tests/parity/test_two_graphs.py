"""One meets on one graph and is replaced on another: kernels against naive worlds, exact chains, and themselves."""

import numpy as np
import pytest

from coop_abm.core.dice import open_stream, stream_base
from coop_abm.core.kernel import engine
from coop_abm.engine.events import process
from coop_abm.engine.nodes import renew
from coop_abm.engine.rounds import Play
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.knobs import replace
from coop_abm.theory.chain import flip_probabilities

from .reference import Events
from .test_oracle import DYADIC, agree, follow, replacements
from .worlds import CHAINED, RULES, UPDATES, begun, both, difference, events_of, rounds_of, watched, world

#: All rules by which neighbours replace or teach each other.
LOCAL = UPDATES[:-1]
TWO = {
    "two_rings": {"network.graph": {"kind": "ring", "degree": 4}, "network.replacement": {"kind": "ring", "degree": 2}},
    "two_draws": {
        "network.graph": {"kind": "random_regular", "degree": 3},
        "network.replacement": {"kind": "random_regular", "degree": 3},
    },
    "hubs_meet": {"network.graph": "star", "network.replacement": {"kind": "torus", "neighbours": 4}},
}
WEIGHTED = [(0, 1, 1.0), (1, 2, 2.0), (2, 3, 1.0), (0, 3, 1.0), (0, 4, 1.0), (2, 4, 3.0)]
OTHER = [(0, 2, 1.0), (0, 1, 2.0), (1, 3, 1.0), (3, 4, 4.0), (1, 4, 1.0)]  # strengths 3, 4, 1, 5, 5


def edges(rows, size=5):
    return {"kind": "edges", "size": size, "edges": rows}


def declared(name, update, on=("network",), **changes):
    return world(on, update, **DYADIC | TWO[name] | changes)


@pytest.fixture
def interpreted():
    """The same bytes as compiled (held below, and for all else in test_subsets.py), and no compiler to wait for."""
    with engine("plain"):
        yield


@pytest.mark.parametrize("update", LOCAL)
@pytest.mark.parametrize("name", TWO)
def test_the_event_clock_on_two_graphs_is_the_naive_world(name, update, interpreted):
    scenario = declared(name, update, clock="event")
    assert not process(scenario).keyed
    follow(scenario)


@pytest.mark.parametrize("update", CHAINED)
def test_with_all_other_rules_on_two_graphs_are_the_naive_world(update, interpreted):
    follow(declared("two_draws", update, RULES[:4], clock="event", payoff="accumulated"))


@pytest.mark.parametrize("partners", ["one", "all"])
@pytest.mark.parametrize("update", LOCAL)
def test_the_round_clock_on_two_graphs_is_the_naive_world(update, partners, interpreted):
    for name in TWO:
        assert not agree(declared(name, update, RULES[:4], partners=partners), replicate=1), name


@pytest.mark.parametrize("update", ["birth_death", "death_birth"])
def test_an_ensemble_on_two_graphs_ends_as_the_naive_worlds_do(update):
    scenario = declared("two_rings", update, clock="event")
    ready, limit, runs = process(scenario, 3), 400, 6
    written = [np.zeros(runs, np.int64), np.zeros(runs, np.int64), np.zeros(runs)]
    ready.ensemble(ready.world, stream_base(3), 0, scenario.starting_counts(), limit, *written)
    naive = [Events(scenario, 3, k).run(limit) for k in range(runs)]
    assert written[0].tolist() == [w.winner for w in naive]
    assert written[1].tolist() == [w.events for w in naive]
    assert -1 < max(written[0])


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", CHAINED)
def test_one_event_on_two_weighted_graphs_is_the_exact_chain(update, payoff):
    players = [{"share": 0.4, "strategy": "allc"}, {"share": 0.6, "strategy": "alld"}]
    two = {"network.graph": edges(WEIGHTED), "network.replacement": edges(OTHER), "update.intensity": 0.4}
    scenario = replace(world(("network",), update, size=5, players=players, payoff=payoff, clock="event"), two)
    sites = process(scenario).world
    game, replacement = np.zeros((5, 5)), np.zeros((5, 5))
    for dense, rows in ((game, WEIGHTED), (replacement, OTHER)):
        for i, j, w in rows:
            dense[i, j] = dense[j, i] = w
    exact = flip_probabilities(game, sites.matrix, update=update, intensity=0.4, payoff=payoff, replacement=replacement)
    ties = sites.replacing_indptr, sites.replacing_indices, sites.replacing_weight
    for state in range(1, 31, 3):
        strategy = np.array([0 if state >> i & 1 else 1 for i in range(5)])
        helping, earned, fitness = np.zeros(5), np.zeros(5), np.zeros(5)
        for i in range(5):
            renew(i, strategy, *sites[:8], helping, earned, fitness)
        moved = replacements(scenario.update, (5, 60), 5, np.empty(0), *ties, np.arange(5), fitness, earned)
        flips = [(moved[i] * (strategy != strategy[i])).sum() for i in range(5)]
        assert flips == pytest.approx(exact[state], abs=4e-4)


def same_twice(one):
    """The same world, its graph declared a second time for replacement."""
    return replace(one, {"network.replacement": edges([(i, (i + d) % 12, 1.0) for i in range(12) for d in (1, 2)], 12)})


@pytest.mark.parametrize("update", LOCAL)
def test_one_graph_declared_twice_is_one_graph_event_by_event(update, interpreted):
    one = world(("network", "direct"), update, clock="event")
    assert difference(events_of(one, keyed=False), events_of(same_twice(one))) == ""


@pytest.mark.parametrize("arise", ["reproduction", "spontaneous"])
@pytest.mark.parametrize("update", LOCAL)
def test_with_mutation_one_graph_declared_twice_is_one_graph(update, arise, interpreted):
    mutating = {"update.mutation": 0.2, "update.mutation_kind": arise}
    one = replace(world(("network", "direct"), update, clock="event"), mutating)
    assert difference(_many_events(one), _many_events(same_twice(one))) == ""


def _many_events(scenario, events=300):
    """The stream and all columns after so many events."""
    ready = process(scenario, 7, keyed=False)
    stream, changing = begun(ready, scenario, [np.uint64(x) for x in open_stream(stream_base(7), 0)])
    answer = ready.advance(ready.world, *changing, events, *stream)
    return [("answer", np.array([float(x) for x in answer])), *((f"column {c}", x) for c, x in enumerate(changing))]


@pytest.mark.parametrize("partners", ["one", "all"])
@pytest.mark.parametrize("update", LOCAL)
def test_one_graph_declared_twice_is_one_graph_round_by_round(update, partners, interpreted):
    one = world(RULES[:4], update, partners=partners)
    assert difference(rounds_of(one), rounds_of(same_twice(one))) == ""


SOME = ("death_birth", "imitation")


@pytest.mark.parametrize("update", [u if u in SOME else pytest.param(u, marks=pytest.mark.validate) for u in LOCAL])
def test_two_graphs_are_one_world_interpreted_and_compiled(update):
    assert difference(*both(events_of, declared("two_draws", update, clock="event"), steps=10, limit=60)) == ""
    assert difference(*both(rounds_of, declared("two_rings", update), rounds=2)) == ""


FIRST = {"update.ties": "first", "partners": "all", "network.graph": {"kind": "torus", "neighbours": 8}}


@pytest.mark.parametrize(
    "scenario",
    [
        *(declared("two_rings", update, direct__continuation=0.0, execution_error=0.0) for update in LOCAL),
        *(declared("hubs_meet", update, partners="all", execution_error=0.0) for update in LOCAL),
        declared("two_draws", "imitate_the_best", execution_error=0.0, **FIRST),
    ],
    ids=lambda scenario: f"{scenario.update.kind}, {scenario.partners}",
)
def test_rounds_that_ask_nobody_are_the_rounds_in_which_all_are_asked(scenario, interpreted):
    asked, alone = (Play(scenario, 7, replicates=2) for _ in range(2))
    assert alone.plain is not None and alone.board is None
    watched(asked, 4, TableReader(asked.repertoire))
    alone.advance(4)
    for name, values in alone.state.columns.items():
        assert values.tobytes() == asked.state.columns[name].tobytes(), name
    assert not np.array_equal(alone.state.strategy, Play(scenario, 7, replicates=2).state.strategy)


def test_a_random_graph_of_replacement_is_a_draw_of_its_own():
    scenario = declared("two_draws", "death_birth")
    drawn = [scenario.answers(seed, number) for seed, number in ((1, 0), (1, 1), (2, 0))]
    graphs = [tuple(rows) for a in drawn for rows in (a.indices.tolist(), a.replacement_indices.tolist())]
    assert len(set(graphs)) == 6
    again = scenario.answers(1, 0)
    assert again.replacement_indices.tolist() == drawn[0].replacement_indices.tolist()
    one = replace(scenario, {"network.replacement": "same"})
    assert one.answers(1, 0).indices.tolist() == drawn[0].indices.tolist()  # a second graph changes nobody's first
