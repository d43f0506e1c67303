"""Minds in the engine: whoever reads more than a table sees what was, and disturbs nothing by reading it."""

import numpy as np
import pytest

from coop_abm.core.errors import CoopError, PolicyError, ScenarioError
from coop_abm.core.question import Decision, Texts, Words
from coop_abm.core.state import COLUMNS, PAIR_COLUMNS
from coop_abm.engine.rounds import LONGEST_MEMO, Play, run
from coop_abm.policies.means import Means
from coop_abm.policies.roster import roster
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.knobs import replace
from tests.parity.worlds import PLAYERS, UPDATES, refused, subsets, world

MINE = {"kind": "plugin", "name": "mine"}
MINDED = [{**entry, "policy": MINE} for entry in PLAYERS]
DEFECTORS = [{"share": 1.0, "strategy": "alld", "policy": MINE}]
#: Everybody refuses and is seen to refuse, so that whoever has a good name at the end of a round is new.
DISGRACED = {"indirect.assessment": "image_scoring", "players": DEFECTORS}
TABLE = [column.name for column in (*COLUMNS, *PAIR_COLUMNS)]


class Writer:
    """Acts as the tables say, and says and writes down something that nobody else ever says or writes."""

    def __init__(self, play, first=0):
        self.reader, self.first = TableReader(play.repertoire), first

    def decide(self, question):
        where = [f"{self.first + k} {question.round} {question.turn} {row}"
                 for k, row in zip(question.replicate.tolist(), question.row.tolist(), strict=True)]  # fmt: skip
        memo = np.array([question.texts.number(f"note {each}") for each in where], np.int64)
        if question.stage == "talk":
            said = np.array([question.texts.number(f"word {each}") for each in where], np.int64)
            return Decision(said, memo)
        return Decision(self.reader.decide(question), memo)


def on_the_table(play):
    """The columns that every world has, and what was done in the last round."""
    return {name: play.state.columns[name].copy() for name in TABLE} | {"acts": play.acts.copy()}


def parted(one, other):
    return [name for name in one if one[name].tobytes() != other[name].tobytes()]


def texts_of(play):
    """Every note as text: numbers depend on who was asked first."""
    return [[play.texts[number] for number in row] for row in play.state.memo.tolist()]


def turns(play, policy, rounds):
    """Every question of a world, each answered once it was looked at."""
    while play.round < rounds:
        question = play.ask()
        yield question
        play.tell(policy.decide(question))


# ------------------------------------------------------------------------------- nothing is disturbed


@pytest.mark.parametrize("update", UPDATES)
def test_worlds_with_talk_and_notes_are_the_worlds_of_tables(update):
    found = {}
    for on in subsets():
        structure = "ring" if "network" in on else "complete"
        if refused(on, update, structure):
            continue
        scenario = world(on, update, structure, execution_error=0.1)
        unasked = Play(scenario, 7, replicates=2)
        unasked.advance(3)
        for talk, players in [("never", PLAYERS), ("never", MINDED), ("first", PLAYERS), ("always", MINDED)]:
            play = Play(replace(scenario, {"talk": talk, "players": players}), 7, replicates=2)
            writes = play.scenario.minded
            run(play, (Writer if writes else Asked)(play if writes else play.repertoire), 3)
            if different := parted(on_the_table(unasked), on_the_table(play)):
                found[on, talk, "minded" if players is MINDED else "tables"] = different
            assert not writes or len(play.texts) > 50
    assert not found


class Asked(TableReader):
    """A reader of tables that is asked, because it is another class."""

    def decide(self, question):
        return super().decide(question)


@pytest.mark.parametrize(
    "changes",
    [
        {"indirect.opinions": "private", "indirect.assessment": {"kind": "leading_eight", "number": 2}},
        {"kin.channel": "meeting", "payoff": "accumulated"},
        {"partners": "all", "indirect.assessment": "stern_judging", "slips": "help"},
    ],
    ids=["private", "copies", "all"],
)
def test_richer_worlds_are_not_disturbed_either(changes):
    scenario = world(("kin", "direct", "indirect"), "imitation", execution_error=0.2, **changes)
    unasked = Play(scenario, 3, replicates=2)
    unasked.advance(5)
    play = Play(replace(scenario, {"talk": "always", "players": MINDED}), 3, replicates=2)
    run(play, Writer(play), 5)
    assert not parted(on_the_table(unasked), on_the_table(play))


