"""The check that ships with the package: what keeps the contract passes, what breaks it is told how."""

import asyncio
import itertools

import numpy as np
import pytest

from coop_abm.core.errors import InputError, PolicyError, ScenarioError
from coop_abm.core.question import Decision, Options
from coop_abm.mechanisms import Direct
from coop_abm.scenario.minds import Human, Model, Plugin, Scripted, Team
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC
from coop_abm.testing import check_policy
from tests.policies.worlds import plugged, tables, world

COUNTER = itertools.count()

# ------------------------------------------------------------------------------------- those that keep it


def tit_for_tat(view):
    if not view.options:
        return f"last time: {view.history[-1][1]}" if view.history else "hello"
    return view.history[-1][1] if view.history else "cooperate"


async def tit_for_tat_later(view):
    await asyncio.sleep(0)
    return tit_for_tat(view)


class ByChance:
    def decide_one(self, view):
        return "cooperate" if view.draw < 0.7 else "defect"


class Batch:
    def decide(self, question):
        if not isinstance(question.choices, Options):
            return np.full(len(question), question.texts.number("good day"), np.int64)
        return (question.view.last == 2).astype(np.int64)


class Remembering:
    """Counts defections over encounters, in its notes."""

    def decide(self, question):
        texts, view = question.texts, question.view
        if question.stage != "act":
            return np.zeros(len(question), np.int64)
        counts = [int(texts[n] or 0) for n in view.memo.tolist()]
        met = (view.history[:, -1:] == 2).any(axis=1) if view.history.shape[1] else np.zeros(len(question), bool)
        memo = np.array([texts.number(str(c + int(m))) for c, m in zip(counts, met, strict=True)], np.int64)
        return Decision(np.array([int(c > 2) for c in counts], np.int64), memo)


@pytest.mark.parametrize("policy", [tit_for_tat, tit_for_tat_later, ByChance(), Batch(), Remembering()],
                         ids=lambda p: getattr(p, "__name__", type(p).__name__))  # fmt: skip
def test_a_policy_that_keeps_the_contract_passes(policy):
    assert check_policy(policy) is None


# ------------------------------------------------------------------------------------- those that break it


def whole(decide):
    """A policy of batches that says nothing where words are asked for."""

    class Whole:
        def decide(self, question):
            return decide(question) if question.stage == "act" else np.zeros(len(question), np.int64)

    return Whole()


def writing(question):
    question.view.memory[:] = 0
    return np.zeros(len(question), np.int64)


def writing_by_force(question):
    question.draw.flags.writeable = True
    question.draw[:] = 0.5
    return np.zeros(len(question), np.int64)


def counting_calls(question):
    return np.full(len(question), next(COUNTER) % 2)


def by_majority(question):
    return np.full(len(question), int(question.view.last.sum() > 0) ^ int(len(question) > 1))


def by_place(question):
    return np.arange(len(question)) % 2


def first_row_differs(question):
    """The same for a row alone; only the order of rows tells."""
    action = (question.individual % 2).astype(np.int64)
    if len(question) > 1:
        action[1:] = np.where(question.individual[:-1] > question.individual[1:], 1, action[1:])
    return action


def floats_of_nobody(question):
    return np.array([0 for _ in range(len(question))]) if len(question) else np.array([])


class Grudging:
    """Remembers by itself whom it met in which population."""

    def __init__(self):
        self.met = {}

    def decide_one(self, view):
        if not view.options:
            return ""
        when = self.met.setdefault((view.replicate, view.individual), view.round)
        return "defect" if view.round > when else "cooperate"


class Ageing:
    """Plays on where it stopped, whatever world it is asked about."""

    def __init__(self):
        self.latest = (0, 0)

    def decide_one(self, view):
        if not view.options:
            return ""
        self.latest = max(self.latest, (view.round, view.turn))
        return "defect" if self.latest > (view.round, view.turn) else "cooperate"


def talkative(view):
    return "cooperate" if view.options else "x" * (view.limit + 1)


def memo_by_luck(question):
    number = question.texts.number(f"note {next(COUNTER)}")
    return Decision(np.zeros(len(question), np.int64), np.full(len(question), number))


def unlucky(view):
    return {}["nothing"]


