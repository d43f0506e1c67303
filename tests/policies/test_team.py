"""Plan, critique, revise: the revised plan is what a player sees, for so many turns of its own."""

import json

import numpy as np
import pytest

from coop_abm.core.errors import PolicyError
from coop_abm.core.question import Decision
from coop_abm.engine.rounds import run
from coop_abm.mechanisms import Direct, Network
from coop_abm.policies.team import read_plan
from coop_abm.scenario.minds import Plugin, Scripted, Table, Team
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD
from coop_abm.structures import Ring
from coop_abm.updates import BirthDeath, ImitateTheBest, PairwiseComparison
from tests.policies.worlds import Noting, begun, plugged, tables, world

#: Everybody meets two neighbours in each round, so everybody plays two turns a round.
TWO_A_ROUND = {"partners": "all", "network": Network(enabled=True, graph=Ring(degree=2)), "size": 6}


def planner(every=1, critiques=1, inner=None, limit=2_000, **entry):
    policy = Team(inner=inner or Plugin(name="mine"), every=every, critiques=critiques, limit=limit)
    return Players(strategy=AllC(), policy=policy, **({"share": 1.0} | entry))


def say(view):
    """A text that says by which road it came."""
    if view.stage == "plan":
        return f"plan {view.individual}@{view.played}"
    return f"{view.stage}({view.draft}{', ' + view.critique if view.critique else ''})"


def thinking(answer="cooperate"):
    return Noting(answer, words=say)


# ------------------------------------------------------------------------------------- the road of a plan


def test_the_revised_plan_is_what_the_player_sees_afterwards():
    mine = thinking()
    play, policy = begun(world(planner(every=2), **TWO_A_ROUND), mine=mine)
    run(play, policy, 2)
    first, second = ([v for v in mine.at("act") if v.round == r] for r in range(2))
    assert {view.memo for view in first} == {""}  # nobody has played two turns yet
    for view in second:
        draft = f"plan {view.individual}@2"
        assert view.memo == f"revise({draft}, critique({draft}))"


def test_each_step_sees_what_it_is_about_and_nothing_else():
    mine = thinking()
    play, policy = begun(world(planner(every=2), **TWO_A_ROUND), mine=mine)
    run(play, policy, 2)
    stages = {stage: mine.at(stage) for stage in ("plan", "critique", "revise", "act")}
    assert [len(stages[stage]) for stage in ("plan", "critique", "revise")] == [6, 6, 6]
    assert all((view.draft, view.critique, view.memo) == ("", "", "") for view in stages["plan"])
    assert all(view.draft == f"plan {view.individual}@2" and not view.critique for view in stages["critique"])
    assert all(view.draft and view.critique == f"critique({view.draft})" for view in stages["revise"])
    assert all((view.draft, view.critique) == ("", "") for view in stages["act"])
    assert all(view.options == () and view.limit == 2_000 for view in stages["revise"])


def test_the_next_draft_sees_the_plan_that_stands():
    mine = thinking()
    play, policy = begun(world(planner(every=2, critiques=0), **TWO_A_ROUND), mine=mine)
    run(play, policy, 4)
    assert {view.memo for view in mine.at("plan") if view.round == 1} == {""}
    later = [view for view in mine.at("plan") if view.round == 2]
    assert later and all(view.memo == f"plan {view.individual}@2" for view in later)


@pytest.mark.parametrize(
    ("critiques", "expected"),
    [
        (0, "plan 0@2"),
        (1, "revise(plan 0@2, critique(plan 0@2))"),
        (2, "revise(revise(plan 0@2, critique(plan 0@2)), critique(revise(plan 0@2, critique(plan 0@2))))"),
    ],
)
def test_a_plan_is_criticised_and_revised_so_often(critiques, expected):
    mine = thinking()
    play, policy = begun(world(planner(every=2, critiques=critiques), **TWO_A_ROUND), mine=mine)
    run(play, policy, 2)
    assert len(mine.at("critique")) == len(mine.at("revise")) == 6 * critiques
    assert {v.memo for v in mine.at("act") if v.individual == 0 and v.round == 1} == {expected}
    kept = json.loads(play.texts[int(play.state.memo[0, 0])])
    assert kept["plan"] == expected and kept["made"] == 2
    asked_last = [view for view in mine.at("critique") if view.individual == 0][-1:]
    assert kept["critique"] == "".join(map(say, asked_last))


