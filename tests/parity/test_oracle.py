"""The oracle ring: kernels against naive Python, exact chains and averages of simulated encounters."""

import itertools

import numpy as np
import pytest

from coop_abm.core.dice import dice, open_stream, stream_base
from coop_abm.core.kernel import engine, kernel
from coop_abm.engine.events import FOLLOWED, process
from coop_abm.engine.mixed import weigh
from coop_abm.engine.nodes import renew
from coop_abm.engine.rounds import Play, run
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.knobs import replace as changed
from coop_abm.theory.chain import flip_probabilities, transition_matrix

from .reference import Events, Rounds, columns, table_of
from .worlds import CHAINED, RULES, UPDATES, begun, subsets, world

#: Knobs that are sums of powers of two, so that payoffs are exact in whatever order they are added up.
DYADIC = {
    "kin.relatedness": 0.5, "direct.continuation": 0.5, "game.benefit": 3.0, "game.cost": 1.0, "execution_error": 0.125,
    "players": [{"share": 0.25, "strategy": kind} for kind in ("reciprocator", "alld", "grim", "wsls")],
}  # fmt: skip

ROUND_WORLDS = {
    "nothing": ((), {}),
    "kin_direct_indirect": (RULES[:3], {}),
    "network": (("network",), {"network.graph": {"kind": "random_regular", "degree": 3}}),
    "all_five": (RULES, {}),
    "network_and_groups_of_three": (("network", "group"), {"group.size": 3, "network.graph": {"kind": "torus"}}),
    "kin_by_meeting": (("kin", "direct", "network"), {"kin.channel": "meeting"}),
    "all_partners": (RULES, {"partners": "all", "payoff": "accumulated"}),
    "all_partners_of_all": (RULES[:3], {"partners": "all"}),
    "accumulated": (RULES[:4], {"payoff": "accumulated"}),
    **{
        norm: (RULES, {"indirect.assessment": norm, "indirect.assessment_error": 0.1})
        for norm in ("image_scoring", "simple_standing", "stern_judging", "shunning")
    },
    "everybody_for_itself": (
        ("indirect", "direct"),
        {
            "indirect.assessment": {"kind": "leading_eight", "number": 1},
            "indirect.opinions": "private",
            "indirect.observation": 0.5,
            "indirect.perception_error": 0.25,
            "indirect.assessment_error": 0.1,
            "players.0.strategy": "or_discriminator",
            "slips": "help",
        },
    ),
    "mistaken_for_refusal": (("indirect",), {"indirect.assessment": "image_scoring", "indirect.perception_error": 0.3}),
    "given_places": (
        ("network",),
        {"players": [{"share": 1.0, "strategy": "alld"}, {"strategy": "allc", "nodes": [7, 2]}], "slips": "help"},
    ),
    "gossip_among_all": (("indirect",), {"indirect.assessment": "stern_judging", "partners": "all"}),
}
GROWING = {
    "groups_alone": (("group",), {}),
    "groups_and_the_rest": (("kin", "direct", "indirect", "group"), {}),
    "groups_with_names": (("indirect", "direct", "group"), {"indirect.assessment": "shunning"}),
    "groups_that_often_split": (("group",), {"group.split": 1.0, "group.size": 3}),
    "groups_of_one": (("group",), {"group.split": 0.5, "group.size": 1}),
}


def declared(on, update, changes, **more):
    return world(on, update, **DYADIC | changes | more)


def agree(scenario, replicate, rounds=5):
    """The first thing in which a block of replicates and the naive world differ; empty if none."""
    play, naive = Play(scenario, 3, replicates=replicate + 1), Rounds(scenario, 3, replicate)
    policy, state = TableReader(play.repertoire), play.state
    by_deeds = not play.answers.innate
    for t in range(rounds):
        run(play, policy, t + 1)
        naive.round()
        kernels = table_of(*(state.columns[c][replicate] for c in ("strategy", "group", "alive")))
        if kernels != columns(naive):
            return f"round {t}: {kernels} and {columns(naive)}"
        payoff = [naive.payoff[i] for i in range(scenario.size)]
        if state.payoff[replicate].tolist() != payoff:
            return f"round {t}, payoff: {state.payoff[replicate].tolist()} and {payoff}"
        names = {i: naive.standing[i] for i in kernels}
        if by_deeds and names != {i: int(state.standing[replicate, i]) for i in kernels}:
            return f"round {t}, standing: {state.standing[replicate].tolist()} and {names}"
    return ""


