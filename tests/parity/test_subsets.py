"""The trajectory ring: every subset of the rules, interpreted and compiled, is one model to the bit."""

import numpy as np
import pytest

from coop_abm.core.errors import ScenarioError
from coop_abm.engine.rounds import Play
from coop_abm.scenario.knobs import replace

from .worlds import (
    KNOBS,
    RULES,
    STRUCTURES,
    UPDATES,
    both,
    cells,
    difference,
    events_of,
    refused,
    rounds_of,
    subsets,
    watched,
    world,
)

GRID = [(update, structure) for update in UPDATES for structure in STRUCTURES]


# ------------------------------------------------------------------------------- plain = compiled


@pytest.mark.parametrize(("update", "structure"), GRID)
def test_every_subset_runs_alike_on_both_engines_on_the_round_clock(update, structure):
    parted = {on: difference(*both(rounds_of, world(on, update, structure))) for on in cells(update, structure)}
    assert not any(parted.values()), {on: where for on, where in parted.items() if where}


@pytest.mark.parametrize(("update", "structure"), GRID)
def test_every_subset_runs_alike_on_both_engines_on_the_event_clock(update, structure):
    parted = {
        on: difference(*both(events_of, world(on, update, structure, clock="event"))) for on in cells(update, structure)
    }
    assert not any(parted.values()), {on: where for on, where in parted.items() if where}


def test_the_grid_holds_every_subset_under_every_update_and_clock():
    run = {(on, update) for update, structure in GRID for on in cells(update, structure)}
    declined = {(on, u) for u, s in GRID for on in subsets() if refused(on, u, s)}
    assert run | declined == {(on, update) for on in subsets() for update in UPDATES}
    assert len(run) == 7 * 32 - 5 * 8 - 16


@pytest.mark.parametrize("clock", ["round", "event"])
@pytest.mark.parametrize("update", UPDATES[1:-1])
def test_groups_without_a_network_are_refused_unless_births_fill_them(update, clock):
    for on in subsets():
        for structure in STRUCTURES:
            if refused(on, update, structure):
                with pytest.raises(ScenarioError, match=rf"^update: .* must be birth_death; got {update}$"):
                    world(on, update, structure, clock=clock)


@pytest.mark.parametrize("clock", ["round", "event"])
def test_groups_are_refused_where_everybody_is_replaced_at_once(clock):
    for structure in STRUCTURES:
        for on in subsets():
            if "group" in on:
                with pytest.raises(ScenarioError, match=r"^update: group selection .* got wright_fisher$"):
                    world(on, "wright_fisher", structure, clock=clock)


@pytest.mark.parametrize("norm", ["image_scoring", "simple_standing", "stern_judging", "shunning"])
def test_a_norm_is_refused_on_the_event_clock(norm):
    with pytest.raises(ScenarioError, match=r"^indirect\.assessment: .* must be type"):
        world(("indirect",), clock="event", **{"indirect.assessment": norm})


RICH = {
    "many_strategies": {
        "players": [{"share": 1 / 6, "strategy": kind} for kind in (
            "allc", "grim", "wsls", "tft", "discriminator", "zero_determinant")],
        "execution_error": 0.1,
    },
    "stern_judging": {"indirect.assessment": "stern_judging", "indirect.assessment_error": 0.2},
    "shunning": {"indirect.assessment": "shunning", "execution_error": 0.2},
    "image_scoring": {"indirect.assessment": "image_scoring", "indirect.assessment_error": 0.1},
    "simple_standing": {"indirect.assessment": "simple_standing", "execution_error": 0.1},
    "all_partners": {"partners": "all", "payoff": "accumulated"},
    "all_partners_averaged": {"partners": "all", "indirect.assessment": "image_scoring"},
    "accumulated": {"payoff": "accumulated", "kin.channel": "meeting"},
    "own_opinions": {
        "indirect.assessment": {"kind": "leading_eight", "number": 2}, "indirect.opinions": "private",
        "indirect.observation": 0.7, "indirect.perception_error": 0.2, "indirect.assessment_error": 0.1,
        "players.0.strategy": "or_discriminator", "execution_error": 0.2, "slips": "help",
    },
    "mistaken_for_refusal": {"indirect.assessment": "stern_judging", "indirect.perception_error": 0.3},
    "given_places": {
        "players": [{"share": 1.0, "strategy": "alld"}, {"strategy": "allc", "nodes": [3, 5]}], "slips": "help",
    },
    "strong_selection": {"game.benefit": 9.7, "game.cost": 1.3, "direct.continuation": 0.8},
}  # fmt: skip


