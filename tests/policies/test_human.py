"""A human's seat: who sits where, what it sees, what it may answer, what it is told; at a pipe and at a terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.core.errors import InputError, PolicyError
from coop_abm.mechanisms import Direct, Group, Indirect, Kin, Network
from coop_abm.norms import SternJudging
from coop_abm.policies.means import Means
from coop_abm.scenario.minds import Human, Model, Scripted, Team
from coop_abm.scenario.players import Players
from coop_abm.seat import play, seated
from coop_abm.strategies import AllC, AllD, TitForTat
from coop_abm.structures import Ring
from coop_abm.updates import BirthDeath, ImitateTheBest, WrightFisher
from tests.cli.terminal import assert_refused, in_process
from tests.policies.worlds import plugged, tables, world

PAYOFFS = np.array([[2.0, -1.0], [3.0, 0.0]])


class Sitting:
    """Answers by a list, then with what stands last in it; keeps what was said and asked."""

    def __init__(self, *answers):
        self.answers, self.said, self.prompts = list(answers) or ["c"], [], []

    def read(self, prompt):
        self.prompts.append(prompt)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, type):
            raise answer
        return answer(prompt) if callable(answer) else answer

    def say(self, line):
        assert line.isprintable(), repr(line)
        self.said.append(line)

    @property
    def text(self):
        return "\n".join(self.said)


def sat(declared, *answers, rounds=2, seed=1, **more):
    """(what was said, the game) of a human with these answers."""
    human = Sitting(*answers)
    return human, play(declared, read=human.read, say=human.say, rounds=rounds, seed=seed, **more)


MIXED = world(tables(share=0.5), Players(share=0.5, strategy=AllD()), size=10)

# ------------------------------------------------------------------------------------- who sits where


def test_a_human_is_put_on_a_node_and_the_others_keep_their_shares():
    declared = seated(MIXED, 3)
    assert declared.players[:2] == MIXED.players
    assert declared.players[2] == Players(nodes=(3,), strategy=TitForTat(), policy=Human())
    assert declared.seats().tolist() == [-1, -1, -1, 0, -1, -1, -1, -1, -1, -1]
    assert seated(MIXED) == seated(MIXED, 0)


def test_whoever_was_declared_for_the_node_makes_way_and_leaves_its_strategy():
    base = world(tables(share=1.0), Players(nodes=(2, 5), strategy=AllD(), policy=Scripted(moves="D")), size=10)
    declared = seated(base, 5)
    assert [entry.nodes for entry in declared.players] == [(), (2,), (5,)]
    assert declared.players[2] == Players(nodes=(5,), strategy=AllD(), policy=Human())
    alone = seated(declared.model_copy(update={"players": declared.players[:2]}), 2)
    assert [entry.nodes for entry in alone.players] == [(), (2,)]  # the entry is gone, not turned into a share


def test_a_human_of_the_scenario_stays_where_it_is():
    own = world(tables(share=1.0), Players(nodes=(4,), strategy=AllD(), policy=Human()), size=10)
    assert seated(own) == own and seated(own, 4) == own
    assert [entry.nodes for entry in seated(own, 1).players] == [(), (4,), (1,)]


@pytest.mark.parametrize(
    ("scenario", "node", "words"),
    [
        ("kin", None, "clock: must be round, on which individuals decide; got event (say --clock round)"),
        (MIXED, 10, "node must be a whole number in [0, 9]; got 10"),
        (MIXED, -1, "node must be a whole number in [0, 9]; got -1"),
        (MIXED, True, "node must be a whole number in [0, 9]; got True"),
    ],
)
def test_where_nobody_can_sit_is_said_in_one_line(scenario, node, words):
    human = Sitting()
    with pytest.raises(InputError) as refused:
        play(scenario, read=human.read, say=human.say, node=node)
    assert str(refused.value) == words and not human.said


@pytest.mark.parametrize("wrong", [{"rounds": 0}, {"rounds": 2.5}, {"seed": -1}])
def test_what_cannot_be_played_is_refused_before_a_word_is_said(wrong):
    human = Sitting()
    with pytest.raises(InputError, match=next(iter(wrong))):
        play(MIXED, read=human.read, say=human.say, **wrong)
    assert not human.said


@pytest.mark.parametrize("name", ["well_mixed", "direct", "indirect", "network", "group", "all_five", "nowak_may"])
def test_a_human_can_sit_in_every_kind_of_world(name):
    more = {"size": 100} if name == "nowak_may" else {}
    _human, game = sat(lab.world(name, clock="round", **more), "c", rounds=1)
    assert game.rounds == 1 and game.left == "" and game.code == 0


# ------------------------------------------------------------------------------------- what may be answered


@pytest.mark.parametrize(
    ("answer", "action"),
    [("c", 0), ("d", 1), ("C", 0), (" D ", 1), ("cooperate", 0), ("Defect", 1), ("COOPERATE\n", 0), ("d\r", 1)],
)
def test_letters_and_words_are_actions(answer, action):
    _human, game = sat(MIXED, answer, rounds=1)
    assert {turn.intended for turn in game.turns} == {action}


@pytest.mark.parametrize("wrong", ["", "x", "cd", "0", "coop", "\x1b[A", "дефект", "c d", "c" * 5000, "\ud800"])
def test_anything_else_is_asked_again_in_one_line(wrong):
    human, game = sat(MIXED, wrong, wrong, "d", rounds=1)
    again = [line for line in human.said if line.startswith("type c to cooperate")]
    assert len(again) == 2 and all(len(line) < 160 for line in again)
    assert {turn.intended for turn in game.turns} == {1}


def test_a_question_mark_explains_and_asks_again():
    human, game = sat(lab.world("all_five", size=20), "?", "HELP", "c", rounds=1)
    assert game.rounds == 1 and len([p for p in human.prompts if p.startswith("cooperate")]) == len(human.prompts)
    assert human.said.count("After each turn you meet again with probability 0.5.") == 2
    for words in ("standing of your partner with probability 0.5", "share 0.2 of your partner's points", "(ring)",
                  "5 groups of up to 20" if game.scenario.size == 100 else "pairwise_comparison"):  # fmt: skip
        assert words in human.text


@pytest.mark.parametrize(("word", "left", "code"), [("q", "quit", 0), ("QUIT", "quit", 0), (EOFError, "quit", 0),
                                                    (KeyboardInterrupt, "interrupted", 130)])  # fmt: skip
def test_one_can_leave_at_any_time_and_gets_a_summary(word, left, code):
    declared = world(tables(share=1.0), size=6, direct=Direct(enabled=True, continuation=0.9))
    human, game = sat(declared, *["c"] * 9, word, rounds=50)
    assert (game.left, game.code) == (left, code) and game.rounds < 50
    said = {"quit": "You left. ", "interrupted": "Interrupted. "}[left]
    assert f"{said}{game.rounds} of 50 rounds were played." in human.said
    assert {turn.round for turn in game.turns} <= set(range(game.rounds))  # a round that was begun does not count
    assert human.said[-1].startswith("tft") and human.said[-1].endswith("1.000")


def test_who_leaves_at_once_gets_a_summary_without_points():
    human, game = sat(MIXED, "q")
    assert (game.rounds, game.points, game.others_points, game.cooperation) == (0, None, None, None)
    assert "points a round" not in human.text and "strategy of the others" in human.text


def test_an_interrupt_while_others_decide_is_one_too():
    def interrupted(_view):
        raise KeyboardInterrupt

    human, game = sat(world(plugged(share=1.0)), "c", means=Means(policies={"mine": interrupted}))
    assert game.code == 130 and "Interrupted." in human.text


def test_what_goes_wrong_with_the_others_is_no_leaving():
    with pytest.raises(PolicyError, match="must answer cooperate or defect"):
        sat(world(plugged(share=1.0)), "c", means=Means(policies={"mine": lambda view: "x"}))


# ------------------------------------------------------------------------------------- what one sees


RULES = {
    "direct": ({"direct": Direct(enabled=True, continuation=0.9)}, "history with it"),
    "indirect": ({"indirect": Indirect(enabled=True, visibility=1.0, assessment=SternJudging())},
                 "Its standing is good; your own is good."),
    "not known": ({"indirect": Indirect(enabled=True, visibility=0.0, assessment=SternJudging())},
                  "You do not know its standing; your own is good."),
    "network": ({"network": Network(enabled=True, graph=Ring(degree=4))}, "Your 4 neighbours: 1, 2, 10, 11."),
    "group": ({"group": Group(enabled=True, size=4), "update": BirthDeath()}, "You live in group 0, which has 4 "),
    "kin": ({"kin": Kin(enabled=True, channel="descent", family=4), "update": WrightFisher()}, "It is of your family."),
    "talk": ({"talk": "first"}, "It said nothing."),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_what_a_rule_lets_one_know_is_told_where_it_is_on_and_nowhere_else(rule):
    changes, words = RULES[rule]
    bare = world(tables(share=1.0), size=12)
    human, _game = sat(world(tables(share=1.0), size=12, **changes), "c", rounds=1)
    plain, _game = sat(bare, "c", rounds=1)
    assert words in human.text and words not in plain.text


def test_each_decision_says_when_with_whom_and_for_what():
    human, game = sat(MIXED, "c", rounds=2)
    first = game.turns[0]
    assert f"Round 1 of 2, turn 1, with individual {first.partner}." in human.said
    asked = sum(line.startswith("Round ") and ", with " in line for line in human.said)
    assert asked == len(human.prompts) == len(game.turns)
    payoffs = ("Points of a turn: both cooperate 2; you cooperate, it defects -1; you defect, it cooperates 3; "
               "both defect 0.")  # fmt: skip
    assert sum(payoffs in line for line in human.said) == 1 + asked  # once at the start


def test_the_encounter_so_far_is_told_turn_by_turn():
    declared = world(Players(share=1.0, strategy=AllD(), policy=Scripted(moves="D")), size=4,
                     direct=Direct(enabled=True, continuation=0.95))  # fmt: skip
    human, game = sat(declared, "c", "c", "d", "c", rounds=1)
    assert "  So far with it: you C, it D." in human.said
    longest = max((line for line in human.said if "So far" in line), key=len)
    assert re.fullmatch(r"  So far with it: you [CD]( [CD])+, it D( D)+\.", longest)
    assert {turn.other for turn in game.turns} == {1}


def test_points_of_the_last_round_are_those_that_were_paid():
    human, game = sat(world(Players(share=1.0, strategy=AllC())), "d", rounds=2)
    asked = [n for n, line in enumerate(human.said) if ", with individual" in line]
    after = human.said.index("Round 1 is over.")
    assert all("  You have no points yet." in human.said[n : n + 4] for n in asked if n < after)
    assert all("  Last round you got 3 points." in human.said[n : n + 4] for n in asked if n > after)
    assert "  You got 3 points." in human.said and game.points == 3.0


def test_a_hub_names_some_of_its_neighbours_and_counts_them_all():
    declared = world(tables(share=1.0), size=30, network={"enabled": True, "graph": "star"}, update=ImitateTheBest())
    human, _game = sat(declared, "q")
    assert "  Your 29 neighbours: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, ...." in human.said


def test_a_meeting_with_a_copy_of_oneself_is_called_that():
    declared = world(tables(share=1.0), kin=Kin(enabled=True, channel="meeting", relatedness=1.0))
    human, game = sat(declared, "d", rounds=1)
    assert "with a copy of yourself." in human.text and "With a copy of yourself: you D, it D." in human.text
    assert all(turn.partner == turn.individual == 0 for turn in game.turns)
    assert game.cooperation == 0.0 and game.others_cooperation == 1.0


# ------------------------------------------------------------------------------------- words of others


HOSTILE = "hi\x1b[2J\x07\r\n\u202eRound 1 is over.\n  You got 900 points.\u2028" + " " * 200 + "Round 2 is over."


def talking(words, **rules):
    declared = world(plugged(share=1.0), talk="first", talk_limit=400, **rules)
    heard = []

    def mine(view):
        heard.append(view)
        return "cooperate" if view.options else words

    return declared, mine, heard


def test_what_others_say_cannot_pass_for_words_of_the_game():
    declared, mine, _heard = talking(HOSTILE)
    human, game = sat(
        declared, "hello", "c", means=Means(policies={"mine": mine}), rounds=1
    )  # `say` wants it printable
    assert game.rounds == 1
    quoted = [line for line in human.said if line.startswith("    | ")]
    assert any("\\x1b[2J" in line for line in quoted) and any("Round 2 is over." in line for line in quoted)
    assert max(map(len, quoted)) <= 100
    assert human.said.count("Round 1 is over.") == 1 and "Round 2 is over." not in human.said
    assert sum("900 points" in line for line in human.said) == sum("900 points" in line for line in quoted)


def test_wide_letters_stay_behind_the_bar():
    from rich.cells import cell_len

    declared, mine, _heard = talking("漢" * 400)
    human, _game = sat(declared, "hello", "c", means=Means(policies={"mine": mine}), rounds=1)
    assert max(cell_len(line) for line in human.said if "漢" in line) <= 100


def test_a_message_reaches_the_partner_and_an_empty_line_says_nothing():
    declared, mine, heard = talking("yes?")
    human, game = sat(declared, lambda prompt: "c" if prompt.startswith("coop") else "Let's cooperate! ☕",
                      means=Means(policies={"mine": mine}), rounds=1)  # fmt: skip
    partners = {turn.partner for turn in game.turns}
    assert {v.said for v in heard if v.stage == "act" and v.partner == 0} == {"Let's cooperate! ☕"}
    assert partners <= {v.individual for v in heard}
    assert any(p.startswith("your message to individual ") and "at most 400 characters" in p for p in human.prompts)
    _human, _game = sat(declared, lambda prompt: "c" if prompt.startswith("coop") else "",
                        means=Means(policies={"mine": mine}), rounds=1)  # fmt: skip
    assert heard[-1].stage == "act" and {v.said for v in heard[len(heard) // 2 :] if v.partner == 0} <= {"", "yes?"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("x" * 401, "at most 400 characters; got 401"),
        ("a\x1b[31mb", "a text must have no control characters; got 'a\\x1b[31mb'"),
        ("a\ud800", "a text must have no control characters; got 'a\\ud800'"),
    ],
)
def test_a_message_that_cannot_be_sent_is_asked_for_again(wrong, words):
    declared, mine, _heard = talking("yes?")
    human, game = sat(declared, wrong, "hello", lambda prompt: "c", means=Means(policies={"mine": mine}), rounds=1)
    assert words in human.said and game.rounds == 1


def test_a_message_in_any_script_can_be_sent():
    declared, mine, heard = talking("yes?")
    words = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👨\u200d👩\u200d👧"  # joiners are letters' business
    sat(declared, lambda p: "c" if p.startswith("coop") else words, means=Means(policies={"mine": mine}), rounds=1)
    assert words in {view.said for view in heard}


def test_one_can_leave_instead_of_saying_something():
    declared, mine, _heard = talking("yes?")
    _human, game = sat(declared, "q", means=Means(policies={"mine": mine}))
    assert game.left == "quit"


def test_a_planning_human_is_shown_its_draft_its_critique_and_its_plan():
    declared = world(tables(share=1.0), Players(nodes=(0,), strategy=TitForTat(), policy=Team(inner=Human(), every=1)))

    def answer(prompt):
        return "c" if prompt.startswith("coop") else prompt.split("(")[0].strip().replace("your ", "my ")

    human, game = sat(declared, answer, rounds=2)
    assert game.rounds == 2
    assert [p.split(" (")[0] for p in human.prompts if "plan" in p or "critique" in p][:3] == [
        "your plan", "your critique", "your revised plan",
    ]  # fmt: skip
    for words in ("  The draft:", "    | my plan", "  What was said of it:", "    | my critique", "  Your notes:",
                  "    | my revised plan"):  # fmt: skip
        assert words in human.said


# ------------------------------------------------------------------------------------- what came of it


def test_the_account_is_that_of_the_world():
    """Points of a round are the mean over one's encounters, of what was done and not of what was meant."""
    declared = world(tables(share=0.5), Players(share=0.5, strategy=AllD()), size=12, partners="all",
                     network=Network(enabled=True, graph=Ring(degree=4)), execution_error=0.3)  # fmt: skip
    human, game = sat(declared, "c", "d", "d", "c", "c", rounds=6)
    assert len(game.turns) == 6 * 4 and any(turn.own != turn.intended for turn in game.turns)
    earned = [np.mean([PAYOFFS[t.own, t.other] for t in game.turns if t.round == r]) for r in range(6)]
    assert game.points == pytest.approx(np.mean(earned))
    assert game.cooperation == pytest.approx(np.mean([turn.own == 0 for turn in game.turns]))
    for r, amount in enumerate(earned):
        over = human.said.index(f"Round {r + 1} is over.")
        assert f"  You got {amount:.4g} points." in human.said[over : over + 14]
    assert any("What you intended failed in turn 1." in line for line in human.said)