def test_a_policy_of_ones_own_that_reads_the_tables_is_the_tables():
    scenario = world(("direct", "indirect", "network"), "death_birth")
    unasked = Play(scenario, 5, replicates=2)
    unasked.advance(4)
    play = Play(replace(scenario, {"players": MINDED, "talk": "first"}), 5, replicates=2)
    policy = roster(
        play.scenario, play.repertoire, play.answers, seed=5, means=Means(policies={"mine": Writer(play)})
    )  # fmt: skip
    run(play, policy, 4)
    assert not parted(on_the_table(unasked), on_the_table(play))
    assert any(note.startswith("note ") for notes in texts_of(play) for note in notes)


def test_a_block_of_replicates_is_as_many_single_worlds_with_words_and_notes():
    scenario = world(("direct", "indirect"), "birth_death", players=MINDED, talk="always")
    together = Play(scenario, 3, replicates=3, first=4)
    run(together, Writer(together, first=4), 4)
    for k in range(3):
        alone = Play(scenario, 3, first=4 + k)
        run(alone, Writer(alone, first=4 + k), 4)
        assert texts_of(alone)[0] == texts_of(together)[k]
        assert np.array_equal(alone.state.played[0], together.state.played[k])
        for name in TABLE:
            assert np.array_equal(alone.state.columns[name][0], together.state.columns[name][k]), name


# ------------------------------------------------------------------------------- what was done


@pytest.mark.parametrize("partners", ["one", "all"])
def test_history_is_what_was_done_and_paid_after_slips(partners):
    play = Play(world(("direct",), "imitation", partners=partners, execution_error=0.3,
                      **{"direct.continuation": 0.8}), 2, replicates=2)  # fmt: skip
    reader, payoffs, longest, slipped, meant = TableReader(play.repertoire), play.payoffs, 0, 0, {}
    for question in turns(play, Noted(reader, meant), 3):
        history, met = question.view.history, play.met
        assert history.shape == (len(question), question.turn)
        encounter, side = question.row // 2, question.row % 2
        own, other = (history - 1) // 2, (history - 1) % 2
        np.testing.assert_allclose(
            payoffs[own, other].sum(axis=1), met.total[question.replicate, encounter, side], atol=1e-9
        )
        assert np.array_equal(own[0::2], other[1::2]) and np.array_equal(other[0::2], own[1::2])
        if question.turn:
            assert np.array_equal(history[:, -1], question.view.last)
            longest = max(longest, question.turn)
            intended = [meant[question.round, question.turn - 1, k, row]
                        for k, row in zip(question.replicate.tolist(), question.row.tolist(), strict=True)]  # fmt: skip
            slipped += int((own[:, -1] != intended).sum())
    assert longest > 4
    assert slipped > 10


class Noted:
    """A policy of which it is noted what it meant to do."""

    def __init__(self, policy, meant):
        self.policy, self.meant = policy, meant

    def decide(self, question):
        action = self.policy.decide(question)
        for k, row, act in zip(question.replicate.tolist(), question.row.tolist(), action.tolist(), strict=True):
            self.meant[question.round, question.turn, k, row] = act
        return action