BAD = {
    "a wrong name": (lambda view: "help", "must answer cooperate or defect, or 0 or 1; got 'help'"),
    "a truth value": (lambda view: True, "must answer cooperate or defect, or 0 or 1; got True"),
    "too few rows": (whole(lambda q: np.zeros(len(q) - 1, int)), "must return 11 whole numbers; got int64 of shape (1"),
    "floats": (whole(lambda q: np.zeros(len(q))), "must return 11 whole numbers; got float64"),
    "an action that is none": (whole(lambda q: np.full(len(q), 2)), "row 0: 2 is not among 0 cooperate, 1 defect"),
    "floats for nobody": (whole(floats_of_nobody), "must return 0 whole numbers; got float64"),
    "raising": (unlucky, "failed in round 0 for individual 0: KeyError"),
    "writing": (whole(writing), "must not change the arrays of a question"),
    "writing by force": (whole(writing_by_force), "must not change the arrays of a question"),
    "two minds": (whole(counting_calls), "must answer the same question alike; asked twice it gave two answers"),
    "two notes": (whole(memo_by_luck), "must answer the same question alike; asked twice it gave two answers"),
    "the others matter": (whole(by_majority), "must answer a row alone as it does among others"),
    "the place matters": (whole(by_place), "must answer a row alone as it does among others"),
    "the order matters": (whole(first_row_differs), "must answer"),
    "a memory of its own": (Grudging, "must go on alike in every copy of a world"),
    "time of its own": (Ageing, "must play the same world alike whenever it does"),
    "too many words": (talkative, "must answer with a text of at most 40 characters"),
    "no words": (lambda view: 0, "must answer with a text of at most 40 characters; got 0"),
}  # fmt: skip


@pytest.mark.parametrize("named", BAD)
def test_a_policy_that_breaks_the_contract_is_told_how_in_one_line(named):
    policy, words = BAD[named]
    with pytest.raises(PolicyError) as caught:
        check_policy(policy() if isinstance(policy, type) else policy)
    said = str(caught.value)
    assert words in said, said
    assert said.startswith("policies['checked']") and said.isprintable() and len(said) < 400


def test_a_policy_that_goes_two_ways_in_two_copies_is_caught_by_the_branch_alone():
    class SecondCopy:
        """Keeps the contract in every world of one population."""

        def decide_one(self, view):
            return "" if not view.options else ("defect" if view.replicate else "cooperate")

    with pytest.raises(PolicyError, match="must go on alike in every copy of a world; it did not in round 3"):
        check_policy(SecondCopy())


def test_where_it_went_wrong_is_said():
    with pytest.raises(PolicyError, match=r"\(round 0, stage talk, 11 rows, the world 'talk'\)$"):
        check_policy(talkative)


# ------------------------------------------------------------------------------------- a world of one's own


def noted():
    seen = []

    def policy(view):
        seen.append(view)
        return tit_for_tat(view)

    return policy, seen


def test_it_decides_for_the_plugins_of_a_world_that_has_some():
    policy, seen = noted()
    declared = world(
        plugged("a", nodes=(0, 1)), Players(share=1.0, strategy=AllC(), policy=Scripted(moves="CD")), size=6
    )
    check_policy(policy, scenario=declared, rounds=1)
    assert {view.strategy for view in seen} <= {"a", "script CD"} and 0 in {view.individual for view in seen}


def test_it_decides_for_the_tables_of_a_world_without_plugins():
    policy, seen = noted()
    check_policy(policy, scenario=world(tables(share=1.0), direct=Direct(enabled=True, continuation=0.5)), rounds=1)
    assert {view.individual for view in seen} == set(range(8))


def test_it_plans_where_a_planner_is_built_around_it():
    policy, seen = noted()
    inner = Players(share=1.0, strategy=AllC(), policy=Team(inner=Plugin(name="mine"), every=1))
    check_policy(policy, scenario=world(inner), rounds=2)
    assert {"plan", "critique", "revise", "act"} == {view.stage for view in seen}


def test_a_named_world_will_do():
    with pytest.raises(PolicyError, match=r"the world 'given'\)"):
        check_policy(lambda view: "help", scenario="nowak_may", rounds=1)


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        ("kin", "clock: must be round, on which policies are asked; got event"),
        (world(tables(share=1.0), Players(nodes=(0,), policy=Human())), "must be table, scripted, plugin or team"),
        (world(Players(share=1.0, policy=Team(inner=Model()))), "got model"),
    ],
    ids=["event clock", "human", "model"],
)
def test_a_world_in_which_it_cannot_be_checked_is_refused(scenario, words):
    with pytest.raises(ScenarioError, match=words):
        check_policy(tit_for_tat, scenario=scenario)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"policy": Batch}, "must be an object, not a class"),
        ({"policy": 3}, "must have decide"),
        ({"policy": tit_for_tat, "rounds": 0}, "rounds must be a whole number"),
        ({"policy": tit_for_tat, "seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_cannot_be_checked_is_refused(given, words):
    with pytest.raises(InputError, match=words):
        check_policy(**given)