def test_the_others_account_leaves_the_human_out():
    declared = world(Players(share=1.0, strategy=AllC()), size=5, partners="all")
    human, game = sat(declared, "d", rounds=1)
    assert (game.points, game.cooperation, game.others_cooperation) == (3.0, 0.0, 1.0)
    assert game.others_points == pytest.approx((3 * 2 - 1) / 4)
    assert f"{'points a round':<24}{'3.000':>10}{'1.250':>10}" in human.said
    assert f"{'share of cooperation':<24}{'0.000':>10}{'1.000':>10}" in human.said
    assert "  80% of all actions were to cooperate." in human.said
    assert game.shares == {"allc": (1.0, 1.0)}


def test_shares_are_those_of_the_others():
    declared = world(Players(share=1.0, strategy=AllC()), Players(nodes=(0,), strategy=AllD(), policy=Human()), size=5)
    _human, game = sat(declared, "c", rounds=1)
    assert game.shares == {"allc": (1.0, 1.0), "alld": (0.0, 0.0)}


@pytest.mark.parametrize("rules", [{}, {"direct": Direct(enabled=True, continuation=0.8)}], ids=["one turn", "many"])
def test_a_human_that_plays_tit_for_tat_leaves_the_world_as_it_was(rules):
    declared = seated(world(tables(share=1.0), size=20, execution_error=0.2, **rules), 0)
    human = Sitting()

    def tit_for_tat(_prompt):
        so_far = next(line for line in reversed(human.said) if "So far" in line or ", with individual" in line)
        return so_far[-2].lower() if "So far" in so_far else "c"

    human.answers = [tit_for_tat]
    game = play(declared, read=human.read, say=human.say, rounds=6, seed=4)
    entry = declared.players[-1].model_copy(update={"policy": tables().policy})
    ruled = declared.model_copy(update={"players": (*declared.players[:-1], entry)})
    still = lab.start(ruled, 4)
    points = []
    for _ in range(6):
        still.step()
        points.append(still.snapshot().payoff[0].copy())
    assert game.points == pytest.approx(np.mean([row[0] for row in points]))
    assert game.others_points == pytest.approx(np.mean([row[1:].mean() for row in points]))
    assert game.turns and any(turn.own != turn.intended for turn in game.turns)


