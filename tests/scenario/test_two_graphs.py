"""A second graph, for replacement: declared once, refused where it means nothing, and what theory says of it."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import coop_abm
from coop_abm.core.errors import GraphError, ScenarioError
from coop_abm.scenario.bibliography import entry
from coop_abm.scenario.card import card
from coop_abm.scenario.citation import cited
from coop_abm.scenario.expectation import expectation, verdict
from coop_abm.scenario.files import dumps, load, on_graph
from coop_abm.scenario.knobs import digest, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.structures import Edges
from coop_abm.theory import birth_death, chain, coalescence, thresholds

ON_TWO = {
    "network.graph": {"kind": "torus", "neighbours": 8},
    "network.replacement": {"kind": "torus", "neighbours": 4},
}
#: Ten individuals: whom one meets, among whom one is replaced.
MEET = nx.lollipop_graph(5, 5)
REPLACE = nx.petersen_graph()


def two(**changes):
    """The library's network, met with eight neighbours and replaced by four of them."""
    return replace(named("network"), ON_TWO | {name.replace("__", "."): x for name, x in changes.items()})


def small(game=MEET, replacement=REPLACE, **changes):
    world = on_graph(named("network"), game)
    return replace(world, {"network.replacement": Edges.of(replacement)} | changes)


def plain(graph):
    return nx.to_numpy_array(graph, nodelist=range(len(graph)), weight=None)


# ------------------------------------------------------------------------------------ declared once


@pytest.mark.parametrize("name", NAMED)
def test_a_world_of_one_graph_has_the_digest_that_it_had(name):
    """What is hashed does not know of the second graph, so nothing that was stored under it is lost."""
    world = named(name)
    assert not world.network.two_graphs
    assert digest(replace(world, {"network.replacement": "same"})) == digest(world)


def test_the_digest_of_the_library_s_network_is_the_one_of_before():
    assert digest(named("network")) == "1ba6ae5f721d714f7bf8a061386573bff85eb6a2fbcc34cc00656e0bced2829f"


def test_a_second_graph_counts_in_the_digest_and_its_names_do_not():
    assert len({digest(two()), digest(named("network")), digest(two(network__replacement="ring"))}) == 3
    called = nx.relabel_nodes(REPLACE, {i: f"person {i}" for i in range(10)})
    assert digest(small(replacement=called)) == digest(small())
    assert digest(small(replacement=nx.cycle_graph(10))) != digest(small())
    off = two(network__enabled=False)
    assert digest(off) == digest(replace(named("network"), {"network.enabled": False}))


def test_it_is_saved_and_read_again(tmp_path):
    (tmp_path / "world.toml").write_text(dumps(two()), encoding="utf-8")
    assert load(tmp_path / "world.toml") == two()
    (tmp_path / "short.toml").write_text(
        'size = 100\n[network]\nenabled = true\ngraph = "torus"\nreplacement = "ring"\n', encoding="utf-8"
    )
    assert load(tmp_path / "short.toml").network.replacement.kind == "ring"


def test_a_graph_of_replacement_may_lie_in_a_file_beside_the_scenario(tmp_path):
    (tmp_path / "mine.csv").write_text("a,b\nb,c\nc,d\nd,a\n")
    text = (
        '[network]\nenabled = true\ngraph = {kind = "ring", degree = 2}\nreplacement = {kind = "file", path = "%s"}\n'
    )
    (tmp_path / "world.toml").write_text(text % "mine.csv")
    world = load(tmp_path / "world.toml")
    assert world.size == 4 and world.network.replacement.labels == ("a", "b", "c", "d")
    (tmp_path / "world.toml").write_text(text % "../mine.csv")
    with pytest.raises(ScenarioError, match=r"network\.replacement\.path must lie in the folder"):
        load(tmp_path / "world.toml")


def test_flat_names_set_it():
    run = coop_abm.run("network", network__replacement="ring", network__replacement__degree=6, steps=3, seed=1)
    assert run.scenario.network.replacement.degree == 6


REFUSED = [
    ({"group.enabled": True, "group.size": 10}, "network.replacement: must be same where groups say who replaces whom"),
    ({"network.graph": "complete"}, "network.graph: must not be complete where network.replacement is a graph of its"),
    ({"network.replacement": "complete"}, "network.replacement: must be same or a graph other than complete"),
    ({"update": "wright_fisher"}, "network.replacement: must be same under wright_fisher"),
    (
        {"update": "proportional_imitation", "payoff": "accumulated"},
        "network.replacement: must be same under proportional_imitation of sums",
    ),
    ({"network.replacement": "nobody"}, "network.replacement.kind must be one of same, barabasi_albert"),
    ({"network.replacement.steps": 3}, "network.replacement.steps: no such knob"),
    ({"network.replacement": {"kind": "random_regular", "degree": 100}}, "network.replacement.degree: must be below"),
    (
        {"network.replacement": Edges.of(nx.cycle_graph(7))},
        "network.replacement: this graph has 7 nodes, so 7 individuals are needed; got 100",
    ),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED)
def test_what_makes_no_sense_on_two_graphs_is_refused_in_one_line(changes, words):
    with pytest.raises((ScenarioError, GraphError)) as refusal:
        replace(two(), changes)
    assert str(refusal.value).startswith(words) and "\n" not in str(refusal.value)


def test_proportional_imitation_of_means_knows_two_graphs():
    assert replace(two(), {"update": "proportional_imitation"}).network.two_graphs


def test_a_graph_that_is_not_drawn_connected_names_its_knob():
    world = two(network__replacement={"kind": "random_geometric", "radius": 0.06}, size=400)
    with pytest.raises(GraphError, match=r"^network\.replacement\."):
        world.answers()


