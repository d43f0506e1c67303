"""A row of a block is the single world of its seed and replicate, bit for bit, on both clocks."""

from __future__ import annotations

import pytest

from coop_abm import lab
from coop_abm.core.errors import CoopError, InputError
from coop_abm.core.kernel import engine
from coop_abm.engine import blocks
from coop_abm.engine.blocks import Block, may_share
from coop_abm.engine.history import look
from coop_abm.engine.measures import MEASURES
from coop_abm.scenario.minds import Scripted
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import AllD
from tests.parity.worlds import RULES, UPDATES, refused, subsets, world

SOURCES = [(7, 0), (7, 3), (2**62 + 1, 1)]
STEPS = 4
RANDOM = {"network.graph": {"kind": "random_regular", "degree": 4}}
FAMILIES = {"kin.channel": "descent", "kin.family": 3, "kin.founders": 2}


def alone(scenario, source, steps=STEPS, measures=tuple(MEASURES), graph=None):
    """Every row of the single world."""
    going = lab.start(scenario, source[0], replicate=source[1], graph=graph)
    rows = []
    for step in range(steps + 1):
        rows.append(look(going, scenario.repertoire().names, measures))
        if step < steps:
            going.step()
    return rows


def together(scenario, sources, steps=STEPS, period=1, measures=None, graph=None):
    """The rows of each world of a block."""
    moments = list(Block(scenario, sources, graph=graph).series(steps, period, measures))
    return [[{name: column[row] for name, column in now.items()} for _, now in moments] for row in range(len(sources))]


def same(one, other):
    """Bit for bit; NaN is NaN."""
    return [list(row) for row in one] == [list(row) for row in other] and all(
        float(a[name]).hex() == float(b[name]).hex() for a, b in zip(one, other, strict=True) for name in a
    )


def parted(scenario, **options):
    rows = together(scenario, SOURCES, **options)
    return [source for source, own in zip(SOURCES, rows, strict=True) if not same(own, alone(scenario, source))]


@pytest.mark.parametrize("clock", ["round", "event"])
def test_every_subset_of_the_rules_gives_the_single_worlds(clock):
    assert not {on: found for on in subsets() if (found := parted(world(on, clock=clock)))}


@pytest.mark.parametrize("clock", ["round", "event"])
def test_every_update_rule_gives_the_single_worlds(clock):
    for update in UPDATES:
        for on in ((), ("kin", "network"), RULES):
            if not refused(on, update, "torus"):
                with engine("plain"):  # both engines are one model; to compile every rule would take a minute
                    assert not parted(world(on, update, "torus", clock=clock)), (update, on)


@pytest.mark.parametrize(
    ("on", "changes"),
    [
        (("indirect",), {"indirect.assessment": "stern_judging", "indirect.assessment_error": 0.2}),
        (RULES, {"indirect.assessment": {"kind": "leading_eight", "number": 2}, "indirect.opinions": "private"}),
        (("network",), {"partners": "all", "payoff": "accumulated"}),
        (("direct",), {"players": [{"share": 1.0, "strategy": "alld"}, {"strategy": "tft", "nodes": [3, 5]}]}),
        (("direct",), {"partners": "all", "execution_error": 0.1}),
    ],
)
def test_richer_worlds_of_the_round_clock_give_the_single_worlds(on, changes):
    assert not parted(world(on, **changes))


@pytest.mark.parametrize("pedigree", ["founders", "full_sibs", "half_sibs", "cousins"])
def test_families_give_the_single_worlds(pedigree):
    scenario = world(("kin",), "wright_fisher", clock="event", **FAMILIES, **{"kin.pedigree": pedigree})
    assert not parted(scenario)
    if pedigree == "founders":
        assert not parted(world(("kin", "direct"), "wright_fisher", **FAMILIES))