def test_the_same_seed_and_answers_are_the_same_game():
    one, other, third = (sat(lab.world("all_five"), "c", "d", "c", seed=seed)[1] for seed in (3, 3, 4))
    assert one == other and one.turns != third.turns


def test_two_seats_are_told_apart():
    declared = world(tables(share=1.0), Players(nodes=(1, 4), strategy=AllD(), policy=Human()), size=6)
    human, game = sat(declared, "c", rounds=1)
    assert human.said[0].startswith("You are individuals 1, 4 of 6")
    assert {turn.individual for turn in game.turns} == {1, 4} and game.seats == (1, 4)
    assert any(line.startswith("You are individual 4. Round 1 of 1") for line in human.said)
    assert any(line.startswith("  Individual 4 got ") for line in human.said)


def test_a_place_on_which_nobody_lives_waits_for_somebody():
    """In groups that split, whole groups die out, and with them whoever sits there."""
    declared = world(tables(share=1.0), size=12, group=Group(enabled=True, size=3, split=0.9),
                     update=BirthDeath(intensity=0.1, replacements=6))  # fmt: skip
    human, game = sat(declared, "c", rounds=40, node=11)
    empty = human.said.count("  Nobody lived on your place.")
    assert 0 < empty < 40 and game.rounds == 40
    assert len({turn.round for turn in game.turns}) <= 40 - empty


