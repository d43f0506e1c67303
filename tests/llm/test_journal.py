"""The journal: what is recorded is read, what is another question is bought, and what is damaged is refused."""

import asyncio
import os
import random
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from coop_abm.core.errors import BudgetExhausted, CallFailed, JournalError, ModelChanged, ModelError
from coop_abm.llm import transcript
from coop_abm.llm.journal import Journal, default_path
from coop_abm.llm.writer import Writer, carried_out
from tests.llm.buying import Shop, client, reply, request, requests, sometimes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.sqlite"


def edit(path, sql, *values):
    """Change the file behind the journal's back."""
    base = sqlite3.connect(path)
    try:
        changed = base.execute(sql, values).rowcount
        base.commit()
        assert changed, "the fault did not fire"
    finally:
        base.close()


def buy(path, asked, **settings):
    """Ask once; returns (what came, how many were sold)."""
    shop = Shop()
    with client(path, shop, **settings) as buyer:
        return buyer.ask(asked), len(shop.sold)


# --------------------------------------------------------------------------------------- what is read


def test_what_is_recorded_is_never_bought_again_whatever_run_asks(path):
    first, sold = buy(path, requests(12), run="one")
    assert sold == 12 and all(found.fresh for found in first)
    again, sold = buy(path, requests(12), run="two")
    assert sold == 0 and [found.reply for found in again] == [found.reply for found in first]
    assert not any(found.fresh for found in again)


def test_replay_sends_nothing_and_says_what_is_missing(path):
    first, _ = buy(path, requests(12))
    before = path.read_bytes()
    with client(path, mode="replay") as reader:
        assert [found.reply for found in reader.ask(requests(12))] == [found.reply for found in first]
        with pytest.raises(JournalError, match="no reply for round 1, turn 0, act of row 2, replicate 0, seed 7"):
            reader.ask(requests(14))
        reader.note([(first[0].key, "{}")])
        assert reader.tally == (0, 0, 0, 0, 12, 0, 0, 0.0, ("clerk",))
    assert path.read_bytes() == before


def test_replay_reads_a_file_in_a_folder_that_cannot_be_written_to(path):
    buy(path, requests(2))
    for extra in (f"{path}-wal", f"{path}-shm"):
        assert not os.path.exists(extra)  # a clean exit leaves one file
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with client(path, mode="replay") as reader:
            assert len(reader.ask(requests(2))) == 2
        if hasattr(os, "geteuid") and os.geteuid() != 0:  # nothing is read-only to the superuser
            with client(path, Shop()) as buyer, pytest.raises(JournalError, match="readonly"):
                buyer.ask(requests(3))
    finally:
        path.parent.chmod(0o700)


OTHERS = {
    "model": "other/clerk",
    "temperature": 0.6,
    "top_p": 0.9,
    "schema": "{}",
    "endpoint": "http://127.0.0.1:1/v1",
    "max_tokens": 51,
    "messages": (("system", "You play a game."), ("user", "Round 0: cooperate or defect?")),
}


@pytest.mark.parametrize("field", OTHERS)
def test_another_question_is_a_miss(path, field):
    """Row L8: nothing that can change a reply may be left out of the key."""
    buy(path, [request()])
    other = request(**{field: OTHERS[field]})
    assert buy(path, [other], run=field)[1] == 1
    with client(path, mode="replay") as reader, pytest.raises(JournalError):
        reader.ask([other._replace(address=other.address._replace(seed=8))])


@pytest.mark.parametrize("field", request().address._fields)
def test_another_draw_is_a_miss(path, field):
    buy(path, [request()])
    was = getattr(request().address, field)
    moved = request().address._replace(**{field: was + 1 if isinstance(was, int) else f"{was}2"})
    assert buy(path, [request(address=moved)])[1] == 1


def test_whole_and_broken_numbers_are_two_questions_and_both_come_back_as_they_were(path):
    buy(path, [request(temperature=1), request(temperature=1.0), request(temperature=None)])
    with Journal(path, read_only=True, run="run") as book:
        assert [call.request.temperature for call in book.calls()] == [1, 1.0, None]
        assert book.verify() == []


