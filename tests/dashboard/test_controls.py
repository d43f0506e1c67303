"""Controls say what the declarations say."""

import base64

import networkx
import pytest

from coop_abm import critical_ratio
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.dashboard import controls, desk
from coop_abm.mechanisms import RULES
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.structures import Edges


def every(scenario):
    return {c["path"]: c for section in controls.sections(scenario) for c in section["controls"]}


@pytest.mark.parametrize("name", NAMED)
def test_every_number_has_its_words_a_field_and_a_slider_that_holds_the_value(name):
    for control in every(named(name)).values():
        assert control["title"] and control["help"]
        if control["kind"] == "number":
            assert control["unit"]
            assert control["low"] <= control["value"] <= control["high"] and control["step"] > 0
            assert (control["high"] - control["low"]) / control["step"] <= controls.MOST_STEPS + 1


@pytest.mark.parametrize("name", NAMED)
def test_every_rule_has_a_toggle_and_asks_its_question(name):
    scenario = named(name)
    rules = [section for section in controls.sections(scenario) if "toggle" in section]
    assert sorted(section["rule"] for section in rules) == sorted(RULES)
    for section in rules:
        assert section["question"].endswith("?")
        assert section["toggle"]["on"] == (section["rule"] in scenario.active)
        assert bool(section["controls"]) == section["toggle"]["on"]


def test_bounds_and_words_come_from_the_declaration():
    declared = {knob.path: knob for knob in knobs(named("kin"))}
    shown = every(named("kin"))
    knob, control = declared["kin.relatedness"], shown["kin.relatedness"]
    assert (control["low"], control["high"], control["step"]) == (knob.low, knob.high, knob.step)
    assert control["help"] == knob.help and control["permitted"] == "0 to 1"
    assert shown["update"]["choices"] == list(declared["update"].choices)


def test_a_slider_shows_a_usual_range_where_the_permitted_one_is_huge():
    benefit = every(named("network"))["game.benefit"]
    assert benefit["high"] == 10 and benefit["permitted"] == "0 to 1,000,000"
    assert every(replace(named("network"), {"game.benefit": 70.0}))["game.benefit"]["high"] == 100


def test_payoffs_of_either_sign_have_a_slider_around_nothing_with_the_declared_step():
    temptation = every(named("nowak_may"))["game.temptation"]
    assert (temptation["low"], temptation["high"], temptation["step"]) == (-5, 5, 0.1)


def test_knobs_that_mean_nothing_here_are_not_shown():
    assert "kin.family" not in every(named("kin")) and "kin.relatedness" in every(named("kin"))
    assert "kin.family" in every(named("families")) and "kin.relatedness" not in every(named("families"))
    assert "indirect.opinions" not in every(named("indirect"))
    assert "players.0.share" not in every(named("kaleidoscope"))


def test_kinds_that_are_the_users_own_data_are_not_offered():
    assert "edges" not in every(named("network"))["network.graph"]["choices"]


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_switched_on_for_the_first_time_is_felt(rule):
    before = named("well_mixed")
    after = replace(before, controls.changes(before, f"{rule}.enabled", True))
    assert after.active == (rule,)
    assert getattr(after, rule) != type(getattr(after, rule))(enabled=True)


def test_a_rule_that_is_switched_on_again_keeps_its_knobs():
    world = replace(named("kin"), {"kin.relatedness": 0.31, "kin.enabled": False})
    assert replace(world, controls.changes(world, "kin.enabled", True)).kin.relatedness == 0.31


def test_the_share_of_one_strategy_moves_the_share_of_the_other():
    world = named("network")
    moved = replace(world, controls.changes(world, "players.0.share", 0.2))
    assert [entry.share for entry in moved.players] == [0.2, 0.8]
    with pytest.raises(ScenarioError, match=r"players\.0\.share must be a number in \[0, 1\]; got 7"):
        replace(world, controls.changes(world, "players.0.share", 7))


#: Knobs that a world of the page has no control for, by the end of their path, and why.
ABSENT = {
    "share": "the second of two shares is what the first leaves; where nodes are declared there is none",
    "founders": "families of full sibs, half sibs or cousins have their own",
}


@pytest.mark.parametrize("name", NAMED)
def test_every_knob_is_on_the_page_or_there_is_a_reason(name):
    world = named(name)
    on_page = set(every(world)) | {f"{rule}.enabled" for rule in RULES}
    for knob in knobs(world):
        rule, _, rest = knob.path.partition(".")
        last = knob.path.rpartition(".")[2]
        idle = rule in RULES and (not getattr(world, rule).enabled or rest in getattr(world, rule).unread)
        clock = knob.path in ("partners", "update.replacements") and world.clock == "event"
        slips = knob.path == "slips" and world.execution_error == 0
        reasoned = knob.path in controls.ELSEWHERE or last in controls.ELSEWHERE or last in ABSENT
        assert knob.path in on_page or idle or clock or slips or reasoned, knob.path