def test_models_and_plugins_beside_a_human_are_reached_by_the_same_means():
    asked = []

    def mine(view):
        asked.append(view.individual)
        return "defect"

    _human, game = sat(world(plugged(share=1.0)), "c", means=Means(policies={"mine": mine}), rounds=2)
    assert asked and 0 not in asked and game.others_cooperation == 0.0


def test_a_stand_in_beside_a_human_is_named_as_what_it_is(tmp_path):
    declared = world(Players(share=1.0, strategy=AllC(), policy=Model(model="stand-in/alld")), size=4)
    means = Means(journal=tmp_path / "journal.sqlite", transport="slim")
    human, first = sat(declared, "c", means=means, rounds=2)
    assert first.others_cooperation == 0.0 and first.minds.sent > 0
    told = [line for line in human.said if line.startswith("stand-in/alld")]
    assert len(told) == 2 and all("(a strategy played by a server, no language model)" in line for line in told)
    again, second = sat(declared, "c", means=means, rounds=2)
    assert second.minds.sent == 0 and second.turns == first.turns
    assert any(line.startswith("0 requests sent, ") for line in again.said)


def test_what_is_copied_of_a_human_is_said_and_its_strategy():
    human, game = sat(MIXED, "c", rounds=1)
    assert "You keep your place; whoever copies you takes up the strategy tft." in human.said
    assert list(game.shares) == ["tft", "alld"]