def test_planners_with_and_without_critiques_play_beside_each_other():
    mine, other = thinking(), thinking()
    quick = Players(strategy=AllD(), policy=Team(inner=Plugin(name="other"), every=2, critiques=0), nodes=(0, 1, 2))
    play, policy = begun(
        world(planner(every=2, critiques=2), quick, **TWO_A_ROUND, update=ImitateTheBest()), mine=mine, other=other
    )
    run(play, policy, 2)
    assert [len(mine.at(stage)) for stage in ("plan", "critique", "revise")] == [3, 6, 6]
    assert [len(other.at(stage)) for stage in ("plan", "critique", "revise")] == [3, 0, 0]
    assert all(view.memo == f"plan {view.individual}@2" for view in other.at("act") if view.round == 1)


# ------------------------------------------------------------------------------------- when a plan is made


def test_plans_are_made_every_so_many_turns_of_ones_own_not_rounds():
    mine = thinking()
    play, policy = begun(world(planner(every=3, critiques=0), **TWO_A_ROUND), mine=mine)
    run(play, policy, 10)
    made = [(view.round, view.played) for view in mine.at("plan") if view.individual == 0]
    # two turns a round: 2, 4, 6, ... are played; a plan is due as soon as another three are over
    assert made == [(2, 4), (3, 6), (5, 10), (6, 12), (8, 16), (9, 18)]


def test_those_who_are_sought_more_often_plan_sooner():
    mine = thinking()
    declared = world(planner(every=6, critiques=0), size=12, direct=Direct(enabled=True, continuation=0.6))
    play, policy = begun(declared, mine=mine)
    run(play, policy, 3)
    rounds = {view.individual: view.round for view in reversed(mine.at("plan"))}
    assert len(set(rounds.values())) > 1
    assert all(view.played >= 6 for view in mine.at("plan"))


def test_several_encounters_in_one_turn_share_one_plan():
    mine = thinking()
    play, policy = begun(world(planner(every=1, critiques=1), **TWO_A_ROUND), mine=mine)
    run(play, policy, 3)
    for r in (1, 2):
        planned = [view.individual for view in mine.at("plan") if view.round == r]
        assert sorted(planned) == list(range(6))  # once each, though each decides twice
        for who in range(6):
            memos = {view.memo for view in mine.at("act") if (view.round, view.individual) == (r, who)}
            assert memos == {f"revise(plan {who}@{2 * r}, critique(plan {who}@{2 * r}))"}


def test_a_plan_made_before_talking_serves_the_action_too():
    mine = thinking()
    play, policy = begun(world(planner(every=2, critiques=1), talk="always", **TWO_A_ROUND), mine=mine)
    run(play, policy, 4)
    for r in range(1, 4):
        assert sorted(view.individual for view in mine.at("plan") if view.round == r) == list(range(6))
        talk, act = ({(v.individual, v.memo) for v in mine.at(stage) if v.round == r} for stage in ("talk", "act"))
        assert talk == act and len(talk) == 6 and all(memo for _who, memo in talk)


def test_newborns_start_without_a_plan():
    mine = thinking()
    declared = world(planner(every=1, critiques=0), size=8, update=BirthDeath(intensity=0.0, replacements=4))
    play, policy = begun(declared, seed=2, mine=mine)
    run(play, policy, 3)
    fresh = play.state.played[0] == 0
    assert 0 < fresh.sum() < 8
    assert (play.state.memo[0][fresh] == 0).all() and (play.state.memo[0][~fresh] > 0).any()
    before = len(mine.seen)
    run(play, policy, 4)
    now = [view for view in mine.seen[before:] if view.turn == 0]
    assert {view.individual for view in now if view.stage == "plan"} == set(np.flatnonzero(~fresh).tolist())
    assert all(not view.memo for view in now if view.stage == "act" and fresh[view.individual])


