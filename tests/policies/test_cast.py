"""Who decides in a world that is played in stages: the same village by tables, by models over a socket, with plans."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coop_abm.core.errors import InputError, ModelError, PolicyError, ScenarioError
from coop_abm.core.question import Decision
from coop_abm.engine.staged import play
from coop_abm.policies.cast import Cast, run_name, spoken
from coop_abm.policies.means import Means
from coop_abm.policies.report import report
from coop_abm.policies.team import read_plan
from coop_abm.policies.understanding import understanding_staged
from coop_abm.scenario.minds import Http, Human, Model, Plugin, Scripted, Table, Team
from tests.llm import small_dialect
from tests.policies.village import WORDS, Villager, WellTeller, WellWorld

WORLD = WellWorld()


@pytest.fixture(autouse=True, scope="module")
def well():
    with small_dialect.spoken():
        yield


def cast_of(declared, seed=3, replicate=0, **means):
    """(world, cast): ready to play."""
    world = declared.start(seed, replicate)
    given = Means(**({"mode": "off", "transport": "slim"} | means))
    return world, Cast(world, declared.minds(), declared.table(), WellTeller(world), means=given)


def played(declared, seed=3, replicate=0, rounds=None, **means):
    """(story, report, cast) of a whole run."""
    world, cast = cast_of(declared, seed, replicate, **means)
    try:
        play(world, cast, rounds=rounds)
        return world.story(), report(cast), cast
    finally:
        cast.close()


def by_tables(seed=3, replicate=0):
    world = WORLD.start(seed, replicate)
    return play(world, WORLD.table()).story()


# ------------------------------------------------------------------------------- the whole path


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("reasoning", [False, True])
def test_the_stand_in_plays_the_village_bit_for_bit_as_tables_do(language, reasoning):
    declared = WORLD.with_policy("stand-in", language=language, reasoning=reasoning, max_tokens=300)
    story, told, _ = played(declared, replicate=2)
    assert story == by_tables(replicate=2)
    assert told.sent == 4 * 2 * 4 and [count.fallbacks for count in told.by_model.values()] == [0, 0]
    assert {model: count.decisions for model, count in told.by_model.items()} == {
        "stand-in/fair": 24, "stand-in/greedy": 8
    }  # fmt: skip


def test_tables_and_models_sit_in_one_village():
    mixed = WORLD.of(lambda villager: Model(model="stand-in/fair") if villager == WORLD.villagers[0] else Table())
    some = mixed.model_copy(update={"villagers": (WORLD.villagers[0], *mixed.villagers[1:])})
    story, told, _ = played(some)
    assert story == by_tables() and told.sent == 2 * 2 * 4


def test_all_models_of_a_stage_are_asked_in_one_batch(monkeypatch):
    world, cast = cast_of(WORLD.with_policy("stand-in"))
    client, batches = cast.line.client, []
    ask = client.ask
    monkeypatch.setattr(client, "ask", lambda requests: batches.append(requests) or ask(requests))
    play(world, cast, rounds=1)
    cast.close()
    assert [[request.address.row for request in batch] for batch in batches] == [[0, 1, 2, 3], [0, 1, 2, 3]]
    assert [batch[0].address.stage for batch in batches] == ["draw", "judge"]


# ------------------------------------------------------------------------------- addresses and the journal


def addresses(declared, monkeypatch, **how):
    """All addresses of a run, in the order in which they were asked."""
    world, cast = cast_of(declared, **how)
    client, found = cast.line.client, []
    ask = client.ask
    monkeypatch.setattr(client, "ask", lambda requests: found.extend(r.address for r in requests) or ask(requests))
    play(world, cast)
    cast.close()
    return found


def test_no_two_draws_of_replicates_and_plans_share_an_address(monkeypatch):
    team = WORLD.of(lambda villager: Team(inner=Model(model=f"stand-in/{villager.strategy}"), every=2, critiques=2))
    one, two = addresses(team, monkeypatch), addresses(team, monkeypatch, replicate=1)
    assert len({*one, *two}) == len(one) + len(two) == 2 * len(one)
    assert {address.replicate for address in one} == {0} and {address.replicate for address in two} == {1}
    assert {address.digest for address in one} == {spoken(team)}
    assert {"plan draw", "critique draw", "revise draw", "critique draw 2", "revise draw 2"} <= {a.stage for a in one}


def test_what_changes_no_question_changes_no_address():
    base = WORLD.with_policy("stand-in")
    same = base.of(
        lambda v: v.policy.model_copy(update={"fallback": "defect", "price_input": 1.0, "price_output": 1.0})
    )
    assert spoken(base) == spoken(same) == spoken(base.model_copy(update={"rounds": 9}))
    for other in (
        base.model_copy(update={"rain": 6.0}), base.with_policy("stand-in", language="fr"), WORLD,
        base.model_copy(update={"villagers": base.villagers[1:]}),
        base.of(lambda v: Team(inner=v.policy)),
    ):  # fmt: skip
        assert spoken(other) != spoken(base)
    assert run_name(base, 3) == f"village {spoken(base)[:12]} seed 3"


def test_a_second_run_sends_nothing_and_is_the_same(tmp_path):
    declared, journal = WORLD.with_policy("stand-in"), tmp_path / "journal.db"
    first, told, _ = played(declared, mode="record", journal=journal)
    again, replayed, _ = played(declared, mode="record", journal=journal)
    assert told.sent == 32 and (replayed.sent, replayed.replayed) == (0, 32)
    only, read, _ = played(declared, mode="replay", journal=journal)
    assert first == again == only and read.sent == 0


def test_a_run_that_was_cut_off_pays_for_nothing_twice(tmp_path):
    declared, journal = WORLD.with_policy("stand-in"), tmp_path / "journal.db"
    world, cast = cast_of(declared, mode="record", journal=journal)
    question = world.ask()
    world.tell(cast.decide(question))
    cast.decide(world.ask())  # bought, and lost before the world heard of it
    cast.close()
    story, told, _ = played(declared, mode="record", journal=journal)
    assert story == by_tables() and (told.sent, told.replayed) == (24, 8)


KILLED = """
import os, signal, sys
from coop_abm.engine.staged import play
from tests.llm import small_dialect
from tests.policies.test_cast import WORLD, cast_of

