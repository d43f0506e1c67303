"""A transcript shows what was said, all of it, and nothing of it can harm a terminal."""

import json

import pytest

from coop_abm import lab, output
from coop_abm.core.errors import InputError, JournalError
from coop_abm.llm.messages import Reply
from coop_abm.llm.stand_in_players import Asked, player
from coop_abm.llm.transport import Scripted
from coop_abm.policies.means import Means
from coop_abm.transcript import entries, source, transcript
from tests.parity.worlds import world

HOSTILE = "\x1b[2Jgone\u202etxt.exe\r\nforged: line\x07 \ud800"


def players(**knobs):
    policy = {"kind": "model", "model": "stand-in/mumbling", "fallback": "random", **knobs}
    return [{"share": 0.5, "strategy": "tft", "policy": policy}, {"share": 0.5, "strategy": "alld"}]


def answered(request):
    text = player(request.model)(Asked(request.messages, request.draw))
    return Reply(text, request.model, "stop", 100, 7, "I thought.", 0.25, text)


def recorded(folder, *, answer=answered, mode="record", **knobs):
    """A run in a folder, with its journal beside it."""
    scenario = world(("direct",), "imitation", players=players(**knobs), talk="first", talk_limit=40)
    means = Means(journal=folder / "journal.sqlite", mode=mode, transport=Scripted(answer))
    run = lab.run(scenario, steps=3, seed=2, measures=["cooperators"], means=means)
    output.write_json(folder / "provenance.json", {"minds": run.minds.tree()})
    return run


@pytest.fixture(scope="module")
def spoken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, recorded(folder)


def rows_of(folder, **options):
    return [json.loads(line) for line in transcript(source(folder), as_json=True, **options)]


def test_every_call_is_there_once_in_order_with_all_that_was_said(spoken):
    folder, run = spoken
    *rows, last = rows_of(folder)
    count = run.minds.by_model["stand-in/mumbling"]
    first = [row for row in rows if row["attempt"] == 0]
    assert len(first) == count.decisions
    assert len(rows) == run.minds.sent
    assert len(rows) - len(first) == count.repaired + count.fallbacks > 5
    order = [
        (row["round"], row["turn"], ("talk", "act").index(row["stage"]), row["row"], row["attempt"]) for row in rows
    ]
    assert order == sorted(order)
    for row in rows:
        assert [role for role, _text in row["messages"]][:2] == ["system", "user"]
        assert row["reply"]["text"] and row["state"] == "done" and len(row["tries"]) == 1
        assert 0 <= row["individual"] < 12
        assert row["read"]["verdict"] in ("accepted", "refused", "repaired")
    totals = last["totals"]
    assert totals["calls"] == totals["tries"] == len(rows)
    assert totals["refused"] == sum(row["read"]["verdict"] == "refused" for row in rows)
    assert totals["repaired"] == count.repaired
    assert totals["input_tokens"] == 100 * len(rows) == run.minds.input_tokens
    assert totals["mean_latency"] == 0.25


def test_what_was_read_is_what_was_answered(spoken):
    labels = set()
    for call, read in entries(source(spoken[0])):
        if call.request.address.stage != "act" or read["verdict"] == "refused":
            continue
        spelled = json.loads(call.reply.text)["action"]
        labels.add((read["individual"], spelled, read["answer"]))
        assert read["answer"] in ("cooperate", "defect")
    assert {spelled for _who, spelled, _answer in labels} == {"action_a", "action_b"}
    # One label means one action to one individual.
    assert len({(who, spelled) for who, spelled, _answer in labels}) == len(labels)


def test_one_round_and_one_individual_can_be_asked_for(spoken):
    *everything, _total = rows_of(spoken[0])
    who = everything[0]["individual"]
    assert rows_of(spoken[0], round=1)[:-1] == [row for row in everything if row["round"] == 1]
    assert rows_of(spoken[0], individual=who)[:-1] == [row for row in everything if row["individual"] == who]
    both = rows_of(spoken[0], round=2, individual=who)
    assert both[:-1] == [row for row in everything if row["round"] == 2 and row["individual"] == who]
    assert rows_of(spoken[0], round=99) == [{"totals": both[-1]["totals"] | {
        "calls": 0, "tries": 0, "states": {}, "refused": 0, "repaired": 0, "input_tokens": 0, "output_tokens": 0,
        "money": 0.0, "mean_latency": None}}]  # fmt: skip
    for wrong in ({"round": -1}, {"individual": -3}):
        with pytest.raises(InputError, match="at least 0"):
            list(transcript(source(spoken[0]), **wrong))