@pytest.mark.parametrize("clock", ["event", "round"])
@pytest.mark.parametrize("update", ["birth_death", "death_birth", "imitation", "pairwise_comparison"])
def test_update_rules_and_clocks_can_be_chosen(update, clock):
    world = named("network")
    for path, value in (("update", update), ("clock", clock)):
        assert value in every(world)[path]["choices"]
        world = replace(world, controls.changes(world, path, value))
    assert (world.update.kind, world.clock) == (update, clock)
    assert ("partners" in every(world)) == (clock == "round")


def test_a_second_graph_is_a_choice_whose_first_is_the_same():
    world = named("network")
    chosen = every(world)["network.replacement"]
    assert chosen["choices"][0] == chosen["value"] == "same" and "edges" not in chosen["choices"]
    assert {"torus", "ring", "random_regular"} < set(chosen["choices"])
    assert not [path for path in every(world) if path.startswith("network.replacement.")]
    for path, value in (("network.replacement", "ring"), ("network.replacement.degree", 2)):
        world = replace(world, controls.changes(world, path, value))
    assert every(world)["network.replacement.degree"]["value"] == 2
    mixed = replace(named("network"), {"network.graph": "complete"})
    assert "network.replacement" not in every(mixed)
    own = replace(world, {"network.replacement": Edges.of(networkx.cycle_graph(100))})
    assert [path for path in every(own) if path.startswith("network.replacement")] == ["network.replacement"]


def test_a_third_strategy_comes_and_goes_and_takes_its_share_in_proportion():
    world = replace(named("network"), {"players.0.share": 0.75, "players.1.share": 0.25})
    assert every(world)["players.2.strategy"]["value"] == "none"
    three = replace(world, controls.changes(world, "players.2.strategy", "tft"))
    assert [(p.strategy.kind, p.share) for p in three.players] == [("reciprocator", 0.6), ("alld", 0.2), ("tft", 0.2)]
    assert {"players.0.share", "players.1.share", "players.2.share", "players.3.strategy"} <= set(every(three))
    moved = replace(three, controls.changes(three, "players.0.share", 0.2))
    assert [p.share for p in moved.players] == [0.2, 0.4, 0.4]
    two = replace(moved, controls.changes(moved, "players.2.strategy", "none"))
    assert len(two.players) == 2 and sum(p.share for p in two.players) == pytest.approx(1)


def test_a_strategy_brings_its_own_knobs():
    world = named("direct")
    world = replace(world, controls.changes(world, "players.0.strategy", "gtft"))
    assert every(world)["players.0.strategy.generosity"]["kind"] == "number"


def test_nodes_that_are_declared_keep_their_strategies_and_nobody_joins():
    shown = every(named("kaleidoscope"))
    assert {"players.0.strategy", "players.1.strategy"} <= set(shown) and "players.2.strategy" not in shown


# ------------------------------------------------------------------------------------ a graph of one's own


def upload(name, text):
    return desk.on_uploaded(named("network"), name, base64.b64encode(text.encode()).decode())


@pytest.mark.parametrize(
    ("name", "text"),
    [("ring.edgelist", "0 1\n1 2\n2 3\n3 0\n"), ("ring.csv", "0,1\n1,2\n2,3\n3,0\n"),
     ("ring.graphml", "\n".join(networkx.generate_graphml(networkx.cycle_graph(4)))),
     ("ring.gexf", "\n".join(networkx.generate_gexf(networkx.cycle_graph(4)))),
     ("ring.gml", "\n".join(networkx.generate_gml(networkx.cycle_graph(4))))],
)  # fmt: skip
def test_a_graph_is_taken_and_the_population_takes_its_size(name, text):
    world = upload(name, text)
    assert world.size == 4 and world.network.graph.source == name
    assert expectation(world).value == critical_ratio(networkx.cycle_graph(4)).value
    assert "network.graph.size" not in every(world)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("x.xlsx", "0 1", "the suffix must be one of"), ("x.csv", "", "x.csv:"), ("x.graphml", "<a>", "x.graphml:"),
     ("x.csv", "0 1 \u0000", "NUL"), ("../../etc/passwd", "", "the suffix must be"),
     ("x.gml", "graph [ node [", "x.gml:"), ("x.csv", "a,b,-3\n", "x.csv")],
)  # fmt: skip
def test_a_bad_file_is_one_sentence(name, text, words):
    with pytest.raises(InputError) as told:
        upload(name, text)
    assert words in str(told.value) and "\n" not in str(told.value) and len(str(told.value)) < 400


def test_a_file_that_is_too_large_or_came_in_pieces_is_one_sentence():
    with pytest.raises(InputError, match=r"big\.csv: must have at most 4,000,000 bytes"):
        desk.on_uploaded(named("network"), "big.csv", "A" * 5_400_000)
    with pytest.raises(InputError, match=r"x\.csv: did not arrive whole"):
        desk.on_uploaded(named("network"), "x.csv", "§§§")
