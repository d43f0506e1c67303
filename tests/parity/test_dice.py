"""What a toggle may not do to chance: the other draws stay where they are."""

import itertools

import numpy as np
import pytest

from coop_abm.core import dice as purposes
from coop_abm.core.dice import (
    AGAIN,
    JUDGE,
    KNOW,
    LEARN,
    MEET,
    SLIP,
    SPLIT,
    dice,
    open_stream_at,
    scripted,
    uniform,
    words,
)
from coop_abm.core.kernel import Kernel, engine
from coop_abm.engine import rounds
from coop_abm.engine.rounds import Play
from coop_abm.policies.rule import TableReader

from .worlds import PLAYERS, subsets, watched, world

ALMOST_ONE = 1 - 2**-53
OUTCOMES = ("CC", "CD", "DC", "DD")
NAMES = {getattr(purposes, n): n for n in ("PLACE", "MEET", "KNOW", "ACT", "SLIP", "AGAIN", "JUDGE", "LEARN", "SPLIT")}


@pytest.fixture
def drawn(monkeypatch):
    """A function: scenario -> every (address, random words) that it draws, in order, in the interpreter."""
    log: list[tuple[tuple[int, ...], tuple[int, ...]]] = []

    def spy_on(original):
        def spied(dice, k, purpose, t, turn, row):
            address = (int(k), int(purpose), int(t), int(turn), int(row))
            log.append((address, tuple(int(w) for w in words(dice, *address))))
            return original.plain(dice, k, purpose, t, turn, row)

        return Kernel(spied)

    spies = {uniform: spy_on(uniform), open_stream_at: spy_on(open_stream_at)}

    def spied(kernel):
        if kernel not in spies:
            spies[kernel] = kernel.using(**{name: spied(callee) for name, callee in kernel.callees.items()})
        return spies[kernel]

    # All spies first: a kernel looks its callees up once, and must not find another spy among them.
    stand_ins = {name: spied(value) for name, value in vars(rounds).items() if isinstance(value, Kernel)}
    for name, spy in stand_ins.items():
        monkeypatch.setattr(rounds, name, spy)

    def draws(scenario, duration=3):
        log.clear()
        with engine("plain"):
            watched(Play(scenario, 11, replicates=2), duration)
        return list(log)

    return draws


def declared(on, update="imitation", **changes):
    noisy = {"execution_error": 0.1, "indirect.assessment": "stern_judging", "indirect.assessment_error": 0.1}
    return world(on, update, **noisy | changes)


def toggles(rule):
    """The subsets of the other rules in which this one is toggled; groups stay on their nodes."""
    others = tuple(r for r in ("kin", "direct", "indirect", "network") if r != rule)
    return subsets(others) + [(*others, "group")] * (rule != "network")


@pytest.mark.parametrize("rule", ["kin", "direct", "indirect", "network", "group"])
def test_a_toggle_leaves_the_value_at_every_shared_address(rule, drawn):
    for on in toggles(rule):
        update = "birth_death" if rule == "group" and "network" not in on else "imitation"
        off = declared(tuple(r for r in on if r != rule), update)
        without, with_it = dict(drawn(off)), dict(drawn(declared({*on, rule}, update)))
        shared = without.keys() & with_it.keys()
        assert len(shared) > 100
        assert all(without[address] == with_it[address] for address in shared)


@pytest.mark.parametrize(
    ("rule", "may_add"), [("kin", set()), ("direct", {AGAIN}), ("indirect", {JUDGE, KNOW}), ("network", set())]
)
def test_a_toggle_takes_no_draw_away_and_adds_only_its_own(rule, may_add, drawn):
    """What cannot happen without a rule is not drawn for without it.

    Further turns of direct reciprocity are draws of their own; a takeover is asked for where one can follow.
    """
    for on in toggles(rule):
        before = {a for a, _ in drawn(declared(on)) if a[1] != SPLIT}
        after = {a for a, _ in drawn(declared((*on, rule))) if a[1] != SPLIT}
        assert before <= after, sorted(before - after)[:3]
        added = {a for a in after - before if not (rule == "direct" and a[3] > 0)}
        assert {a[1] for a in added} == may_add, {NAMES[a[1]] for a in added}


@pytest.mark.parametrize("update", ["birth_death", "death_birth", "imitation", "pairwise_comparison"])
def test_no_draw_serves_two_purposes(update, drawn):
    cases = [("kin", "direct", "indirect", "network", "group")]
    cases += [("direct", "group")] * (update == "birth_death")
    for on in cases:
        addresses = [address for address, _ in drawn(declared(on, update), duration=4)]
        assert len(addresses) == len(set(addresses))
        assert len(addresses) > 500


def met_by_round(scenario, duration=4):
    """Who meets whom, at the start of each round."""
    play, found = Play(scenario, 11, replicates=2), []
    for t in range(1, duration + 1):
        found.append(play.met.member.copy())
        watched(play, t)
    return found


@pytest.mark.parametrize("rule", ["kin", "direct", "indirect"])
def test_who_meets_whom_does_not_depend_on_what_is_felt_known_or_repeated(rule):
    others = tuple(r for r in ("kin", "direct", "indirect", "network") if r != rule)
    for on, update in itertools.product(subsets(others), ("imitation", "death_birth")):
        pairs = zip(met_by_round(declared(on, update)), met_by_round(declared((*on, rule), update)), strict=True)
        assert all(np.array_equal(off, now) for off, now in pairs)


@pytest.mark.parametrize("rule", ["kin", "direct", "indirect"])
def test_who_meets_whom_in_the_first_round_of_growing_groups_is_the_same(rule):
    off, on = (met_by_round(declared(rules, "birth_death"))[0] for rules in (("group",), ("group", rule)))
    assert np.array_equal(off, on)