STRANGE = "囚徒\u202e\x00\ud800 \U0001f600 \x1b[31m"


def test_strange_text_comes_back_as_it_was(path):
    strange = [request(messages=(("user", STRANGE),)), request(1, messages=(("user", "سلام"),))]
    sold = reply(request(), text=STRANGE, raw=STRANGE, reasoning=STRANGE, finish="stop\udfff")
    with client(path, Shop(lambda asked: sold)) as buyer:
        assert [found.reply for found in buyer.ask(strange)] == [sold] * 2
    with client(path, mode="replay") as reader:
        assert [found.reply for found in reader.ask(strange)] == [sold] * 2
    with Journal(path, read_only=True, run="run") as book:
        assert [call.request.messages for call in book.calls()] == [asked.messages for asked in strange]
        assert book.verify() == []


# --------------------------------------------------------------------------------------------- damage


@pytest.mark.parametrize(
    ("column", "value"),
    [("text", '{"action": "action_b"}'), ("model", "clerk2"), ("output_tokens", 1), ("input_tokens", None),
     ("raw", b"{}"), ("latency", 0.02), ("reasoning", "because"), ("finish", "length"),
     ("text", b"\xff"), ("checksum", b"")],
)  # fmt: skip
def test_an_edited_reply_is_refused_and_named(path, column, value):
    buy(path, requests(3))
    edit(path, f"UPDATE replies SET {column} = ? WHERE call = 2", value)
    shop = Shop()
    for settings in ({"shop": shop}, {"mode": "replay"}):
        with (
            client(path, **settings) as buyer,
            pytest.raises(JournalError, match=r"the reply of call 2 .*does not match"),
        ):
            buyer.ask(requests(3))
    assert shop.sold == []
    with Journal(path, read_only=True) as book:
        assert [line for line in book.verify() if "the reply of call 2 does not match its checksum" in line]


def test_replies_that_changed_places_are_refused(path):
    buy(path, requests(2))
    edit(path, "UPDATE replies SET call = 3 - call + 10")
    edit(path, "UPDATE replies SET call = call - 10")
    with client(path, mode="replay") as reader, pytest.raises(JournalError, match="does not match its checksum"):
        reader.ask(requests(2))


def test_a_reply_that_is_gone_is_not_bought_again_unseen(path):
    buy(path, requests(3))
    edit(path, "DELETE FROM replies WHERE call = 2")
    shop = Shop()
    with client(path, shop) as buyer, pytest.raises(JournalError, match=r"the reply of call 2 .* are missing"):
        buyer.ask(requests(3))
    assert shop.sold == []


def test_damaged_replies_can_be_put_away_and_are_bought_again_on_request_alone(path):
    good, _ = buy(path, requests(5))
    edit(path, "UPDATE replies SET text = 'x' WHERE call = 2")
    edit(path, "DELETE FROM replies WHERE call = 4")
    with Journal(path, run="run") as book:
        assert book.discard_damaged() == 2 and book.verify() == [] and book.discard_damaged() == 0
    again, sold = buy(path, requests(5))
    assert sold == 2 and [one.reply for one in again] == [one.reply for one in good]
    second = list(transcript.calls(path, "run"))[1]
    assert [(one.state, one.kind) for one in second.tries] == [("failed", "damaged"), ("done", "")]
    assert transcript.accounts(path)[0].calls == 7  # both were paid for twice


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE texts SET text = 'Defect.' WHERE id = 2", "row 2 of texts does not match its hash"),
        ("UPDATE terms SET temperature = 0.7", "the question of call 1 does not match its key"),
        ("UPDATE calls SET round = 5 WHERE id = 1", "the question of call 1 does not match its key"),
        ("UPDATE calls SET messages = '[' WHERE id = 1", "the question of call 1 does not match its key"),
        ("UPDATE budgets SET money = money - 1", "row 1 of budgets does not match its checksum"),
        ("UPDATE tries SET money = money - 1 WHERE call = 1", "row 1 of budgets is not the sum of its tries"),
        ("UPDATE tries SET state = 'failed' WHERE call = 1", "call 1 says failed, and its reply is there"),
    ],
)
def test_every_damaged_row_is_listed(path, sql, said):
    buy(path, requests(2))
    edit(path, sql)
    with Journal(path, read_only=True, run="run") as book:
        assert any(said in line for line in book.verify()), book.verify()
        if "budgets" not in said:
            with pytest.raises(JournalError, match="is damaged"):
                list(book.calls())