def test_history_is_what_was_meant_where_nothing_slips():
    play, meant = Play(world(("direct",), "imitation", **{"direct.continuation": 0.8}), 4), {}
    for question in turns(play, Noted(TableReader(play.repertoire), meant), 3):
        for q, row in enumerate(question.row.tolist()):
            done = [meant[question.round, turn, 0, row] for turn in range(question.turn)]
            assert [(outcome - 1) // 2 for outcome in question.view.history[q].tolist()] == done


def test_who_writes_into_a_view_changes_nothing():
    play = Play(world(("direct",), "imitation", **{"direct.continuation": 0.9}), 1)
    reader = TableReader(play.repertoire)
    play.tell(reader.decide(play.ask()))
    before = play.ask().view.history.copy()
    play.ask().view.history[:] = 77
    play.tell(np.zeros(len(play.ask()), np.int64))
    after = dict(zip(play.ask().row.tolist(), play.ask().view.history.tolist(), strict=True))
    assert after and all(turns[0] in (1, 2, 3, 4) for turns in after.values())
    assert before.shape[1] == 1


def test_nobody_has_a_payoff_before_its_first_round_is_over():
    for update, players in [("imitation", MINDED), ("imitation", PLAYERS), ("wright_fisher", MINDED)]:
        play = Play(world(("direct",), update, players=players, **{"direct.continuation": 0.8}), 1, replicates=2)
        told = {(question.round, question.turn): np.isnan(question.view.payoff)
                for question in turns(play, TableReader(play.repertoire), 3)}  # fmt: skip
        assert max(turn for _round, turn in told) > 2
        for (now, _turn), unknown in told.items():
            # Offspring that replaces everybody has never earned anything.
            assert unknown.all() if now == 0 or update == "wright_fisher" else not unknown.any()


@pytest.mark.parametrize(
    ("on", "update"),
    [(("indirect", "direct"), "birth_death"), (("indirect", "direct", "network"), "death_birth"),
     (("indirect", "direct", "group"), "birth_death")],
    ids=["birth_death", "death_birth", "groups"],
)  # fmt: skip
def test_newborns_have_no_payoff_no_notes_and_no_turns_and_everybody_else_keeps_them(on, update):
    play = Play(world(on, update, **DISGRACED, **{"update.replacements": 2, "direct.continuation": 0.7}), 6)
    born, old, fresh = 0, 0, np.zeros(12, bool)
    policy = Writer(play)
    for question in turns(play, policy, 12):
        # Whoever lives through a round is in bad standing; whoever is alone was neither paid nor judged.
        if question.turn == 0:
            fresh = play.state.standing[0] == 1
        who, view = question.individual, question.view
        if question.turn == 0:
            assert (view.memo[fresh[who]] == 0).all() and (view.played[fresh[who]] == 0).all()
            assert (view.memo[~fresh[who]] > 0).all() and (view.played[~fresh[who]] > 0).all()
            if question.round:
                born, old = born + int(fresh[who].sum()), old + int((~fresh[who]).sum())
        assert np.isnan(view.payoff[fresh[who]]).all()
        assert not np.isnan(view.payoff[~fresh[who]]).any()
    assert born > 5
    assert old > 50


def test_a_generation_that_replaces_everybody_forgets_everything_and_imitators_nothing():
    for update, kept in [("wright_fisher", False), ("imitation", True), ("pairwise_comparison", True)]:
        play = Play(world(("direct",), update, players=MINDED), 2, replicates=2)
        run(play, Writer(play), 3)
        assert (play.state.memo > 0).all() == kept
        assert (play.state.played >= 3).all() == kept
        assert (play.state.memo == 0).all() != kept
        assert sorted(np.unique(play.state.standing)) in ([0, 1], [1], [0])  # marks were taken away again


def test_groups_and_their_members_are_right_while_groups_grow_and_split():
    play, sizes = Play(world(("group", "direct"), "birth_death", players=MINDED), 4, replicates=2), set()
    for question in turns(play, TableReader(play.repertoire), 25):
        alive, group = play.state.alive, play.state.group
        for k, i, g, members in zip(
            question.replicate, question.individual, question.view.group, question.view.members, strict=True
        ):
            assert alive[k, i] == 1
            assert g == group[k, i]
            assert members == sum(alive[k, j] == 1 and group[k, j] == g for j in range(12))
        sizes.add(tuple(sorted(question.view.members.tolist())))
    assert len(sizes) > 3


# ------------------------------------------------------------------------------- what was said


def test_talk_comes_before_the_first_turn_or_before_each():
    for talk in ("never", "first", "always"):
        play = Play(world(("direct",), "imitation", talk=talk, **{"direct.continuation": 0.8}), 1)
        stages = [(q.round, q.turn, q.stage) for q in turns(play, TableReader(play.repertoire), 3)]
        assert max(turn for _round, turn, _stage in stages) > 2
        expected = []
        for now, turn in sorted({(now, turn) for now, turn, _stage in stages}):
            speaks = talk == "always" or (talk == "first" and turn == 0)
            expected += [(now, turn, "talk")] * speaks + [(now, turn, "act")]
        assert stages == expected


@pytest.mark.parametrize(("talk", "channel"), [("first", "value"), ("always", "value"), ("always", "meeting")])
def test_one_hears_what_the_partner_of_this_encounter_said_and_nobody_else(talk, channel):
    play = Play(world(("direct", "kin"), "birth_death", talk=talk, players=MINDED,
                      **{"direct.continuation": 0.8, "kin.channel": channel}), 3, replicates=2)  # fmt: skip
    heard = 0
    for question in turns(play, Writer(play), 4):
        said = [play.texts[number] for number in question.view.said.tolist()]
        spoken = question.turn if talk == "always" else 0
        if question.stage == "talk":
            spoken -= 1  # what was said before the last turn; nothing when one meets
        for text, k, row in zip(said, question.replicate.tolist(), question.row.tolist(), strict=True):
            other = row + 1 if row % 2 == 0 else row - 1
            assert text == (f"word {k} {question.round} {spoken} {other}" if spoken >= 0 else "")
            heard += bool(text)
    assert heard > 100


def test_words_and_texts_refuse_what_they_must():
    texts = Texts()
    words = Words(5, texts)
    for number in (texts.number("12345"), 0):
        assert words.validate(np.array([number]), 1).tolist() == [number]
    long = texts.number("123456")
    for wrong, told in [([long], "at most 5 characters; got 6"), ([-1], "number in"), ([len(texts)], "number in"),
                        ([1.0], "whole numbers"), ([True], "whole numbers"), ([1, 1], "whole numbers")]:  # fmt: skip
        with pytest.raises(PolicyError, match=told):
            words.validate(np.array(wrong), 1)
    for text in ("\ud800", "fine until \udfff"):
        with pytest.raises(PolicyError, match="valid Unicode"):
            texts.number(text)
    for text in (None, 3, b"bytes"):
        with pytest.raises(PolicyError, match="must be a string"):
            texts.number(text)
    assert texts.number("مرحبا 你好") == texts.number("مرحبا 你好")
    assert len(texts) == 4


# ------------------------------------------------------------------------------- notes


def told(play, action, memo):
    play.tell(Decision(np.asarray(action), memo))


def test_a_decision_writes_notes_and_minus_one_keeps_them():
    play = Play(world((), "imitation", players=MINDED), 1)
    rows, meetings = len(play.ask()), np.bincount(play.met.member.ravel(), minlength=12)
    act, number = np.zeros(rows, np.int64), play.texts.number("first")
    told(play, act, np.full(rows, number))
    assert (play.state.memo == number).all()
    assert np.array_equal(play.state.played[0], meetings)
    told(play, act, [-1] * rows)
    assert (play.state.memo == number).all()
    play.tell(act)
    assert (play.state.memo == number).all()
    told(play, act, np.zeros(rows, np.int64))
    assert (play.state.memo == 0).all()


def test_of_several_notes_of_one_individual_the_last_row_is_kept():
    play = Play(world((), "imitation", players=MINDED, partners="all"), 1)
    question = play.ask()
    numbers = np.array([play.texts.number(f"row {q}") for q in range(len(question))])
    last = {i: q for q, i in enumerate(question.individual.tolist())}
    some = np.where(np.isin(np.arange(len(question)), list(last.values())), -1, numbers)
    before = {i: q for q, i in enumerate(question.individual.tolist()) if some[q] >= 0}
    told(play, np.zeros(len(question), np.int64), some)
    assert play.state.memo[0].tolist() == [numbers[before[i]] for i in range(12)]
    assert (play.state.played == 11).all()


@pytest.mark.parametrize("talk", ["never", "always"])
def test_turns_are_counted_and_words_are_no_turns(talk):
    play = Play(world(("direct",), "imitation", players=MINDED, talk=talk), 3, replicates=2)
    count = np.zeros((2, 12), np.int64)
    for question in turns(play, TableReader(play.repertoire), 4):
        assert np.array_equal(question.view.played, count[question.replicate, question.individual])
        if question.stage == "act":
            np.add.at(count, (question.replicate, question.individual), 1)
    assert np.array_equal(play.state.played, count)


def test_notes_that_cannot_be_are_refused_and_change_nothing():
    play = Play(world(("direct",), "imitation", players=MINDED), 1)
    rows = len(play.ask())
    act, long = np.zeros(rows, np.int64), play.texts.number("x" * (LONGEST_MEMO + 1))
    beyond = len(play.texts)
    wrong = [([long] * rows, f"at most {LONGEST_MEMO} characters"), ([-2] * rows, "-1 to keep the old one; got -2"),
             ([beyond] * rows, "number in"), ([1.0] * rows, "whole numbers"), ([1], "whole numbers")]  # fmt: skip
    for memo, said in wrong:
        with pytest.raises(PolicyError, match=said):
            told(play, act, memo)
    with pytest.raises(PolicyError, match="not among"):
        told(play, act + 7, act)
    assert not play.state.memo.any() and not play.state.played.any()
    assert (play.ask().turn, play.ask().stage) == (0, "act")
    told(play, act, np.full(rows, play.texts.number("x" * LONGEST_MEMO)))
    assert play.state.played.any()


def test_a_world_of_tables_keeps_no_notes_and_says_so():
    play = Play(world((), "imitation"), 1)
    rows = len(play.ask())
    number = play.texts.number("a note")
    assert play.state.memo.shape == play.state.played.shape == (1, 0)
    with pytest.raises(PolicyError, match=r"must be -1 in a world of strategy tables.*got 1"):
        told(play, np.zeros(rows, np.int64), np.full(rows, number))
    told(play, np.zeros(rows, np.int64), np.full(rows, -1))
    assert play.round == 1


# ------------------------------------------------------------------------------- branching, opening anew


def midway(stage, turn, seed=5):
    """A world with talk and notes that has come to a stage of a turn of its third round."""
    scenario = world(("direct", "indirect"), "birth_death", players=MINDED, talk="always", execution_error=0.1,
                     **{"direct.continuation": 0.85})  # fmt: skip
    play = Play(scenario, seed, replicates=2)
    writer = Writer(play)
    run(play, writer, 2)
    while (play.ask().turn, play.ask().stage) != (turn, stage):
        play.tell(writer.decide(play.ask()))
    assert play.round == 2
    return play


def everything(play):
    asked = play.ask()
    view = asked.view._replace(**{
        name: np.array([play.texts[n] for n in getattr(asked.view, name).tolist()]) for name in ("said", "memo")
    })  # fmt: skip
    notes = {"notes": np.array(texts_of(play)), "played": play.state.played}
    return on_the_table(play) | notes | view._asdict() | {"stage": np.array([asked.stage]), "draw": asked.draw}


@pytest.mark.parametrize(("stage", "turn"), [("talk", 0), ("act", 0), ("talk", 2), ("act", 2)])
def test_a_branch_goes_on_as_the_world_would_have(stage, turn):
    play, twin = midway(stage, turn), midway(stage, turn)
    branch = play.branch(3)
    for k in range(2):
        rows, theirs = play.ask().replicate == k, branch.ask().replicate == 3 * k + 1
        assert np.array_equal(play.ask().view.history[rows], branch.ask().view.history[theirs])
        assert np.array_equal(play.ask().view.said[rows], branch.ask().view.said[theirs])
        assert np.array_equal(play.ask().view.payoff[rows], branch.ask().view.payoff[theirs], equal_nan=True)

    class Sulking(Writer):
        def decide(self, question):
            decided = super().decide(question)
            if question.stage == "act":
                return decided._replace(action=np.ones(len(question), np.int64))
            return decided._replace(action=np.full(len(question), question.texts.number("You are all the same.")))

    run(branch, Sulking(branch), 4)
    assert "You are all the same." not in [play.texts[n] for n in range(len(play.texts))]
    assert not parted(everything(play), everything(twin))
    same = play.branch(1)
    run(same, Writer(same), 5)
    run(play, Writer(play), 5)
    assert not parted(everything(play), everything(same))
    assert parted(on_the_table(branch), on_the_table(twin.branch(3)))


@pytest.mark.parametrize(("stage", "turn"), [("talk", 0), ("act", 0), ("talk", 1), ("act", 2)])
def test_a_round_that_is_opened_anew_is_played_as_if_it_had_just_begun(stage, turn):
    play, twin = midway(stage, turn), midway("talk", 0)
    play.reopen()
    assert not parted(everything(play), everything(twin))
    run(play, Writer(play), 4)
    run(twin, Writer(twin), 4)
    assert not parted(everything(play), everything(twin))


def test_what_is_changed_from_outside_before_anybody_answered_stays():
    play = midway("talk", 0)
    number = play.texts.number("whispered from outside")
    play.state.memo[0, 3] = number
    play.state.strategy[0, 4] = 1
    play.reopen()
    asked = play.ask()
    assert set(asked.view.memo[(asked.replicate == 0) & (asked.individual == 3)].tolist()) == {number}
    assert play.state.strategy[0, 4] == 1


# ------------------------------------------------------------------------------- who must be asked


def test_worlds_of_minds_are_asked_and_never_go_on_by_themselves():
    quiet = world(("direct",), "imitation", **{"direct.continuation": 0.9})
    assert Play(quiet).may_advance
    for changes in ({"players": MINDED}, {"talk": "first"}, {"talk": "always", "players": MINDED}):
        play = Play(replace(quiet, changes))
        assert not play.may_advance
        reader = TableReader(play.repertoire)
        for question in turns(play, reader, 2):
            assert not play.may_advance, question.stage
        with pytest.raises(CoopError, match="with minds"):
            play.advance(1)
    play = Play(quiet)
    play.tell(TableReader(play.repertoire).decide(play.ask()))
    assert play.ask().turn == 1 and not play.may_advance


def test_the_event_clock_asks_nobody():
    for changes in ({"players": MINDED}, {"talk": "first"}):
        with pytest.raises(ScenarioError, match=r"event clock|clock = round"):
            replace(world((), "birth_death", clock="event"), changes)