def test_the_card_and_the_citation_speak_of_it_only_where_it_is():
    page = card(two())
    assert "replaced among 4 neighbours on average, of whom 4 are both" in page
    for key in ("OhtsukiPachecoNowak2007", "OhtsukiNowakPacheco2007"):
        assert key in cited(two()) and key not in cited(named("network"))
        assert "symmetry between interaction and replacement" in entry(key).text
    assert "of whom" not in card(named("network"))


# ------------------------------------------------------------------------------------ what theory says


@pytest.mark.parametrize("payoff", ["averaged", "accumulated"])
@pytest.mark.parametrize("update", chain.UPDATES)
def test_the_expectation_is_the_exact_one_of_the_chain_of_all_states(update, payoff):
    """In the donation game, to first order in selection: rho_A = rho_B."""
    how = {"update": update, "payoff": payoff, "replacement": plain(REPLACE)}
    loss, gain = (chain.fixation_derivative(plain(MEET), M, **how) for M in ([[-1, -1], [0, 0]], [[1, 0], [1, 0]]))
    exact = -(loss.cooperators - loss.defectors) / (gain.cooperators - gain.defectors)
    found = expectation(small(update=update, payoff=payoff))
    assert found.value == pytest.approx(exact, rel=1e-7)
    assert found.status == "first order" and "graph of replacement" in found.reason
    assert "OhtsukiPachecoNowak2007" in found.references


def test_other_rules_compose_with_two_graphs():
    """Direct reciprocity on two graphs: the crossing of the exact chain at a very weak intensity."""
    world = small(**{"direct.enabled": True, "direct.continuation": 0.5, "update.intensity": 1e-4})
    crossed = chain.critical(
        plain(MEET), lambda b: replace(world, {"game.benefit": b}).matrix(world.answers()), update="death_birth",
        intensity=1e-4, replacement=plain(REPLACE),
    )  # fmt: skip
    assert expectation(world).value == pytest.approx(crossed, rel=1e-3)


def test_the_crossing_at_this_intensity_is_the_exact_one():
    rings = nx.circulant_graph(10, [1, 2]), nx.cycle_graph(10)
    world = small(*rings, **{"update.intensity": 0.05})
    assert expectation(world).value == pytest.approx(thresholds.death_birth_on_two(4, 2, 2, 10))
    crossed = chain.critical(
        plain(rings[0]), lambda b: [[b - 1, -1], [b, 0]], update="death_birth", intensity=0.05,
        replacement=plain(rings[1]),
    )  # fmt: skip
    assert f"the exact crossing is {crossed:.6g}" in expectation(world).limits[-1]
    assert "by how much is not known for two graphs" in expectation(two()).limits[-1]


@pytest.mark.parametrize(("update", "limit"), [("death_birth", 8.0), ("imitation", 12.0), ("birth_death", np.inf)])
def test_the_rule_of_ohtsuki_pacheco_and_nowak_is_shown_beside_it(update, limit):
    """h g / l with h = 8, g = l = 4."""
    found = expectation(two(update=update))
    assert found.limit == limit
    assert found.kind == ("threshold" if limit < np.inf else "spite")
    assert "says cooperation is not favoured" in verdict(two(), expectation(two()))


@pytest.mark.parametrize("update", ["death_birth", "imitation"])
def test_large_regular_graphs_have_a_closed_form_where_it_is_exact(update):
    world = two(size=529, update=update)
    answers = world.answers()
    found = expectation(world)
    assert found.reason == "closed form for two regular graphs"
    dense = [np.zeros((529, 529)) for _ in range(2)]
    for matrix, rows in zip(dense, (answers, answers.replacing()), strict=True):
        matrix[np.repeat(np.arange(529), np.diff(rows.indptr)), rows.indices] = 1
    walked = coalescence.critical_ratio(dense[0], update=update, replacement=dense[1])
    assert found.value == pytest.approx(walked, rel=1e-7)
    drawn = replace(world, {"network.replacement": {"kind": "random_regular", "degree": 4}})
    assert "random walks" in expectation(drawn).reason  # whose walks do not commute


def test_where_replacement_is_even_the_ratio_of_a_mixed_population_stays():
    for update in ("birth_death", "pairwise_comparison"):
        assert expectation(two(update=update)).value == pytest.approx(thresholds.birth_death(100)) == -99
    uneven = small(replacement=nx.star_graph(9), update="birth_death")
    assert expectation(uneven).value == pytest.approx(
        birth_death.critical_ratio(plain(MEET), replacement=plain(nx.star_graph(9)))
    )


def test_graphs_that_share_no_edge_never_help():
    apart = small(nx.circulant_graph(11, [2]), nx.circulant_graph(11, [1]))
    found = expectation(apart)
    assert found.limit == np.inf and found.value < 0 and "no benefit is large enough" in verdict(apart, found)


def test_theory_is_silent_about_what_takes_too_long_and_says_what_to_ask():
    wide = two(size=2500, network__replacement={"kind": "watts_strogatz"})
    found = expectation(wide)
    assert found.kind == "silent" and 'method="exact"' in found.reason and "pair of graphs" in found.reason
    assert "one replacement at a time" in expectation(two(clock="round")).reason


def test_other_ways_to_the_ratio_know_two_graphs_or_say_that_they_do_not():
    world = small()
    exact = coop_abm.critical_ratio(world).value
    walked = coop_abm.critical_ratio(world, method="walks", precision=0.02, rng=1)
    assert abs(walked.value - exact) < 4 * walked.error
    with pytest.raises(ScenarioError, match=r"network\.replacement: must be same"):
        coop_abm.advise(world)