def mostly(names, later):
    """These worlds, some of which wait for --validate: they differ in numbers alone, or join two of the others."""
    return [pytest.param(name, marks=[pytest.mark.validate] * (name in later)) for name in names]


@pytest.mark.parametrize("name", mostly(RICH, later=("strong_selection", "all_partners_averaged")))
def test_richer_worlds_run_alike_on_both_engines_on_the_round_clock(name):
    parted = {}
    for update, on in [(u, RULES) for u in UPDATES[:-1]] + [(u, RULES[:4]) for u in UPDATES]:
        parted[update, on] = difference(*both(rounds_of, world(on, update, "ring", **RICH[name]), rounds=4))
    for update in UPDATES:
        parted[update, "mixed"] = difference(*both(rounds_of, world(RULES[:3], update, **RICH[name]), rounds=4))
    assert not any(parted.values()), {on: where for on, where in parted.items() if where}


WAITING = ("strong_selection", "accumulated", "given_places")


@pytest.mark.parametrize("name", mostly(["many_strategies", *WAITING], later=WAITING))
def test_richer_worlds_run_alike_on_both_engines_on_the_event_clock(name):
    parted = {}
    for update in UPDATES:
        for on in (RULES, RULES[:4], RULES[:3])[update == "wright_fisher" :]:
            parted[update, on] = difference(*both(events_of, world(on, update, "torus", clock="event", **RICH[name])))
    assert not any(parted.values()), {on: where for on, where in parted.items() if where}


@pytest.mark.parametrize("update", UPDATES)
def test_weighted_edges_run_alike_on_both_engines_on_both_clocks(update):
    ends = [(i, (i + s) % 12, 0.5 + 0.37 * i + 0.11 * s) for i in range(12) for s in (1, 3)]
    graph = {"kind": "edges", "size": 12, "edges": ends}
    for on in (("network",), ("network", "group"), ("kin", "direct", "indirect", "network")):
        if refused(on, update, "ring"):
            continue
        scenario = world(on, update, **{"network.graph": graph})
        assert not difference(*both(rounds_of, scenario))
        assert not difference(*both(events_of, scenario))


FAMILIES = {"kin.channel": "descent", "kin.family": 3, "kin.founders": 2}


@pytest.mark.parametrize("on", [("kin",), ("kin", "direct"), ("kin", "direct", "indirect")])
def test_families_run_alike_on_both_engines(on):
    assert not difference(*both(rounds_of, world(on, "wright_fisher", **FAMILIES)))
    assert not difference(*both(rounds_of, world(on, "wright_fisher", partners="all", **FAMILIES)))
    for pedigree in ("founders", "full_sibs", "half_sibs", "cousins"):
        scenario = world(on, "wright_fisher", clock="event", **FAMILIES, **{"kin.pedigree": pedigree})
        assert not difference(*both(events_of, scenario, steps=12)), pedigree


def test_families_know_each_other_as_kin_and_nobody_else_does():
    families = Play(world(("kin",), "wright_fisher", **FAMILIES), replicates=2)
    assert families.ask().view.kin.tolist() == [1] * len(families.ask())
    assert not Play(world(("kin",), "wright_fisher"), replicates=2).ask().view.kin.any()


IMPOSSIBLE = {
    "kin.family": {"kin.family": 5},
    "update": {"update": "imitation"},
    "network.enabled": {"network.enabled": True},
    "group.enabled": {"group.enabled": True},
    "kin.pedigree": {"kin.pedigree": "full_sibs"},
    "players.nodes": {"players": [{"share": 1.0}, {"nodes": [12]}]},
}


@pytest.mark.parametrize("field", IMPOSSIBLE)
def test_families_that_cannot_be_are_refused_by_the_field(field):
    with pytest.raises(ScenarioError, match=rf"^{field}: "):
        replace(world(("kin",), "wright_fisher", **FAMILIES), IMPOSSIBLE[field])


@pytest.mark.parametrize("changes", [{"clock": "event"}, {"partners": "one"}])
def test_nobody_meets_itself_where_not_everybody_is_met(changes):
    best = {"kind": "imitate_the_best", "self_interaction": True}
    with pytest.raises(ScenarioError, match=r"^update\.self_interaction: must be false"):
        replace(world(("network",), partners="all"), {"update": best} | changes)


def test_a_node_can_be_given_to_one_entry_of_the_players_alone():
    twice = [{"share": 1.0}, {"nodes": [1], "strategy": "allc"}, {"nodes": [1, 2], "strategy": "alld"}]
    with pytest.raises(ScenarioError, match=r"^players\.nodes: every node can be given once"):
        world(players=twice)