with small_dialect.spoken():
    world, cast = cast_of(WORLD.with_policy("stand-in"), mode="record", journal=sys.argv[1])
    play(world, cast, rounds=2)
    cast.decide(world.ask())  # bought, and the process is gone before the world hears of it
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_after_a_kill_the_run_goes_on_from_what_was_paid_for(tmp_path):
    journal = tmp_path / "journal.db"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(journal)], cwd=Path(__file__).parents[2], timeout=120)
    assert ended.returncode == -signal.SIGKILL
    story, told, _ = played(WORLD.with_policy("stand-in"), mode="record", journal=journal)
    assert story == by_tables() and (told.sent, told.replayed, told.unknown) == (32 - 20, 20, 0)
    _, again, _ = played(WORLD.with_policy("stand-in"), mode="record", journal=journal)
    assert (again.sent, again.replayed) == (0, 32)


def test_replicates_are_bought_apart(tmp_path):
    declared, journal = WORLD.with_policy("stand-in"), tmp_path / "journal.db"
    played(declared, mode="record", journal=journal)
    story, told, _ = played(declared, replicate=1, mode="record", journal=journal)
    assert story == by_tables(replicate=1) and told.sent == 32


# ------------------------------------------------------------------------------- plans


def planner(every=2, critiques=1, limit=200, model=None):
    return WORLD.of(
        lambda v: Team(
            inner=Model(model=model or f"stand-in/{v.strategy}"), every=every, critiques=critiques, limit=limit
        )
    )


def test_the_revised_plan_is_what_a_player_sees_from_then_on():
    world, cast = cast_of(planner())
    seen = []

    def told(q, minds, place=""):
        seen.append((q.stage, [q.texts[int(n)] for n in q.view.memo]))
        return asked(q, minds, place)

    asked, cast._models.decide = cast._models.decide, told
    play(world, cast, rounds=2)
    cast.close()
    draft = "plan: /"
    critique = f"critique: {draft}/"
    revised = f"revise: {draft}/{critique}"
    assert [stage for stage, _ in seen] == ["draw", "judge", "plan", "critique", "revise", "draw", "judge"]
    assert seen[1][1] == [""] * 4 and seen[2][1] == [""] * 4  # two turns of its own come first
    assert seen[5][1] == seen[6][1] == [revised] * 4
    plan = read_plan(world.texts[int(world.memo[0])])
    assert plan.plan == revised and plan.critique == critique and plan.made == 2


def test_a_plan_is_made_every_so_many_turns_of_ones_own():
    _, told, _ = played(planner(every=3, critiques=0))
    # Eight turns each, drawing and judging: plans before the fourth and the seventh.
    assert sum(count.decisions for count in told.by_model.values()) == 4 * (8 + 2)


def test_a_world_without_notes_has_no_planners():
    world, cast = cast_of(planner())
    question = world.ask()
    bare = type("Bare", (), {"_fields": ("me", "memo")})
    with pytest.raises(PolicyError, match="nobody can plan in this world; its views have no played, draft, critique"):
        cast.decide(question.changed(view=bare))
    cast.close()


def test_tables_have_no_plans_to_write_down():
    story, _, _ = played(WORLD.of(lambda v: Team(inner=Table(), every=1)))
    assert {json.loads(memo)["plan"] for memo in story["events"][-1][2]} == {""}
    # A plan takes up a number among the texts of the world, and nothing else.
    without = [[each[:3] if isinstance(each, tuple) else each for each in found] for _, found, _ in story["events"]]
    bare = [[each[:3] if isinstance(each, tuple) else each for each in found] for _, found, _ in by_tables()["events"]]
    assert without == bare


# ------------------------------------------------------------------------------- no answer


def test_a_reply_that_is_no_answer_is_asked_again_and_counted():
    _, told, cast = played(WORLD.of(lambda v: Model(model="stand-in/mumbling")))
    assert 0 < cast.replies.total.repaired < 32 and cast.replies.total.fallbacks == 0
    assert told.sent == 32 + cast.replies.total.repaired
    assert cast.told == {"fallbacks": 0.0}