def test_a_damaged_budget_lets_nothing_through(path):
    buy(path, requests(2))
    edit(path, "UPDATE budgets SET calls = 0")
    shop = Shop()
    with client(path, shop) as buyer, pytest.raises(JournalError, match="row 1 of budgets does not match its checksum"):
        buyer.ask(requests(3))
    assert shop.sold == []


def flipped(path, place):
    """The file with one bit turned over."""
    raw = bytearray(path.read_bytes())
    raw[place // 8] ^= 1 << place % 8
    return bytes(raw)


def judge(path, good):
    """What a damaged file leads to: refused or equal. Anything else fails the test."""
    outcomes = set()
    for settings in ({"mode": "replay"}, {"shop": Shop(lambda asked: pytest.fail("bought again"))}):
        try:
            with client(path, **settings) as buyer:
                assert [found.reply for found in buyer.ask(requests(len(good)))] == good
            outcomes.add("equal")
        except (JournalError, ModelChanged) as error:  # the latter if the name of the run's model was hit
            assert "\n" not in str(error)
            outcomes.add("refused")
        except pytest.fail.Exception:  # a flipped key is another question; that is a miss, not a wrong answer
            outcomes.add("missed")
    try:
        with Journal(path, read_only=True, run="run") as book:
            assert book.verify() or "missed" not in outcomes
            expected = {asked.key: one for asked, one in zip(requests(len(good)), good)}
            assert all(call.reply in (None, expected[call.key]) for call in book.calls())
    except JournalError as error:
        assert "\n" not in str(error)
    return outcomes


def damage(tmp_path, flips, seed):
    dice = random.Random(seed)
    path = tmp_path / "journal.sqlite"
    good = [found.reply for found in buy(path, requests(30))[0]]
    whole = path.read_bytes()
    counts: dict[str, int] = {}
    for number in range(flips):
        broken = tmp_path / f"broken{number}"
        broken.write_bytes(flipped(path, dice.randrange(8 * len(whole))))
        for outcome in judge(broken, good):
            counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def test_a_flipped_bit_never_changes_what_is_read(tmp_path):
    counts = damage(tmp_path, 40, seed=1)
    assert counts["refused"] > 5 and counts["equal"] > 5  # the fault fired


@pytest.mark.validate
def test_a_thousand_flipped_bits_never_change_what_is_read(tmp_path):
    counts = damage(tmp_path, 1000, seed=2)
    print(f"S7 for the journal, 1000 files with one flipped bit each: {counts}, otherwise read 0")
    assert counts["refused"] > 50 and counts["equal"] > 50


# ------------------------------------------------------------------------------------------- the file


def test_a_new_journal_is_for_its_owner_alone(path):
    inside = path.parent / "new" / "folder" / "j.sqlite"
    buy(inside, requests(1))
    if sys.platform != "win32":
        assert stat.S_IMODE(inside.stat().st_mode) == 0o600
        assert stat.S_IMODE(inside.parent.stat().st_mode) == 0o700
    assert sorted(file.name for file in inside.parent.iterdir()) == ["j.sqlite", "j.sqlite.sessions"]


def test_the_default_journal_lies_in_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path().name == "journal.sqlite" and default_path().parent.name == "coop_abm"
    if sys.platform.startswith("linux"):
        with client(None, Shop()) as buyer:
            buyer.ask(requests(1))
        assert (tmp_path / "coop_abm" / "journal.sqlite").is_file()


def foreign(path):
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE calls (key TEXT)")
    base.commit()
    base.close()


def newer(path):
    buy(path, requests(1))
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode = DELETE")
    base.execute("PRAGMA user_version = 99")
    base.close()


def cut(path, size):
    buy(path, requests(50))
    os.truncate(path, size if size >= 0 else path.stat().st_size + size)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (foreign, "is no journal of coop_abm"),
        (lambda path: path.write_text("Dear diary, " * 100), "is no journal of coop_abm"),
        (lambda path: path.write_bytes(b""), "is cut short"),
        (lambda path: path.write_bytes(b"no"), "is cut short, or no journal"),
        (lambda path: path.write_bytes(os.urandom(5000)), "is no journal"),
        (newer, "has format 99, and this version of coop_abm reads format 1"),
        (lambda path: cut(path, 50), "is cut short"),
        (lambda path: cut(path, 4096), "malformed"),
        (lambda path: cut(path, -4096), "malformed"),
        (lambda path: path.mkdir(), "cannot be used"),
        (lambda path: path.symlink_to(path), "cannot be"),
    ],
)
def test_a_file_that_is_no_journal_is_refused_in_one_line_and_left_as_it_is(path, make, said):
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for settings in ({"shop": Shop()}, {"mode": "replay"}):
        with pytest.raises(JournalError, match=said) as refused:
            client(path, **settings)
        assert "\n" not in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_path_that_cannot_be_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for impossible in (tmp_path / "a\0b", tmp_path / "file" / "j", Path("~nobody-of-that-name/j")):
        with pytest.raises(JournalError, match="cannot be"):
            client(impossible, Shop())


