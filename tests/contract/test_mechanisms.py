"""What every rule promises: neutral knobs give the neutral answer, and it answers its own question only."""

from __future__ import annotations

import numpy as np
import pytest

from coop_abm.mechanisms import RULES, Direct, Group, Indirect, Kin, Network, neutral
from coop_abm.norms import SternJudging
from coop_abm.scenario import Scenario
from coop_abm.structures import Ring

RULE = pytest.mark.parametrize("rule", RULES)
SIZE = 12

#: A part that is far from neutral, and the answers that it may touch.
FAR = {
    "kin": (Kin(relatedness=0.4), {"relatedness"}),
    "direct": (Direct(continuation=0.7), {"continuation"}),
    "indirect": (
        Indirect(visibility=0.6, assessment=SternJudging(), assessment_error=0.1),
        {"visibility", "innate", "norm", "misjudgement"},
    ),
    "network": (Network(graph=Ring(degree=4)), {"indptr", "indices"}),
    "group": (Group(size=4, split=0.2), {"group", "groups", "group_size", "split", "fluid"}),
}


def changed(answers, before):
    """Names of the answers that differ."""
    return {name for name in before._fields if not np.array_equal(getattr(answers, name), getattr(before, name))}


@RULE
def test_switched_on_with_neutral_knobs_it_gives_the_neutral_answer(rule):
    assert changed(RULES[rule](enabled=True).answer(neutral(SIZE), 1), neutral(SIZE)) == set()


@RULE
def test_switched_off_its_knobs_do_not_matter(rule):
    assert changed(Scenario(size=SIZE, **{rule: FAR[rule][0]}).answers(1), neutral(SIZE)) == set()


@RULE
def test_switched_on_it_answers_its_own_question_and_no_other(rule):
    part, own = FAR[rule]
    world = Scenario(size=SIZE, **{rule: part.model_copy(update={"enabled": True})})
    assert changed(world.answers(1), neutral(SIZE)) == own


@RULE
def test_it_leaves_the_answers_it_was_given_as_they_were(rule):
    given = neutral(SIZE)
    FAR[rule][0].answer(given, 1)
    assert changed(given, neutral(SIZE)) == set()


@RULE
def test_it_is_off_unless_it_is_switched_on(rule):
    assert RULES[rule]().enabled is False and rule not in Scenario().active


def test_kinship_by_meeting_changes_whom_one_meets_and_not_whose_payoff_one_feels():
    world = Scenario(size=SIZE, kin=Kin(enabled=True, relatedness=0.4, channel="meeting"))
    assert changed(world.answers(), neutral(SIZE)) == {"assortment"}


def test_groups_on_a_network_keep_only_the_edges_inside_groups():
    world = Scenario(
        size=SIZE, network=Network(enabled=True, graph=Ring(degree=2)), group=Group(enabled=True, size=4, split=0.2)
    )
    answers = world.answers()
    ends = np.repeat(np.arange(SIZE), np.diff(answers.indptr))
    assert len(answers.indices) == 18  # 24 ends of the ring, less those of the three edges between groups
    assert (answers.group[ends] == answers.group[answers.indices]).all()


def test_groups_on_a_network_neither_grow_nor_shrink():
    world = Scenario(size=SIZE, network=Network(enabled=True, graph=Ring()), group=Group(enabled=True, size=4))
    assert world.answers().fluid == 0