@pytest.mark.parametrize("name", ROUND_WORLDS)
def test_the_round_clock_is_the_naive_world(name):
    on, changes = ROUND_WORLDS[name]
    for update in UPDATES if "group" not in on else UPDATES[:-1]:
        assert not agree(declared(on, update, changes), replicate=1), update


@pytest.mark.parametrize("name", GROWING)
def test_groups_on_the_round_clock_are_the_naive_process_of_traulsen_and_nowak(name):
    on, changes = GROWING[name]
    for replicate in range(3):
        assert not agree(declared(on, "birth_death", changes), replicate)


# ------------------------------------------------------------------------------- the event clock


def table_after_each_event(scenario, replicate, events, keyed):
    """Who holds what in which group, event by event, from the stream of an ensemble's replicate."""
    ready, size = process(scenario, 3, keyed=keyed), scenario.size
    assert ready.keyed <= keyed
    stream, changing = begun(ready, scenario, [np.uint64(x) for x in open_stream(stream_base(3), replicate)])
    group, alive, tables = np.arange(size) // ready.world.group_size, np.ones(size, int), ready.world.keys
    if ready.kind == "groups":
        _strategy, group, alive, *_rest = changing
    for _ in range(events):
        stream = [np.uint64(x) for x in ready.advance(ready.world, *changing, 1, *stream)[-4:]]
        strategy, payoff = changing[0], changing[-2]
        if ready.keyed:
            strategy, payoff = tables.holds[changing[0]], tables.payoff[changing[0]]
        yield table_of(strategy, group, alive), dict(enumerate(payoff))


EVENT_WORLDS = {
    "network": (("network",), {}),
    "all_five": (RULES, {}),
    "five_without_groups": (RULES[:4], {"payoff": "accumulated"}),
    "network_and_groups": (("network", "group"), {"group.size": 6, "group.split": 0.25}),
}


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("name", EVENT_WORLDS)
def test_the_event_clock_on_a_graph_is_the_naive_world(name, update):
    on, changes = EVENT_WORLDS[name]
    if update == "wright_fisher":
        on = tuple(rule for rule in on if rule != "group")
    for keyed in (True, False):
        follow(declared(on, update, changes, clock="event"), keyed=keyed)


@pytest.mark.parametrize("name", [name for name in GROWING if name != "groups_with_names"])
def test_groups_on_the_event_clock_are_the_naive_process_of_traulsen_and_nowak(name):
    on, changes = GROWING[name]
    follow(declared(on, "birth_death", changes, clock="event"))


def follow(scenario, events=60, keyed=True):
    for replicate in (0, 4):
        naive = Events(scenario, 3, replicate)
        for table, payoff in table_after_each_event(scenario, replicate, events, keyed):
            if naive.winner >= 0:
                break
            naive.event()
            assert table == columns(naive), f"after event {naive.events}"
            expected, _ = naive.expected()
            assert expected == pytest.approx({i: payoff[i] for i in expected}, rel=1e-12)
        assert naive.events > 3  # the best takes over a small graph in a few events