def test_replay_of_nothing_is_refused_and_makes_nothing(path):
    with pytest.raises(JournalError, match="does not exist: nothing was recorded there yet"):
        client(path, mode="replay")
    assert not path.exists()


def test_a_name_with_signs_of_an_address_in_it_is_a_name(tmp_path):
    odd = tmp_path / "50% of ?mode=memory#1.sqlite"
    buy(odd, requests(2))
    with client(odd, mode="replay") as reader:
        assert len(reader.ask(requests(2))) == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_may_not_use_the_journal_of_its_parent(path):
    with client(path, Shop()) as buyer:
        buyer.ask(requests(1))
        if (child := os.fork()) == 0:
            try:
                buyer.ask(requests(2))
            except JournalError:
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert len(buyer.ask(requests(3))) == 3


# --------------------------------------------------------------------------------------- the record


def test_a_transcript_has_every_call_of_the_run_in_order_with_all_that_is_known(path):
    asked = [
        request(address=request().address._replace(round=number % 3, row=number % 2, stage=stage, attempt=number % 2))
        for number in range(4)
        for stage in ("act", "talk", "plan")
    ]
    with client(path, Shop(), run="first") as buyer:
        found = buyer.ask(asked)
        buyer.note([(one.key, f'{{"action": {number % 2}}}') for number, one in enumerate(found)])
    buy(path, asked[:5], run="second")
    calls = list(transcript.calls(path, "first"))
    stages = {"plan": 0, "talk": 1, "act": 2}
    places = [
        (a.round, a.turn, stages[a.stage], a.row, a.attempt, a.replicate) for a in (c.request.address for c in calls)
    ]
    assert places == sorted(places) and len(calls) == 12
    by_key = {one.key: (number, one) for number, one in enumerate(found)}
    for call in calls:
        number, one = by_key[call.key]
        assert call.request == asked[number]._replace(draw=0.0)
        assert call.reply == one.reply and call.reading == f'{{"action": {number % 2}}}'
        assert call.state == "done" and call.money == pytest.approx(180e-6) and len(call.tries) == 1
        assert call.tries[0].status == 200 and call.tries[0].at > 1.7e9 and call.tries[0].latency == 0.01
    second = list(transcript.calls(path, "second"))
    assert {call.key for call in second} == {one.key for one in found[:5]}  # read through, and in its transcript too
    assert all(call.reading == "" for call in second)
    told = transcript.runs(path)
    assert [(run.name, run.digest, run.seed, run.calls) for run in told] == [
        ("first", "scenario", 7, 12),
        ("second", "scenario", 7, 5),
    ]
    assert told[0].models == {("shop/clerk", ""): "clerk"}
    with pytest.raises(JournalError, match="holds no run 'third'"):
        list(transcript.calls(path, "third"))


