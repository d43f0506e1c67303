"""The page that a scenario writes about itself: what is on it, that it is true, and that no stranger writes on it."""

from __future__ import annotations

import re
import shlex

import networkx
import pytest
from markdown_it import MarkdownIt

import coop_abm
from coop_abm import lab
from coop_abm.cli_knobs import changes as knobs_of_words
from coop_abm.core.errors import GraphError
from coop_abm.games import PrisonersDilemma
from coop_abm.mechanisms import RULES, Network
from coop_abm.scenario import Scenario
from coop_abm.scenario.card import NEUTRAL, card, escaped
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.citation import cited
from coop_abm.scenario.expectation import expectation, verdict
from coop_abm.scenario.files import load, on_graph
from coop_abm.scenario.knobs import digest, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.structures import KINDS, Edges, RandomGeometric, Star

EVERY = pytest.mark.parametrize("name", NAMED)
RENDERER = MarkdownIt("commonmark").enable("table")


def section(page, title):
    """The text below a heading."""
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].split("\nWritten by coop_abm", 1)[0]


def rows(text):
    """The rows of a table as people see them, the heading left out."""
    rendered = re.findall(r"<tr>(.*?)</tr>", RENDERER.render(text), flags=re.DOTALL)
    return [re.findall(r"<td.*?>(.*?)</td>", row, flags=re.DOTALL) for row in rendered[1:]]


@EVERY
def test_it_has_a_section_for_everything(name):
    titles = re.findall(r"^## (.*)$", card(named(name)), flags=re.MULTILINE)
    assert titles == [
        "The five questions", "The game", "Who replaces whom", "Who is in the population", "The clock",
        "What theory says", "How to run it", "Every knob", "References",
    ]  # fmt: skip


@EVERY
def test_its_theory_is_that_of_the_expectation(name):
    expected, told = expectation(named(name)), section(card(named(name)), "What theory says")
    assert verdict(named(name), expected) in told
    if expected.kind != "silent":
        assert f"{expected.value:.6f}" in told and expected.reason in told
    if expected.limit == expected.limit:
        assert f"{expected.limit:.6g}" in told


def test_numbers_of_the_network_are_those_of_theory():
    page = card(named("network"))
    assert "4.260870" in page and "| the textbook's limit | 4 |" in page


@EVERY
def test_every_question_is_answered_once_and_says_whether_the_rule_is_on(name):
    world = named(name)
    answered = rows(section(card(world), "The five questions"))
    assert [row[0] for row in answered] == [RULES[rule].question for rule in NEUTRAL]
    for rule, row in zip(NEUTRAL, answered, strict=True):
        assert row[2].endswith("(off)") != world.mechanisms[rule].enabled


def test_the_questions_are_those_of_the_five_rules():
    assert set(NEUTRAL) == set(RULES)


@EVERY
def test_every_knob_stands_in_the_table(name):
    told = rows(section(card(named(name)), "Every knob"))
    assert [row[0] for row in told] == [f"<code>{knob.path}</code>" for knob in knobs(named(name))]
    assert all(len(row) == 4 and row[2] and row[3] for row in told)


def test_what_is_permitted_is_said_in_words():
    told = {
        row[0]: row[2]
        for row in rows(section(card(replace(named("network"), {"network.graph": "ring"})), "Every knob"))
    }
    assert told["<code>kin.relatedness</code>"] == "0 to 1"
    assert told["<code>network.graph.degree</code>"] == "at least 2"
    assert told["<code>kin.enabled</code>"] == "<code>true</code>, <code>false</code>"
    assert told["<code>clock</code>"] == "<code>round</code>, <code>event</code>"
    assert told["<code>name</code>"] == "text"


def test_payoffs_are_those_of_the_game():
    page = card(Scenario(game=PrisonersDilemma()))
    assert rows(section(page, "The game")) == [
        ["<strong>cooperate</strong>", "3", "0"], ["<strong>defect</strong>", "5", "1"],
    ]  # fmt: skip


@EVERY
def test_players_are_counted(name):
    counts = [int(row[2].replace(",", "")) for row in rows(section(card(named(name)), "Who is in the population"))]
    assert sum(counts) == named(name).size


def test_players_who_start_on_nodes_are_told_where():
    told = [row[1:4] for row in rows(section(card(named("kaleidoscope")), "Who is in the population"))]
    assert told == [["0.9999", "9,800", "anywhere"], ["0.000102", "1", "node 4900"]]


@EVERY
def test_references_are_exactly_those_that_are_cited(name):
    told = re.findall(r"^- (\w+): ", section(card(named(name)), "References"), flags=re.MULTILINE)
    assert tuple(told) == cited(named(name))


def test_a_reference_reads_as_in_a_paper():
    assert (
        "- NowakMay1992: Nowak, M. A. & May, R. M. (1992). Evolutionary games and spatial chaos. *Nature* 359, 826–829."
        " <https://doi.org/10.1038/359826a0>"
    ) in card(named("network"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not Edges], ids=lambda kind: kind.__name__)
