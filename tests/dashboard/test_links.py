"""A link says a whole world, and one that cannot be had says one sentence."""

import networkx
import pytest

from coop_abm.core.errors import ScenarioError
from coop_abm.dashboard import links
from coop_abm.lab import world
from coop_abm.scenario.knobs import digest, replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.structures import Edges

HOME = named("network")


@pytest.mark.parametrize("name", NAMED)
def test_a_world_comes_back_from_its_link(name):
    for changes in ({}, {"game.benefit": 4.5, "size": 36}, {"kin.enabled": True, "kin.relatedness": 0.25}):
        try:
            world = replace(named(name), changes)
        except ScenarioError:
            continue
        back = links.read(links.write(world, 12), HOME, 0)
        assert (back.error, back.seed, digest(back.scenario)) == ("", 12, digest(world))


def test_kinds_and_their_knobs_come_back_together():
    world = replace(named("network"), {"network.graph": "random_regular"})
    world = replace(world, {"network.graph.degree": 6, "update": "imitation", "players.0.share": 0.25,
                            "players.1.share": 0.75})  # fmt: skip
    assert links.read(links.write(world, 1), HOME, 0).scenario == world


def test_a_second_graph_comes_back_from_its_link_and_a_graph_of_ones_own_has_none():
    world = replace(named("network"), {"network.replacement": "ring", "network.replacement.degree": 6})
    query = links.write(world, 1)
    assert "network__replacement=ring" in query and "network__replacement__degree=6" in query
    assert links.read(query, HOME, 0).scenario == world
    assert "replacement" not in links.write(named("network"), 1)
    own = replace(world, {"network.replacement": Edges.of(networkx.cycle_graph(100))})
    with pytest.raises(ScenarioError, match="save it as TOML"):
        links.write(own, 1)


@pytest.mark.parametrize("query", [None, "", "kernelid=abc", "&&&", "seed=0"])
def test_a_link_that_says_nothing_shows_the_first_world(query):
    assert links.read(query, HOME, 0) == links.Linked(HOME, 0, "")


def test_a_value_past_its_range_says_one_sentence_and_the_rest_holds():
    found = links.read("game__benefit=7&kin__relatedness=9&seed=3", HOME, 0)
    assert found.error == "kin.relatedness must be a number in [0, 1]; got 9"
    assert (found.scenario.game.benefit, found.scenario.kin, found.seed) == (7, HOME.kin, 3)


def test_a_size_that_is_not_shown_is_refused_like_any_other_and_the_rest_holds():
    found = links.read("scenario=network&game__benefit=7&size=1000000&seed=3", HOME, 0)
    assert found.error == "size: the dashboard shows at most 100,000 individuals; got 1,000,000"
    assert (found.scenario.game.benefit, found.scenario.size, found.seed) == (7, HOME.size, 3)


def test_all_that_cannot_be_had_is_named_in_short():
    found = links.read("game__benefit=abc&foo=1&size=-5&game__cost=2", HOME, 0)
    for words in ("game.benefit must be", "foo: no such knob", "size must be"):
        assert words in found.error
    assert "permitted here" not in found.error and "talk_limit" not in found.error
    assert (found.scenario.game.cost, found.scenario.game.benefit, found.scenario.size) == (2, 5, HOME.size)
    many = links.read("&".join(f"a{k}=1" for k in range(150)), HOME, 0)
    assert "and 146 more" in many.error and len(many.error) < 400 and many.scenario == HOME


def test_what_only_holds_together_holds_beside_something_that_cannot_be_had():
    found = links.read("players__0__share=0.25&players__1__share=0.75&foo=1", HOME, 0)
    assert [entry.share for entry in found.scenario.players] == [0.25, 0.75] and found.error == "foo: no such knob"


@pytest.mark.parametrize(
    ("query", "words"),
    [("scenario=/etc/passwd", "scenario must be one of"), ("scenario=x.toml", "scenario must be one of"),
     ("seed=-1", "seed must be"), ("seed=1.5", "seed must be"), ("seed=" + "9" * 50, "seed must be"),
     ("no__such=1", "no such knob"), ("name=", ""), ("size=1e999", "size"), ("size=%00", "size"),
     ("players__0__strategy=nobody", "nobody"), ("&".join(f"a{k}=1" for k in range(300)), "more than 200"),
     ("network__graph=edges", ""), ("%ff%fe=1", "no such knob")],
)  # fmt: skip
def test_a_hostile_link_is_refused_in_one_line(query, words):
    found = links.read(query, HOME, 0)
    assert words in found.error and "\n" not in found.error and len(found.error) < 1000
    assert found.error.isprintable()


def test_a_link_cannot_give_a_graph_of_the_users_own_more_nodes():
    home = world("network", graph=networkx.karate_club_graph())
    found = links.read("size=40&game__benefit=2", home, 0)
    assert "34 nodes" in found.error and (found.scenario.size, found.scenario.game.benefit) == (34, 2)


def test_a_page_of_one_model_lets_no_link_choose_another():
    found = links.read("scenario=kin&seed=2", HOME, 0, choose=False)
    assert found.scenario == HOME and found.seed == 2 and "one model" in found.error


def test_a_world_of_no_named_scenario_has_no_link():
    with pytest.raises(ScenarioError):
        links.write(HOME.model_copy(update={"name": "mine"}), 0)