def test_kin_by_meeting_replaces_some_partners_by_copies_and_no_others():
    for on in (("direct",), ("network", "indirect")):
        by_value = met_by_round(declared((*on, "kin")))
        by_meeting = met_by_round(declared((*on, "kin"), **{"kin.channel": "meeting"}))
        for value, meeting in zip(by_value, by_meeting, strict=True):
            copies = meeting[:, :, 1] == meeting[:, :, 0]
            assert 0 < copies.sum() < copies.size
            assert np.array_equal(value[~copies], meeting[~copies])


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_the_dice_of_a_replicate_do_not_know_the_world_they_are_thrown_in(seed):
    one, other = (Play(declared(on), seed, replicates=2).dice for on in ((), ("kin", "network")))
    assert np.array_equal(one.keys, other.keys)
    assert np.array_equal(dice(seed, 1, first=1).keys[0], one.keys[1])


# ------------------------------------------------------------------------------- scripted dice


def duel(strategy, turns, slips):
    """Two of one kind, for so many turns; slips: (turn, side). Outcomes as individual 0 sees them."""
    scenario = world(
        ("direct",), size=2, players=[{"share": 1.0, "strategy": strategy}], execution_error=0.01,
        **{"direct.continuation": 0.9},
    )  # fmt: skip
    script = [((0, SLIP, 0, turn, row), ALMOST_ONE) for turn in range(turns) for row in range(4)]
    script += [((0, AGAIN, 0, turn, e), 0.0) for turn in range(turns - 1) for e in (0, 1)]
    script = dict(script) | {(0, SLIP, 0, turn, side): 0.0 for turn, side in slips}
    play = Play(scenario, chance=scripted(dice(0), script.items()))
    outcomes, policy = [], TableReader(play.repertoire)
    for _ in range(turns - 1):
        play.tell(policy.decide(play.ask()))
        outcomes.append(OUTCOMES[play.met.last[0, 0, 0] - 1])
    return outcomes


@pytest.mark.parametrize(
    ("strategy", "outcomes"),
    [
        ("tft", ["CC", "DC", "CD", "DC", "CD"]),  # an endless echo
        ("wsls", ["CC", "DC", "DD", "CC", "CC"]),  # mended in two turns
        ("grim", ["CC", "DC", "CD", "DD", "DD"]),  # the one who slipped trusts until it is punished
        ("allc", ["CC", "DC", "CC", "CC", "CC"]),
    ],
)
def test_one_slip_in_the_second_turn_runs_its_course(strategy, outcomes):
    assert duel(strategy, turns=6, slips=[(1, 0)]) == outcomes


def test_one_mistaken_judgement_gives_one_bad_name():
    scenario = world(
        ("indirect",), players=[{"share": 1.0, "strategy": "allc"}],
        **{"indirect.assessment": "image_scoring", "indirect.assessment_error": 0.01},
    )  # fmt: skip
    honest = [((0, JUDGE, 0, 0, row), ALMOST_ONE) for row in range(24)]
    play = Play(scenario, 4, chance=scripted(dice(4), honest))
    watched(play, 1)
    assert play.state.standing.all()

    sought = np.bincount(Play(scenario, 4).met.member[0, :, 1], minlength=12)
    alone = int(np.flatnonzero(sought == 0)[0])  # judged once, as the one who sought
    slandered = dict(honest) | {(0, JUDGE, 0, 0, 2 * alone): 0.0}
    play = Play(scenario, 4, chance=scripted(dice(4), slandered.items()))
    watched(play, 1)
    assert np.flatnonzero(play.state.standing[0] == 0).tolist() == [alone]


def test_a_takeover_follows_the_one_replacement_that_is_chosen_for_it():
    on = ("network", "group")
    split = {"group.split": 0.4, "update.replacements": 1, "update.intensity": 0.0}
    scenario = world(on, "death_birth", structure="ring", **split, players=PLAYERS)
    first = [((0, LEARN, 0, 0, 0), 0.0), ((0, LEARN, 0, 0, 1), 0.0)]  # individual 0 dies; its first mate wins

    def after_one_round(luck):
        play = Play(scenario, 5, chance=scripted(dice(5), [*first, ((0, SPLIT, 0, 2, 0), luck)]))
        before = play.state.strategy[0].copy()
        watched(play, 1)
        return before, play.state.strategy[0]

    before, quiet = after_one_round(ALMOST_ONE)
    assert np.array_equal(quiet[1:], before[1:])
    assert quiet[0] == before[1]
    _, taken = after_one_round(0.0)
    assert np.array_equal(taken[:4], quiet[:4])
    blocks = [sorted(taken[a : a + 4]) for a in (0, 4, 8)]
    kept = [np.array_equal(taken[a : a + 4], quiet[a : a + 4]) for a in (4, 8)]
    assert sum(kept) == 1
    assert blocks[1 + kept.index(False)] == blocks[0]


@pytest.mark.parametrize("u", [0.0, ALMOST_ONE])
def test_the_smallest_and_the_largest_draw_find_a_partner_inside_the_population(u):
    script = [((0, MEET, 0, turn, i), u) for i in range(12) for turn in (0, 1)]
    for on, update in [((), "imitation"), (("network",), "imitation"), (("group",), "birth_death")]:
        play = Play(world(on, update), chance=scripted(dice(0), script))
        pairs = play.met.member[0]
        assert ((pairs[:, 1] >= 0) & (pairs[:, 1] < 12) & (pairs[:, 1] != pairs[:, 0])).all()