def test_every_kind_of_graph_has_a_page(kind):
    if kind.__name__ == "Superstar":  # directed, which asks for births first and constant fitness
        changes = {"network.graph": "superstar", "size": 13, "update": "birth_death", "game.benefit": 0.0}
        world = replace(named("network"), changes)
    else:
        world = Scenario(clock="event", size=12, update="death_birth", network=Network(enabled=True, graph=kind()))
    page = card(world, seed=3)
    assert f"graph = `{kind().kind}`" in page
    assert "neighbours on average" in section(page, "The five questions")
    assert set(kind.references) <= set(cited(world, seed=3))


def test_a_star_has_no_threshold_and_its_page_says_so():
    world = Scenario(clock="event", size=10, update="death_birth", network=Network(enabled=True, graph=Star()))
    assert "infinite: no benefit is large enough" in section(card(world), "What theory says")


def test_a_graph_that_cannot_be_drawn_is_refused():
    world = Scenario(size=100, network=Network(enabled=True, graph=RandomGeometric(radius=0.12)))
    with pytest.raises(GraphError, match=r"network\.graph\.radius: no connected graph in 100 draws"):
        card(world)


# -------------------------------------------------------------------------------------- how to run it


CHANGES = {
    "nothing": {},
    "a number": {"game.benefit": 7.5},
    "a rule": {"kin.enabled": True, "kin.relatedness": 0.25},
    "a kind": {"network.graph": "ring", "network.graph.degree": 6, "update": "imitation"},
    "a strategy": {"players.1.strategy": "wsls", "players.0.share": 0.25, "players.1.share": 0.75},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=list(CHANGES))
def test_the_command_and_the_python_on_the_page_make_this_very_world(changes):
    world = replace(named("network"), changes)
    told = section(card(world, seed=5), "How to run it")
    command = shlex.split(re.search(r"^coop-abm run (.*)$", told, flags=re.MULTILINE)[1])
    assert command[:3] == ["network", "--seed", "5"]
    assert lab.world("network", **knobs_of_words(command[3:])) == world
    call = re.search(r"coop_abm\.run\((.*)\)$", told, flags=re.MULTILINE)[1]
    asked = eval(f"dict(scenario={call})")
    assert asked.pop("seed") == 5
    assert lab.world(**asked) == world


def test_a_world_of_ones_own_brings_its_file(tmp_path):
    world = Scenario(name="mine", description='ends a fence: ``` and a string: """', size=30)
    told = section(card(world), "How to run it")
    fence, text = re.search(r"^(`{3,})toml\n(.*?)\n\1$", told, flags=re.MULTILINE | re.DOTALL).groups()
    assert len(fence) == 4
    (tmp_path / "world.toml").write_text(text)
    assert load(tmp_path / "world.toml") == world


def test_a_graph_of_ones_own_is_shown_where_it_is_short_and_not_where_it_is_long():
    page = card(on_graph(named("network"), networkx.path_graph(9)))
    assert "```toml\n" in page and "edges = [" in page
    page = card(on_graph(Scenario(), networkx.cycle_graph(2_000)))
    assert "edges = [" not in page and "too long for this page" in page


# --------------------------------------------------------------------------------- a stranger's text


STRANGE = [
    "a | b | c", "`code`", "``", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://[::1]/x.png)", "*bold* _it_ ~~no~~", "two\n\n# lines\n\n- and more", "\\", "\\|", "a\\", "&lt;b&gt;",
    "&#60;b&#62;", "<!-- ", "]]>",
    "$x$", "x" * 2_500, "\x1b[2J", "\u202eevil", "<http://[::1]/>", "```", "---", "{{ 7 }}",
]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_a_strangers_name_and_description_are_text_and_nothing_else(text):
    plain = card(Scenario(name="N", description="D", size=10))
    page = card(Scenario(name=text, description=text, size=10)).split("\n## How to run it", 1)[0]
    shown, usual = RENDERER.render(page), RENDERER.render(plain.split("\n## How to run it", 1)[0])
    assert all(line.isprintable() for line in page.splitlines())
    assert re.findall(r"<[^>]*>", shown) == re.findall(r"<[^>]*>", usual)  # the same elements in the same order


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
def test_a_strangers_text_ends_no_cell_and_no_fence(text):
    page = card(Scenario(name=text, description=text, size=10))
    names = [row[0] for row in rows(section(page, "Every knob"))]
    assert names == [f"<code>{knob.path}</code>" for knob in knobs(Scenario())]
    blocks = [token.info for token in RENDERER.parse(page) if token.type == "fence"]
    assert blocks == ["toml", "sh", "python"]


def test_a_text_is_escaped_as_little_as_serves():
    assert escaped('Hamilton\'s rule: r > c/b (1964), 50 % - "so" & so') == (
        'Hamilton\'s rule: r &gt; c/b (1964), 50 % - "so" & so'
    )


# ------------------------------------------------------------------------------------ the public face


def test_the_face_offers_the_page():
    assert coop_abm.card(coop_abm.world("kin")) == card(named("kin"))


@EVERY
def test_the_same_world_writes_the_same_page(name):
    page = card(named(name), seed=1)
    assert page == card(named(name), seed=1)
    assert digest(named(name)) in page
    assert page.endswith("\n") and not page.endswith("\n\n")
    assert not re.search(r"\n\n\n|[ \t]$", page, flags=re.MULTILINE)