def test_plans_survive_a_branch():
    mine = thinking()
    play, policy = begun(world(planner(every=4, critiques=0), **TWO_A_ROUND), mine=mine)
    run(play, policy, 2)
    twins = play.branch(2)
    mine.seen.clear()
    run(twins, policy, 4)
    copies = [[(v.stage, v.individual, v.round, v.memo) for v in mine.seen if v.replicate == k] for k in range(2)]
    assert copies[0] == copies[1]
    assert {memo for stage, _, r, memo in copies[0] if stage == "act" and r == 3} == {f"plan {i}@4" for i in range(6)}
    mine.seen.clear()
    run(play, policy, 4)
    assert [(v.stage, v.individual, v.round, v.memo) for v in mine.seen] == copies[0]


# ------------------------------------------------------------------------------------- beside others


def test_a_plan_may_be_as_long_as_its_own_limit_whoever_else_plans():
    mine, other = thinking(), Noting("cooperate", words="x" * 20)
    mine.words = "y" * 200
    short = Players(strategy=AllD(), policy=Team(inner=Plugin(name="other"), every=1, limit=20), nodes=(0, 1))
    play, policy = begun(world(planner(every=1, limit=200), short, **TWO_A_ROUND), mine=mine, other=other)
    run(play, policy, 2)
    assert {view.limit for view in mine.at("plan")} == {200} and {view.limit for view in other.at("plan")} == {20}
    assert {view.memo for view in mine.at("act") if view.round} == {"y" * 200}
    assert {view.memo for view in other.at("act") if view.round} == {"x" * 20}


def test_a_plan_that_is_too_long_stops_the_run():
    play, policy = begun(world(planner(every=1, limit=20), **TWO_A_ROUND), mine=Noting(words="x" * 21))
    with pytest.raises(PolicyError, match=r"policies\['mine'\] must answer with a text of at most 20 characters"):
        run(play, policy, 2)


def test_notes_of_an_inner_policy_cannot_replace_a_plan():
    class Scribbling:
        def decide(self, question):
            number = question.texts.number("not a plan")
            if question.stage != "act":
                return np.full(len(question), number)
            return Decision(np.zeros(len(question), int), np.full(len(question), number))

    play, policy = begun(world(planner(every=1), **TWO_A_ROUND), mine=Scribbling())
    with pytest.raises(PolicyError, match=r"^players.policy.inner: a planner's notes are its plan, .* got another in"):
        run(play, policy, 2)


def test_whoever_becomes_a_planner_does_not_read_the_notes_of_another_policy_as_its_plan():
    """Imitation changes who decides for a row, and its notes were somebody else's."""

    class Writing:
        def decide(self, question):
            memo = np.full(len(question), question.texts.number("no JSON at all"))
            return Decision(np.ones(len(question), int), memo)

    mine = thinking("defect")
    declared = world(
        planner(every=1, critiques=0, share=0.5), Players(share=0.5, strategy=AllD(), policy=Plugin(name="writer")),
        size=20, update=PairwiseComparison(intensity=0.0),
    )  # fmt: skip
    play, policy = begun(declared, mine=mine, writer=Writing())
    run(play, policy, 6)
    assert {view.memo for view in mine.seen} <= {""} | {say(view) for view in mine.at("plan")}


def test_a_planner_around_a_table_or_a_script_plays_as_they_do():
    for inner, strategy in ((Table(), AllD()), (Scripted(moves="D"), AllC())):
        entry = Players(share=1.0, strategy=strategy, policy=Team(inner=inner, every=1))
        play, policy = begun(world(entry, **TWO_A_ROUND))
        run(play, policy, 3)
        assert play.acts[0].tolist() == [0, 12]


def test_only_planners_are_asked_for_plans():
    mine, other = thinking(), thinking()
    play, policy = begun(
        world(planner(every=1, share=0.5), plugged("other", share=0.25), tables(share=0.25), size=12),
        mine=mine,
        other=other,
    )
    run(play, policy, 4)
    assert mine.at("plan") and not other.at("plan") and not any(view.memo for view in other.seen)


def test_an_empty_note_is_no_plan():
    assert read_plan("") == ("", "", 0)
