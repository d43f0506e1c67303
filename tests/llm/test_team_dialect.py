"""Team tournaments in words: what is told in which condition, the ten questions, and who stands in."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import coop_abm
from coop_abm.core.errors import InputError
from coop_abm.core.part import kind_of
from coop_abm.engine.teams import Entry, TeamTournament
from coop_abm.llm import comprehension, prompts, reading
from coop_abm.llm.dialects.encounter import ENCOUNTER
from coop_abm.llm.dialects.teams import TEAMS, TeamFacts
from coop_abm.llm.facts import Manner
from coop_abm.llm.stand_ins.teams import cast, moment
from coop_abm.policies.telling_teams import TeamTeller
from coop_abm.scenario.minds import Model
from coop_abm.strategies.library import TitForTat
from coop_abm.strategies.team import KINDS, Leaver, Liar, Moment, Teammate, TeamStrategy, spelled

FACTS = TeamFacts(
    "act", ((3.0, -1.0), (5.0, 0.0)), 20, 100, 1, 3, 43, 12.0, "both", exit=True, meets="all", teams=2, size=3,
    bonus=2.0, unknown="everybody", team=0, rank=1, totals=((0, 30.0),), partner=4, mate=False,
    history=((0, 0), (1, 0), (0, 1)),
)  # fmt: skip


def told(rounds=0, **knobs):
    """Both messages to the first player of a tournament after so many rounds."""
    declared = TeamTournament(players=(Entry(strategy=TitForTat()),), **knobs)
    world, table = declared.start(0), declared.table()
    for _ in range(rounds):
        world.tell(table.decide(world.ask()))
    teller = TeamTeller(world)
    facts = next(teller.facts(world.ask(), [Model()] * 2))
    return facts, "\n".join(text for _, text in prompts.render(facts, teller.manner(Model(), 0)))


@pytest.mark.parametrize("condition", ["none", "ri"])
def test_where_points_are_ones_own_no_word_is_said_of_teams(condition):
    for rounds in (0, 1):
        facts, prompt = told(rounds, condition=condition, chat=True, scores="all", unknown="rivals")
        assert "team" not in prompt and facts.mate is facts.teams is facts.bonus is None
        assert "as many points as you can for yourself" in prompt


def test_each_condition_tells_its_own_aim():
    aims = {
        condition: re.search(r"Your aim is .*", told(condition=condition)[1])[0] for condition in ("ri", "gc", "sa")
    }
    assert len(set(aims.values())) == 3 and "that your team" in aims["gc"] and "and that you get" in aims["sa"]
    assert "no member of your own" in told(condition="gc")[1]


def test_a_first_turn_says_that_the_partner_is_unknown_and_the_next_who_it_is():
    assert "You do not know who your partner is." in told(0)[1]
    facts, prompt = told(1)
    assert "Your partner is individual 1.\nYour partner is a member of your own team." in prompt and facts.mate is True


def test_exit_is_asked_for_only_where_there_is_one():
    assert '"stay": "stay"' in told()[1] and '"stay"' not in told(exit=False)[1]
    assert [key for key, _ in TEAMS.form(FACTS, Manner()).keys] == ["action", "stay"]


@pytest.mark.parametrize("language", TEAMS.languages)
def test_lines_that_both_dialects_have_are_the_same_to_the_letter(language):
    here, there = TEAMS.wording(language), ENCOUNTER.wording(language)
    shared = {(table, key) for table in ("system", "user", "repair")
              for key in here.tables[table].keys() & there.tables[table].keys()} - {("system", "opening")}  # fmt: skip
    own = {("system", key) for key in ("everybody",)} | {("user", "talk"), ("user", "partner")}
    for table, key in shared - own:
        assert here.tables[table][key].text == there.tables[table][key].text, key
    assert here.system["slips"].text == there.system["slips_both"].text
    assert len(shared - own) > 20 and here.personas == there.personas


# ------------------------------------------------------------------------------ the ten questions


def test_the_ten_questions_of_the_paper_have_the_answers_of_the_match():
    truths = {quiz.name: quiz.truth for quiz in comprehension.every(FACTS, Manner())}
    assert truths["lowest"] == -1 and truths["highest"] == 5 and truths["permitted"] == ["action_a", "action_b"]
    assert truths["payoff own=action_b other=action_a"] == 5 and truths["turn"] == 4
    assert truths["partner_action turn=3"] == "action_b"
    assert [truths[f"partner_points turn={t}"] for t in (1, 2, 3)] == [3, -1, 5]
    assert truths["partner_count label=action_a"] == 2 and truths["partner_total"] == 7
    assert truths["tft help=action_a"] is True
    # It answered the one defection with a defection.
    assert truths["forgiving help=action_a refuse=action_b"] is False


def test_points_lost_are_asked_for_as_points_lost():
    truths = {quiz.name: quiz.truth for quiz in comprehension.every(FACTS, Manner(framing="penalty"))}
    assert (truths["partner_points turn=3"], truths["highest"], truths["lowest"]) == (-5, -5, 1)


@pytest.mark.parametrize("history", [(), ((0, 0),)])
def test_what_nothing_tells_is_not_asked(history):
    names = {quiz.name.split()[0] for quiz in comprehension.every(FACTS._replace(history=history), Manner())}
    assert not names & {"tft", "forgiving"}


def test_a_stand_in_answers_every_question():
    from coop_abm.llm.stand_in_players import Asked, player

    for quiz in comprehension.every(FACTS, Manner("de")):
        asked = Asked(comprehension.messages(FACTS, Manner("de"), quiz), 0.5)
        assert comprehension.is_right(comprehension.Answer(quiz, player("stand-in/tft", "teams")(asked)))


# ------------------------------------------------------------------------------ who stands in

BIBLIOGRAPHY = (Path(coop_abm.__file__).parent / "references.bib").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS, ids=kind_of)
def test_every_strategy_can_be_stood_in_for_under_its_spelling(kind):
    name, _, knobs = spelled(kind()).partition("?")
    assert name == kind_of(kind) and not knobs and callable(cast(name, {}))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if issubclass(kind, TeamStrategy)], ids=kind_of)
def test_every_team_strategy_has_title_sentence_and_source(kind):
    assert kind.title and re.match(r"[A-Z].*\.", " ".join(kind.__doc__.split()))
    assert kind.references and all(f"{{{key}," in BIBLIOGRAPHY for key in kind.references)
    assert all(field.description for name, field in kind.model_fields.items() if name != "kind")


def test_knobs_are_spelled_and_read_back():
    assert spelled(Leaver(plays="grim", after=3)) == "leaver?plays=grim&after=3"
    with pytest.raises(InputError, match=r"teammate.weight: .* got '?2"):
        cast("teammate", {"weight": "2"})
    with pytest.raises(InputError, match=r"leaver.after: .* got 'two'"):
        cast("leaver", {"after": "two"})


def test_what_a_stand_in_reads_is_what_a_table_reads():
    read = moment(FACTS)
    assert read.mates == pytest.approx(2 / 5) and read.mate is False and read.history == FACTS.history
    assert moment(FACTS._replace(meets="between")).mates == 0 and moment(FACTS._replace(unknown="rivals")).mates == 0
    assert Teammate().chance(read) == 0.0


@pytest.mark.parametrize("framing", ["reward", "penalty"])
@pytest.mark.parametrize("unknown", ["everybody", "nobody"])
def test_every_moment_of_a_tournament_reads_the_same_in_view_and_prompt(unknown, framing):
    declared = TeamTournament(
        players=(Entry(strategy=Teammate()), Entry(strategy=Liar()), Entry(strategy=TitForTat())), rounds=3, slips=0.1,
        chat=True, pledges=True, deception=1, history="team", reputation="public", unknown=unknown, tournaments=2,
    )  # fmt: skip
    run, table, mind = declared.start(2), declared.table(), Model(framing=framing)
    teller, told = TeamTeller(run), set()
    while (question := run.ask()) is not None:
        for q, (facts, who) in enumerate(zip(teller.facts(question, [mind] * 2), question.individual, strict=True)):
            shown = table.moment(question, q)
            assert moment(reading.read(prompts.render(facts, teller.manner(mind, int(who))))[0]) == shown
            told |= {name for name, value in shown._asdict().items() if value is not None}
        answers = table.decide(question)
        if question.stage == "talk":
            answers = np.array([question.texts.number(f"this is {who}") for who in question.individual])
        run.tell(answers)
    assert told == {*Moment._fields}