def test_weighted_edges_and_places_give_the_single_worlds_on_the_event_clock():
    ends = [(i, (i + s) % 12, 0.5 + 0.37 * i + 0.11 * s) for i in range(12) for s in (1, 3)]
    graph = {"kind": "edges", "size": 12, "edges": ends}
    players = [{"share": 1.0, "strategy": "alld"}, {"strategy": "reciprocator", "nodes": [0, 1, 2, 3]}]
    assert not parted(world(("network",), clock="event", players=players, **{"network.graph": graph}))


def test_a_board_of_cells_gives_the_single_worlds():
    changes = {"partners": "all", "size": 36, "network.graph": {"kind": "torus", "neighbours": 8}}
    assert not parted(world(("network",), "imitate_the_best", **changes))


@pytest.mark.parametrize("clock", ["round", "event"])
@pytest.mark.parametrize("measures", [(), ("cooperators", "individuals"), ("assortment",)])
def test_chosen_measures_are_those_of_all(clock, measures):
    scenario = world(("direct", "network"), clock=clock)
    rows = together(scenario, SOURCES, measures=measures)
    for own, every in zip(rows, together(scenario, SOURCES), strict=True):
        assert same(own, [{name: row[name] for name in own[0]} for row in every])
    assert list(rows[0][0]) == [*measures, "share_reciprocator", "share_alld", "share_gtft"]


@pytest.mark.parametrize("clock", ["round", "event"])
def test_nothing_depends_on_how_many_stand_beside(clock, monkeypatch):
    scenario, sources = world(RULES, clock=clock), [(7, r) for r in range(5)]
    whole = together(scenario, sources)
    monkeypatch.setattr(blocks, "TOGETHER", 50)  # so that moments are measured a few at a time
    monkeypatch.setattr(blocks, "STRETCH", 30)
    parts = [*together(scenario, sources[:1]), *together(scenario, sources[1:])]
    assert all(same(one, other) for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize("clock", ["round", "event"])
@pytest.mark.parametrize(("period", "kept"), [(-1, [7]), (1, range(8)), (3, [0, 3, 6]), (9, [0])])
def test_rows_are_kept_as_often_as_they_are_asked_for(clock, period, kept):
    scenario = world(("direct",), clock=clock)
    every, some = together(scenario, SOURCES[:1], 7)[0], together(scenario, SOURCES[:1], 7, period)[0]
    assert same(some, [every[step] for step in kept])


# ------------------------------------------------------------------------------- graphs that are drawn


@pytest.mark.parametrize("clock", ["round", "event"])
def test_replicates_may_live_on_one_random_graph_or_each_on_its_own(clock):
    scenario = world(("network",), clock=clock, **RANDOM)
    shared = together(scenario, SOURCES[:2], graph=(7, 0))
    assert all(same(shared[r], alone(scenario, SOURCES[r], graph=0)) for r in range(2))
    first = Block(scenario, SOURCES[:1])
    for source in SOURCES:
        own = [{k: v[0] for k, v in now.items()} for _, now in Block(scenario, [source], like=first).series(STEPS)]
        assert same(own, alone(scenario, source))


def test_random_graphs_have_numbers_and_number_0_is_that_of_the_seed():
    scenario = world(("network",), **RANDOM)
    of = [scenario.answers(7, number).indices.tolist() for number in range(3)]
    assert of[0] == scenario.answers(7).indices.tolist()
    assert of[0] != of[1] != of[2] != of[0]


def test_what_cannot_be_rows_of_a_block_is_refused():
    scripted = Scenario(size=10, players=(Players(share=1, strategy=AllD(), policy=Scripted(moves="C")),))
    drawn = world(("network",), **RANDOM)
    assert not may_share(scripted, one_graph=True)
    assert not may_share(drawn)
    assert may_share(drawn, one_graph=True)
    assert may_share(world(("network",)))
    for scenario in (scripted, drawn):
        with pytest.raises(CoopError, match="tables decide"):
            Block(scenario, SOURCES)


def test_a_measure_that_is_not_there_is_refused():
    with pytest.raises(InputError, match=r"^measures: must be among .* got 'happiness'"):
        Block(world(), SOURCES).observe(["happiness"])
