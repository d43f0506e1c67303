"""A repeated game in words: the same placeholders in every language, and all that a rule reads can be heard back."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import strategies as st

from coop_abm.engine.repeated_games import Contestant, RepeatedGame, sights_of
from coop_abm.games import BattleOfTheSexes, PublicGoods
from coop_abm.games.published import PUBLISHED
from coop_abm.llm.dialects.repeated import REPEATED, Turns, first_helps
from coop_abm.llm.facts import Manner
from coop_abm.llm.prompts import render
from coop_abm.llm.reading import NotOurs, read
from coop_abm.llm.stand_ins.repeated import sight_of
from coop_abm.llm.wording import LANGUAGES
from coop_abm.policies.match_teller import MatchTeller
from coop_abm.scenario.minds import Model
from coop_abm.strategies import AllC, Persona
from tests.llm import prompting

PLACEHOLDER = re.compile(r"\{[a-z_]+\}")
JSON_KEY = re.compile(r'"[a-z]+": ')


def lines_of(language):
    """table.key -> template."""
    told = tomllib.loads(files("coop_abm.llm").joinpath("templates", f"repeated_{language}.toml").read_text("utf-8"))
    return {f"{t}.{k}": line for t, table in told.items() if isinstance(table, dict) for k, line in table.items()}


@st.composite
def moments(draw):
    """Facts of a repeated game whose payoffs say which action is to cooperate, and a manner."""
    size, meets = draw(st.sampled_from([(2, False), (2, True), (3, False), (4, False)]))
    if meets:
        apart, second, favourite = sorted(draw(st.lists(st.floats(-50, 50), min_size=3, max_size=3, unique=True)))
        table = BattleOfTheSexes(favourite=favourite, second=second, apart=apart).by_helpers()
    else:
        table = np.array(draw(st.lists(st.floats(-50, 50), min_size=2 * size, max_size=2 * size))).reshape(2, size)
        table = table[:, np.argsort(table.sum(axis=0), kind="stable")]
    pays = tuple(tuple(float(v) + 0.0 for v in row) for row in table)
    if not first_helps(pays) or first_helps(tuple(row[::-1] for row in pays[::-1])):
        pays = ((0.0,) * (size - 1) + (2.0,), (1.0,) * (size - 1) + (3.0,))
        meets = False
    rounds = draw(st.integers(0, 5))
    told = draw(st.lists(st.sampled_from(["none", "cooperative", "selfish"]), min_size=size - 1, max_size=size - 1))
    told = tuple(told) if any(each != "none" for each in told) and draw(st.booleans()) else ()
    facts = Turns(
        "act", pays, draw(st.integers(0, size - 1)), rounds, meets, draw(st.none() | st.integers(1, 99)),
        tuple(draw(st.lists(st.integers(0, 1), min_size=rounds, max_size=rounds))),
        tuple(draw(st.lists(st.integers(0, size - 1), min_size=rounds, max_size=rounds))),
        draw(st.floats(-99, 99)) + 0.0 if rounds else None, told,
        draw(st.floats(0.0625, 1)) if told else None,
    )  # fmt: skip
    manner = Manner(
        draw(st.sampled_from(LANGUAGES)), draw(st.sampled_from(["reward", "penalty"])), draw(prompting.labels),
        draw(st.booleans()), draw(st.sampled_from(["", "cooperative", "selfish", "a sentence of one's own"])),
        draw(st.booleans()),
    )  # fmt: skip
    return facts, manner


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_language_has_the_same_keys_and_placeholders_line_by_line(language):
    english, other = lines_of("en"), lines_of(language)
    assert list(english) == list(other)
    for key, line in english.items():
        assert sorted(PLACEHOLDER.findall(line)) == sorted(PLACEHOLDER.findall(other[key])), key
        assert JSON_KEY.findall(line) == JSON_KEY.findall(other[key]), key
        assert line != other[key] or not re.search("[a-z]{3}", JSON_KEY.sub("", PLACEHOLDER.sub("", line))), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_lines_are_the_same_and_the_literature_is_not_named(language):
    said = list(lines_of(language).values())
    assert len(set(said)) == len(said)
    assert not re.search(r"defect|dilemma|prisoner|betray", " ".join(said), re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("game", PUBLISHED)
def test_what_a_rule_sees_is_what_it_reads_in_the_prompt(language, game):
    for level, played in PUBLISHED[game].items():
        personas = ("cooperative", "selfish", "none")[: played.seats]
        seats = tuple(Contestant(strategy=Persona(), persona=persona) for persona in personas)
        for replicate, framing in enumerate(("native", "reward", "penalty", "native")):
            world = RepeatedGame(
                game=played, language=language, framing=framing, knowledge=0.7, players=seats,
                horizon=("known", "unknown")[replicate % 2],
            ).with_policy("stand-in")  # fmt: skip
            match, minds = world.start(1, replicate), world.minds()
            teller = MatchTeller(match)
            for _ in range(3):
                question = match.ask()
                seen = sights_of(question.view)
                for who, facts in enumerate(teller.facts(question, list(minds))):
                    assert sight_of(*read(render(facts, teller.manner(minds[who], who)))) == seen[who], level
                match.tell(np.array([0, 1, 1])[: played.seats])


def test_labels_and_their_order_are_counterbalanced_over_replications():
    world = RepeatedGame(players=(Contestant(strategy=AllC()), Contestant(strategy=AllC())))
    for seat in (0, 1):
        ways = [MatchTeller(world.start(5, replicate)).manner(Model(), seat) for replicate in range(4)]
        assert len({(way.labels, way.swapped) for way in ways}) == 4
    tellers = [MatchTeller(world.start(5, replicate)) for replicate in range(8)]
    assert all(teller.manner(Model(), 0) != teller.manner(Model(), 1) for teller in tellers)


def test_in_the_battle_of_the_sexes_two_who_name_the_same_place_meet():
    """The first player stays at its favourite place, the second gives way: in the words of both they name one place."""
    world = RepeatedGame(game=BattleOfTheSexes(favourite=10.0, second=7.0)).with_policy("stand-in")
    match = world.start(0)
    match.tell(np.array([1, 0]))
    teller, minds = MatchTeller(match), world.minds()
    for who, facts in enumerate(teller.facts(match.ask(), list(minds))):
        manner = teller.manner(minds[who], who)
        system, user = (text for _role, text in render(facts, manner))
        mine = manner.labels[(1, 0)[who]]
        assert f'1. you "{mine}", the other player "{mine}"' in user
        assert f'you choose "{mine}", the other player chooses "{mine}": you win {(10, 7)[who]}' in system


def test_plain_labels_are_never_given_to_places():
    world = RepeatedGame(game=BattleOfTheSexes())
    assert "cooperate" not in MatchTeller(world.start(0)).manner(Model(labels="plain"), 0).labels
    assert "cooperate" in MatchTeller(RepeatedGame().start(0)).manner(Model(labels="plain"), 0).labels


def test_a_line_that_counts_the_other_label_is_no_prompt_of_ours():
    world = RepeatedGame(game=PublicGoods(), players=(Contestant(),) * 3)
    match = world.start(0)
    facts = next(MatchTeller(match).facts(match.ask(), [Model()] * 3))
    system, user = render(facts, Manner())
    forged = system[1].replace('others choose "action_a"', 'others choose "action_b"', 1)
    with pytest.raises(NotOurs):
        read((("system", forged), user))


def test_the_dialect_is_told_in_all_languages():
    assert REPEATED.languages == LANGUAGES