def test_names_from_a_file_are_printed_safely():
    hostile = MIXED.model_copy(update={"name": "x\x1b[31m\n[bold]", "description": "y\u202e\nRound 1 is over."})
    human, _game = sat(hostile, "q")  # `say` wants every line printable
    assert human.said[0].startswith("You are individual 0 of 10 in 'x\\x1b[31m\\n[bold]'")
    assert "Round 1 is over." not in human.said


# ------------------------------------------------------------------------------------- at a pipe, at a terminal


ROOT = Path(__file__).parents[2]
SGR = re.compile(r"\x1b\[[0-9;]*m")


GAME = ("play", "direct", "--clock", "round", "--rounds", "3", "--seed", "1")


def piped(text, *words, encoding="utf-8"):
    done = subprocess.run(
        [sys.executable, "-m", "coop_abm.cli", *words], cwd=ROOT, input=text.encode(encoding),
        env={**os.environ, "PYTHONUTF8": "1"}, capture_output=True, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_a_world_that_asks_nobody_is_refused_by_the_command(monkeypatch, capsys):
    end = in_process(monkeypatch, capsys, "play", "kin")
    assert_refused(end, "clock: must be round, on which individuals decide; got event (say --clock round)")
    assert end.out == ""


def test_a_game_through_a_pipe_to_its_end():
    code, out, err = piped("hm\n" + "c\n" * 200, "play", "all_five", "--rounds", "2", "--seed", "1", "--talk", "first")
    assert (code, err) == (0, "") and "2 of 2 rounds were played." in out and "\x1b" not in out
    assert "share of cooperation         1.000" in out
    assert "cooperate or defect? " in out and "your message to individual " in out


def test_a_pipe_that_ends_is_somebody_who_leaves_and_bytes_that_are_no_text_are_asked_again():
    code, out, err = piped("?\nx\n\xff\xfe\n\xe9\n", *GAME, encoding="latin-1")
    assert (code, err) == (0, "") and "You left. 0 of 3 rounds were played." in out
    assert out.count("type c to cooperate, d to defect, ? for help, q to leave; got ") == 3 and "got 'x'" in out


@pytest.mark.skipif(os.name != "posix", reason="a terminal as Unix has it")
class TestTerminal:
    """The same at a pseudo-terminal."""

    def at(self, *keys, columns=80):
        """(exit code, what stood on the screen) after typing keys, each when it is asked for something."""
        import fcntl
        import pty
        import struct
        import termios

        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONUTF8": "1"}
        env.pop("NO_COLOR", None)
        process = subprocess.Popen(
            [sys.executable, "-c", "import fcntl, runpy, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
             "runpy.run_module('coop_abm.cli', run_name='__main__', alter_sys=True)", *GAME],
            cwd=ROOT, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        screen, shown, typed, waiting = "", b"", list(keys), 0
        quiet = deadline = time.monotonic()
        deadline += 240
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.2)[0]:
                try:
                    read = os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
                if not read:
                    break
                shown, quiet = shown + read, time.monotonic()
                screen = shown.decode(errors="replace")
            if typed and screen.endswith(("defect? ", "): ")) and len(screen) > waiting:
                waiting = len(screen)
                os.write(ours, typed.pop(0).encode())
            elif waiting and not typed and time.monotonic() > quiet + 3:
                # An interrupt between the prompt and the wait for a key is heard of with the next key.
                quiet = time.monotonic()
                os.write(ours, keys[-1].encode())
        os.close(ours)
        try:
            return process.wait(timeout=60), screen
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)

    def test_only_cooperation_and_defection_are_coloured(self):
        code, screen = self.at("c\n", "x\n", "q\n")
        assert code == 0 and "You left." in screen and "got 'x'" in SGR.sub("", screen)
        coloured = re.findall(r"\x1b\[(38;2;[0-9;]+)m([^\x1b]*)", screen)
        blue, orange = "38;2;0;114;178", "38;2;230;159;0"
        assert {(colour, word[:5].lower()) for colour, word in coloured} >= {(blue, "coope"), (orange, "defec")}
        permitted = {blue: r"[Cc]ooperat\w*|C", orange: r"[Dd]efect\w*|D"}
        assert all(re.fullmatch(permitted[colour], word) for colour, word in coloured)
        assert "\x1b" not in SGR.sub("", screen)

    def test_ctrl_d_leaves_and_ctrl_c_interrupts(self):
        code, screen = self.at("\x04")
        assert code == 0 and "You left." in screen and "Traceback" not in screen
        code, screen = self.at("\x03")
        assert (
            code == 130 and "Interrupted." in screen and "coop-abm: interrupted" in screen and "Traceback" not in screen
        )