def test_every_try_is_in_the_record(path):
    failing = sometimes(0.4, lambda: CallFailed("server", "on fire", status=503, again=True), seed=3)
    shop = Shop(failing)
    with client(path, shop, attempts=20) as buyer:
        buyer.ask(requests(40))
        tally = buyer.tally
    tries = [one for call in transcript.calls(path, "run") for one in call.tries]
    assert tally.failed > 5 and len(tries) == len(shop.sold) == tally.sent == tally.done + tally.failed
    assert sum(one.state == "failed" and (one.kind, one.status) == ("server", 503) for one in tries) == tally.failed


def test_a_session_leaves_no_lock_behind(path):
    buy(path, requests(2))
    assert [file.name for file in (path.parent / f"{path.name}.sessions").iterdir()] == ["making.lock"]


def test_what_is_held_by_each_budget_can_be_read(path):
    buy(path, requests(2), run="one", budget="lab")
    buy(path, requests(3), run="two", budget="lab")
    buy(path, requests(4), run="three")
    assert transcript.accounts(path) == [
        ("lab", 3, 360, pytest.approx(540e-6)),
        ("three", 1, 120, pytest.approx(180e-6)),
    ]


def test_two_names_of_one_file_are_one_journal(path):
    buy(path, requests(2))
    link = path.with_name("link")
    link.symlink_to(path)
    assert buy(link, requests(2))[1] == 0
    assert not link.with_name("link.sessions").exists()


def test_a_run_may_have_the_name_of_any_folder(path):
    name = "out/\udcff\ud800 عربي"
    buy(path, requests(2), run=name)
    assert len(list(transcript.calls(path, name))) == 2


# ----------------------------------------------------------------------------------------- the writer


def test_what_comes_together_is_committed_together():
    groups = []

    def together(works):
        groups.append(len(works))
        return [work(None) for work in works]

    async def write_all():
        return await asyncio.gather(*(writer.write(lambda _, number=number: number) for number in range(100)))

    writer = Writer(together)
    assert asyncio.run(write_all()) == list(range(100)) and len(groups) <= 2
    writer.close()
    with pytest.raises(JournalError, match="takes no more"):
        asyncio.run(writer.write(lambda _: None))


def test_a_refusal_by_the_budget_leaves_the_rest_of_its_group_alone():
    def refuse(_):
        raise BudgetExhausted("no")

    async def write_all():
        works = (writer.write(work) for work in (lambda _: 1, refuse, lambda _: 3))
        return await asyncio.gather(*works, return_exceptions=True)

    writer = Writer(lambda works: carried_out(works, None))
    one, refused, three = asyncio.run(write_all())
    writer.close()
    assert (one, three) == (1, 3) and isinstance(refused, BudgetExhausted)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_nobody_waits_for_ever_when_the_writer_fails():
    writer = Writer(lambda works: 1 // 0)
    for _ in range(2):
        with pytest.raises(JournalError, match="takes no more"):
            asyncio.run(writer.write(lambda _: None))
    writer.flush()
    writer.close()


def test_readings_outlive_a_batch_that_was_refused(path):
    with client(path, Shop()) as buyer:
        first = buyer.ask(requests(1))[0]
        buyer.note([(first.key, '{"action": 0}')])
        with pytest.raises(ModelError, match="no known price"):
            buyer.ask([request(5, model="unpriced")])
    assert [call.reading for call in transcript.calls(path, "run")] == ['{"action": 0}']