# ------------------------------------------------------------------------------- off is a number

NEUTRAL = {
    "kin": {"kin.enabled": True, "kin.relatedness": 0.0},
    "kin_by_meeting": {"kin.enabled": True, "kin.relatedness": 0.0, "kin.channel": "meeting"},
    "direct": {"direct.enabled": True, "direct.continuation": 0.0},
    "indirect": {"indirect.enabled": True, "indirect.visibility": 0.0},
    "network": {"network.enabled": True, "network.graph": {"kind": "complete"}},
    "group_of_nobody": {"group.enabled": True, "group.size": 0, "group.split": 0.7},
    "group_of_all": {"group.enabled": True, "group.size": 12, "group.split": 0.7},
    "group_of_more": {"group.enabled": True, "group.size": 50, "group.split": 0.7},
}


@pytest.mark.parametrize("name", NEUTRAL)
def test_a_rule_with_neutral_knobs_is_that_rule_switched_off(name):
    rule = name.split("_")[0]
    others = tuple(r for r in RULES if r not in (rule, "group"))
    for update in UPDATES:
        for on in ((), others) if rule != "group" else ((), others, others[:3]):
            off = world(on, update, **{f"{rule}.enabled": False})
            neutral = world(on, update, **NEUTRAL[name])
            assert neutral != off, "the comparison would be empty"
            assert not difference(rounds_of(off), rounds_of(neutral))
            assert not difference(events_of(off), events_of(neutral))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_not_neutral_changes_the_world(rule):
    off = world((), execution_error=0.1)
    on = world((rule,), execution_error=0.1)
    assert difference(rounds_of(off, rounds=6), rounds_of(on, rounds=6))
    assert KNOBS[rule] == {} or not set(KNOBS[rule].values()) & {0.0, 1.0}


def test_a_norm_that_nobody_can_see_changes_standings_and_nothing_else():
    off = rounds_of(world(RULES[:2] + RULES[3:4]))
    unseen = {"indirect.enabled": True, "indirect.visibility": 0.0, "indirect.assessment": "stern_judging"}
    judged = rounds_of(world(RULES[:2] + RULES[3:4], **unseen))
    without = [[(w, v) for w, v in seen if not w.endswith((": standing", "view.own"))] for seen in (off, judged)]
    assert not difference(*without)
    assert difference(off, judged)


# ------------------------------------------------------------------------------- blocks of replicates


@pytest.mark.parametrize("update", UPDATES)
def test_a_block_of_replicates_is_as_many_single_worlds_row_for_row(update):
    rows = {"indirect.assessment": "stern_judging", "indirect.assessment_error": 0.1, "execution_error": 0.1}
    everything = RULES if update != "wright_fisher" else RULES[:4]
    scenarios = [world(everything, update, **rows), world(RULES[:3], update, **rows), world((), update)]
    if update == "birth_death":
        scenarios.append(world(("group", "direct"), update, **rows))
    for scenario in scenarios:
        together = _by_round(Play(scenario, 3, replicates=4, first=5))
        for k in range(4):
            alone = _by_round(Play(scenario, 3, replicates=1, first=5 + k))
            for now, single in zip(together, alone, strict=True):
                for name in now:
                    assert now[name][k].tobytes() == single[name][0].tobytes(), (name, k)


def _by_round(play):
    """The columns at the end of each round; replicates whose turns are over wait for the others."""
    found = []
    for t in range(1, 5):
        watched(play, t)
        found.append({name: values.copy() for name, values in play.state.columns.items()})
    return found


def test_replicates_of_an_ensemble_do_not_depend_on_how_they_are_dealt_out():
    from coop_abm.core.dice import stream_base
    from coop_abm.engine.events import process

    for on, update in [((), "imitation"), (("network",), "death_birth"), (("group",), "birth_death")]:
        scenario = world(on, update)
        ready = process(scenario, 1)
        together, singly = _winners(ready, scenario, 0, 6, stream_base(1)), []
        for k in range(6):
            singly.append(_winners(ready, scenario, k, 1, stream_base(1)))
        assert np.array_equal(together, np.concatenate(singly, axis=1))


def _winners(ready, scenario, first, runs, base):
    written = [np.zeros(runs, np.int64), np.zeros(runs, np.int64)] + [np.zeros(runs)] * (ready.kind == "graph")
    ready.ensemble(ready.world, base, first, scenario.starting_counts(), 2000, *written)
    return np.array(written[:2])