@pytest.mark.parametrize(
    ("on", "update"),
    [
        (("network",), "death_birth"),
        (RULES, "imitation"),
        (("kin", "network"), "birth_death"),
        (("direct", "network"), "wright_fisher"),
    ],
)
def test_an_ensemble_ends_as_the_naive_worlds_do(on, update):
    scenario = declared(on, update, {"clock": "event"})  # four strategies: one may go while others are left
    ready, limit, runs = process(scenario, 3), 300, 8
    written = [np.zeros(runs, np.int64), np.zeros(runs, np.int64)] + [np.zeros(runs)] * (ready.kind in FOLLOWED)
    ready.ensemble(ready.world, stream_base(3), 0, scenario.starting_counts(), limit, *written)
    naive = [Events(scenario, 3, k).run(limit) for k in range(runs)]
    assert written[0].tolist() == [w.winner for w in naive]
    assert written[1].tolist() == [w.events for w in naive]
    assert -1 < max(written[0])


# ------------------------------------------------------------------------------- one event, exactly

FINE = 4000  # midpoints of the draw whose threshold is not a fraction; each threshold errs by 1 / 8000 at most

swap = weigh  # rebound below


@kernel
def count_outcomes(grid, size, multiplicity, indptr, indices, weight, key, fitness, payoff, intensity, outcome):
    """How often each site is replaced from each other one, over a grid of midpoints of the three draws."""
    for a in range(grid[0]):
        for b in range(grid[1]):
            for c in range(grid[2]):
                dead, parent = swap(
                    (a + 0.5) / grid[0], (b + 0.5) / grid[1], (c + 0.5) / grid[2],
                    size, multiplicity, indptr, indices, weight, key, fitness, payoff, intensity,
                )  # fmt: skip
                outcome[dead, parent] += 1


def replacements(update, parts, sites, *rest):
    """float (sites, sites): probability that a site is replaced from another, nearly exactly.

    parts : individuals to choose from, and what the steps between neighbours are multiples of
    """
    heads, steps = parts
    grid = {
        "birth_death": (FINE, 1, steps),
        "death_birth": (heads, FINE, 1),
        "imitation": (heads, FINE, 1),
        "pairwise_comparison": (heads, steps, FINE),
    }[update.kind]
    outcome = np.zeros((sites, sites))
    with engine("compiled"):  # millions of calls; plain equals compiled is held elsewhere
        count_outcomes.using(swap=update.replace)(np.array(grid), sites, *rest, update.intensity, outcome)
    return outcome / outcome.sum()


WEIGHTED = [(0, 1, 1.0), (1, 2, 2.0), (2, 3, 1.0), (0, 3, 1.0), (0, 4, 1.0), (2, 4, 3.0)]  # strengths 3, 3, 6, 2, 4


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", CHAINED)
def test_one_event_on_a_weighted_graph_is_the_exact_chain(update, payoff):
    graph = {"kind": "edges", "size": 5, "edges": WEIGHTED}
    players = [{"share": 0.4, "strategy": "allc"}, {"share": 0.6, "strategy": "alld"}]
    scenario = changed(
        world(("network",), update, size=5, players=players, payoff=payoff, clock="event", **{"network.graph": graph}),
        {"update.intensity": 0.4},
    )
    sites = process(scenario).world
    dense = np.zeros((5, 5))
    for i, j, w in WEIGHTED:
        dense[i, j] = dense[j, i] = w
    exact = flip_probabilities(dense, sites.matrix, update=update, intensity=0.4, payoff=payoff)
    for state in range(1, 31):
        strategy = np.array([0 if state >> i & 1 else 1 for i in range(5)])
        helping, earned, fitness = np.zeros(5), np.zeros(5), np.zeros(5)
        for i in range(5):
            renew(i, strategy, *sites[:8], helping, earned, fitness)
        rest = (np.empty(0), sites.indptr, sites.indices, sites.weight, np.arange(5), fitness, earned)
        moved = replacements(scenario.update, (5, 12), 5, *rest)
        flips = [(moved[i] * (strategy != strategy[i])).sum() for i in range(5)]
        assert flips == pytest.approx(exact[state], abs=4e-4)


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", CHAINED)
def test_one_event_of_a_mixed_population_is_the_exact_chain_of_individuals(update, payoff):
    size = 6
    players = [{"share": 0.5, "strategy": "allc"}, {"share": 0.5, "strategy": "alld"}]
    scenario = changed(
        world((), update, size=size, players=players, payoff=payoff, clock="event"), {"update.intensity": 0.4}
    )
    sites = process(scenario).world
    everybody = np.ones((size, size)) - np.eye(size)
    chain = transition_matrix(everybody, sites.matrix, update=update, intensity=0.4, payoff=payoff).toarray()
    helpers = np.array([state.bit_count() for state in range(1 << size)])
    for count in range(1, size):
        heads, scratch = np.array([count, size - count]), [np.zeros(n) for n in (2, 4, 2, 2)]
        multiplicity, weight, earned, fitness = scratch
        weigh(heads, sites, np.arange(2), multiplicity, weight, earned, fitness)
        rest = (multiplicity, np.array([0, 2, 4]), np.array([0, 1, 0, 1]), weight, np.arange(2), fitness, earned)
        moved = replacements(scenario.update, (size, size - 1), 2, *rest)
        state = int(np.flatnonzero(helpers == count)[0])
        assert moved[1, 0] == pytest.approx(chain[state, helpers == count + 1].sum(), abs=4e-4)
        assert moved[0, 1] == pytest.approx(chain[state, helpers == count - 1].sum(), abs=4e-4)