def test_the_lines_tell_a_call_in_words(spoken):
    shown = list(transcript(source(spoken[0]), round=0))
    text = "\n".join(shown)
    for words in (
        "round 0, turn 0, talk, individual ", "  model      stand-in/mumbling", "characters; --full shows them",
        "  reply      Hmm. Let me think about that.", "  read as    no permitted answer: ", ", when asked again",
        "  reasoning  I thought.", "  tokens     100 + 7, stop, 0.250 s", "tries: done", "asked again",
    ):  # fmt: skip
        assert words in text
    assert shown[-3].startswith(f"{text.count('read as'):,} calls (")
    assert "You take part in" not in text
    whole = "\n".join(transcript(source(spoken[0]), round=0, full=True))
    assert "You take part in" in whole
    assert len(whole) > 2 * len(text)


def test_nothing_that_a_model_writes_reaches_the_terminal_as_it_is(tmp_path):
    def hostile(request):
        said = json.dumps({"message": "x\x1b[31m\u202e\u2066"}) if request.address.stage == "talk" else HOSTILE
        if request.address.attempt and request.address.stage == "act":
            said = answered(request).text
        return Reply(said, request.model, HOSTILE[:5], 1, 1, HOSTILE, 0.0, said)

    recorded(tmp_path, answer=hostile)
    for full in (False, True):
        for line in transcript(source(tmp_path), full=full):
            assert line.isprintable(), repr(line)
    lines = list(transcript(source(tmp_path), full=True))
    assert any("\\u001b[2Jgone\\u202etxt.exe\\u000d" in line for line in lines)
    assert any(line.startswith("             forged: line") for line in lines)  # it stays within its own block
    for line in transcript(source(tmp_path), as_json=True):
        assert line.isascii() and line.isprintable()
        json.loads(line)


def test_a_transcript_is_read_as_it_is_shown(spoken):
    going = transcript(source(spoken[0]))
    assert next(going).startswith("round 0")
    going.close()


# ------------------------------------------------------------------------------- what is not there


def written(folder, minds):
    folder.mkdir(exist_ok=True)
    (folder / "provenance.json").write_text(json.dumps({"minds": minds}) if minds is not None else "{}")
    return folder


def test_what_is_no_run_is_refused_in_one_line(spoken, tmp_path):
    named = json.loads((spoken[0] / "provenance.json").read_text())["minds"]
    told = [
        (tmp_path / "nowhere", "must be a folder that --out was given"),
        (spoken[0] / "provenance.json", "must be a folder that --out was given"),
        ("a\x00b", "must be a folder that --out was given"),
        (written(tmp_path / "tables", None), "no language model was asked"),
        (written(tmp_path / "unasked", named | {"by_model": {}}), "no language model was asked"),
        (written(tmp_path / "off", named | {"journal": ""}), "kept no journal"),
        (written(tmp_path / "odd", named | {"journal": 3}), "must name a journal"),
        (written(tmp_path / "gone", named | {"journal": str(tmp_path / "gone.sqlite")}), "is not there; --journal"),
        (written(tmp_path / "nul", named | {"journal": "a\x00b"}), "is not there; --journal"),
    ]
    for broken in ("not json", "[1]", "[" * 100_000, '{"minds": 7}', "\udcff"):
        place = tmp_path / f"broken{len(told)}"
        place.mkdir()
        (place / "provenance.json").write_bytes(broken.encode("utf-8", "surrogateescape"))
        told.append((place, "^run: "))
    for place, words in told:
        with pytest.raises(InputError, match=words) as error:
            source(place)
        assert "\n" not in str(error.value)


def test_a_journal_that_moved_can_be_named(spoken, tmp_path):
    folder = written(tmp_path / "moved", json.loads((spoken[0] / "provenance.json").read_text())["minds"]
                     | {"journal": "/nowhere/else.sqlite"})  # fmt: skip
    found = source(folder, spoken[0] / "journal.sqlite")
    assert list(transcript(found)) == list(transcript(source(spoken[0])))


def test_a_journal_beside_the_run_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario = world((), "imitation", players=players())
    means = Means(journal="beside.sqlite", transport=Scripted(answered))
    run = lab.run(scenario, steps=1, measures=["cooperators"], means=means)
    output.write_json(tmp_path / "provenance.json", {"minds": run.minds.tree()})
    monkeypatch.chdir(tmp_path.parent)
    assert source(tmp_path.name).journal == tmp_path / "beside.sqlite"
    assert len(list(entries(source(tmp_path.name)))) == run.minds.sent


def test_a_journal_that_knows_no_such_run_or_is_none_is_refused(spoken, tmp_path):
    found = source(spoken[0])
    with pytest.raises(InputError, match=r"holds no run 'another\\x1b'"):
        list(transcript(found._replace(run="another\x1b")))
    other = tmp_path / "other.sqlite"
    other.write_text("this is no journal")
    with pytest.raises(JournalError):
        list(transcript(found._replace(journal=other)))


def test_a_run_that_kept_nothing_says_so(tmp_path):
    recorded(tmp_path, mode="off")
    with pytest.raises(InputError, match="kept no journal"):
        source(tmp_path)