@pytest.mark.parametrize(
    "kind, first, then",
    [("cooperate", [1] * 4, (-1, 0, 0.0, 0)), ("defect", [5] * 4, (-1, 1, 0.0, 0)), ("random", None, (-1, 0, 0.0, 0))],
)
def test_the_fallback_means_what_the_world_says(kind, first, then):
    declared = WORLD.of(lambda v: Model(model="stand-in/silent", fallback=kind))
    story, _told, cast = played(declared, rounds=1)
    draw = WORLD.start(3).ask().draw
    assert story["events"][0][1] == (first or [int(each * 6) for each in draw])
    assert story["events"][1][1] == [then] * 4
    assert cast.replies.total == (8, 0, 8) and cast.replies.share_now == 1.0


def test_a_plan_that_is_no_answer_is_silence():
    declared = WORLD.of(lambda v: Team(inner=Model(model="stand-in/silent", fallback="cooperate"), every=1))
    story, _, cast = played(declared, rounds=1)
    assert cast.replies.total.fallbacks == cast.replies.total.decisions > 8
    assert {json.loads(memo)["plan"] for memo in story["events"][1][2]} == {""}


def test_a_run_stops_at_a_reply_that_is_no_answer_and_goes_on_with_another_fallback(tmp_path):
    journal = tmp_path / "journal.db"
    declared = WORLD.of(lambda v: Model(model="stand-in/silent"))
    with pytest.raises(ModelError, match="no permitted answer in round 0 for individual 0, asked twice"):
        played(declared, mode="record", journal=journal)
    again = WORLD.of(lambda v: Model(model="stand-in/silent", fallback="cooperate"))
    _, told, _ = played(again, mode="record", journal=journal, rounds=1)
    assert (told.sent, told.replayed) == (8, 8)


# ------------------------------------------------------------------------------- who can decide


def test_an_object_of_ones_own_decides_for_whole_questions():
    class Mine:
        def decide(self, question):
            if question.stage == "draw":
                return Decision(np.ones(len(question), np.int64), np.full(len(question), question.texts.number("mine")))
            return question.choices.empty(len(question))

    # Nobody may choose itself: villager 0 says nothing of villager 0.
    declared = WORLD.of(lambda v: Plugin(name="mine") if v.strategy == "greedy" else Table())
    story, _, _ = played(declared, rounds=1, policies={"mine": Mine()})
    assert story["events"][0][1][3] == 1 and story["events"][0][2] == ["", "", "", "mine"]
    assert story["events"][1][1][3] == (0, 0, 0.0, 0)
    with pytest.raises(
        InputError, match=r"names 'mine', which must be handed over, with decide\(question\); given: none"
    ):
        cast_of(declared)
    with pytest.raises(InputError, match="with decide"):
        cast_of(declared, policies={"mine": lambda view: "cooperate"})


@pytest.mark.parametrize("mind", [Human(), Http(), Scripted(), Team(inner=Human())], ids=lambda mind: mind.kind)
def test_others_are_refused_in_one_line(mind):
    with pytest.raises(ScenarioError, match="is decided for by table, model, plugin, or a team of one of these; got"):
        cast_of(WORLD.of(lambda v: mind))


def test_a_name_under_which_nobody_plays_here_is_refused_before_anything_is_sent():
    with pytest.raises(InputError, match=r"^players.policy.model: must be stand-in/ and one of fair, greedy, random"):
        cast_of(WORLD.with_policy("stand-in/tft"))


def test_a_model_that_costs_money_needs_a_cap_here_too():
    declared = WORLD.with_policy("openai/gpt-4o-mini", price_input=1.0, price_output=2.0)
    with pytest.raises(InputError, match="max_cost: openai/gpt-4o-mini costs money"):
        cast_of(declared)
    _, cast = cast_of(declared, max_cost=1.0)
    cast.close()


def test_somebody_for_whom_nobody_decides_is_noticed():
    world, cast = cast_of(WORLD)
    cast.minds = cast.minds[:2]
    with pytest.raises(PolicyError, match="nobody decides for individual 3; there are 2 minds"):
        cast.decide(world.ask())


def test_texts_stay_within_their_limit():
    assert WORDS >= len("you drew 5") and Villager().policy.tabled


# ------------------------------------------------------------------------------- does it understand?


def test_models_are_asked_what_they_have_understood_of_a_village():
    means = Means(mode="off", transport="slim")
    declared = WORLD.of(lambda v: Model(model="stand-in/fair" if v.strategy == "fair" else "stand-in/random"))
    found = understanding_staged(declared, questions=30, seed=3, means=means)
    assert {model: scores.overall.asked for model, scores in found.items()} == {
        "stand-in/fair": 30, "stand-in/random": 12
    }  # fmt: skip
    assert found["stand-in/fair"].overall.right == 30 and found["stand-in/random"].overall.right < 12
    assert set(found["stand-in/fair"].by_kind) == {"rules", "state", "history"}
    with pytest.raises(InputError, match="policy: a language model must decide for somebody"):
        understanding_staged(WORLD, means=means)