# ------------------------------------------------------------------------------- the payoff matrix

PAIRS = list(itertools.combinations_with_replacement(("reciprocator", "alld", "tft", "grim", "wsls"), 2))
REPLICATES = 4000


@pytest.fixture(scope="module")
def block():
    return dice(17, REPLICATES)


@pytest.fixture
def throws(block):
    """One block of dice for all pairs, because making them takes longer than playing; compiled, for speed."""
    with engine("compiled"):
        yield block


def two_of(s, t, on, **changes):
    players = [{"share": 1.0, "strategy": s}] if s == t else [{"share": 0.5, "strategy": x} for x in (s, t)]
    knobs = {"size": 2, "players": players, "kin.relatedness": 0.4, "direct.continuation": 0.6, "execution_error": 0.1}
    return world(on, "death_birth", **knobs | changes)


@pytest.mark.parametrize("on", subsets(RULES[:3]))
def test_the_payoff_matrix_is_the_average_of_simulated_encounters(on, throws):
    far = {}
    for s, t in PAIRS:
        play = Play(two_of(s, t, on), replicates=REPLICATES, chance=throws)
        matrix, strategy = play.scenario.matrix(play.answers), play.state.strategy.copy()
        run(play, TableReader(play.repertoire), 1)
        for mine in range(len(matrix)):
            seen = play.state.payoff[strategy == mine] if s != t else play.state.payoff.mean(axis=1)
            expected = matrix[mine, len(matrix) - 1 - mine]
            error = seen.std(ddof=1) / len(seen) ** 0.5
            if abs(seen.mean() - expected) > 4.5 * error + 1e-9:
                far[s, t, mine] = (seen.mean(), expected, error)
    assert not far


@pytest.mark.parametrize("on", [("kin",), ("kin", "direct"), ("kin", "indirect"), ("kin", "direct", "indirect")])
def test_the_payoff_matrix_with_kin_by_meeting_is_the_average_of_simulated_encounters(on, throws):
    """Everybody is paid for the one encounter it sought, with a copy or not."""
    far = {}
    for s, t in PAIRS:
        scenario = two_of(s, t, on, **{"kin.channel": "meeting"})
        play = Play(scenario, replicates=REPLICATES, chance=throws)
        matrix, strategy = scenario.matrix(play.answers), play.state.strategy.copy()
        run(play, TableReader(play.repertoire), 1)
        for mine in range(len(matrix)):
            earned = play.state.payoff[strategy == mine]
            expected = matrix[mine, len(matrix) - 1 - mine]
            error = earned.std(ddof=1) / len(earned) ** 0.5
            if abs(earned.mean() - expected) > 4.5 * error + 1e-9:
                far[s, t, mine] = (earned.mean(), expected, error)
    assert not far
