"""What was said between a run and its language models: prompts, replies, what was understood, what it cost.

Read from the journal that the run kept, call by call, so a long run needs no more memory than a short one.
What models wrote is shown with everything escaped that could move a cursor, turn text around or hide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError, JournalError, quoted
from coop_abm.llm.quoting import visible
from coop_abm.llm.transcript import Call, calls, runs

#: Characters that are shown of a prompt and of a reply unless everything is; a provenance file may have so many bytes.
SHORT, SHORT_REPLY, LARGEST_PROVENANCE = 300, 600, 64 << 20
#: Cells that a refusal names.
MOST_NAMED = 12


class Source(NamedTuple):
    """Where the transcript of a run is: the file of the journal, and the name of the run in it."""

    journal: Path
    run: str


class Total:
    """What all calls came to."""

    def __init__(self) -> None:
        self.calls = self.tries = self.done = self.refused = self.repaired = self.input = self.output = 0
        self.money = self.seconds = 0.0
        self.states: dict[str, int] = {}

    def add(self, call: Call, read: dict[str, Any]) -> None:
        """One more call."""
        self.calls += 1
        self.tries += len(call.tries)
        self.states[call.state] = self.states.get(call.state, 0) + 1
        self.refused += read.get("verdict") == "refused"
        self.repaired += read.get("verdict") == "repaired"
        self.money += call.money
        if call.reply is not None:
            self.done += 1
            self.input += call.reply.input_tokens or 0
            self.output += call.reply.output_tokens or 0
            self.seconds += call.reply.latency

    def tree(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "calls": self.calls, "tries": self.tries, "states": self.states, "refused": self.refused,
            "repaired": self.repaired, "input_tokens": self.input, "output_tokens": self.output, "money": self.money,
            "mean_latency": self.seconds / self.done if self.done else None,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For a terminal."""
        states = ", ".join(f"{count:,} {state}" for state, count in sorted(self.states.items()))
        mean = f", {self.seconds / self.done:.2f} s each on average" if self.done else ""
        return [
            f"{self.calls:,} calls ({states or 'none'}), {self.tries:,} tries{mean}",
            f"{self.refused:,} replies were no permitted answer, {self.repaired:,} were right when asked again",
            f"{self.input:,} + {self.output:,} tokens, {self.money:.6g} US dollars",
        ]


def source(
    folder: Path | str, journal: Path | str | None = None, *, cell: str | None = None, run: str | None = None
) -> Source:
    """Where the transcript of the run that was written to a folder is.

    Parameters
    ----------
    folder  : what was given to ``--out``
    journal : the file to read instead of the one that the run names
    cell, run : of an experiment, which has a run for each cell: the cell, or the name of its run

    Raises
    ------
    InputError
        if it is no such folder, no model was asked in the run, there is no such cell or run, or its journal is gone
    """
    tree, shown = _record(folder), quoted(str(folder), 200)
    if "experiment" in tree:
        named = _runs_of(tree, shown)
        if cell is None and run is None:
            raise InputError("cell: --cell NAME or --run NAME must say which of the runs of an experiment is meant")
        if cell is not None and run is not None:
            raise InputError("cell: give --cell or --run, not both")
        found, given, what = (named.get(cell), cell, "cell") if cell is not None else (run, run, "run")
        permitted = list(named if what == "cell" else dict.fromkeys(named.values()))
        if given not in permitted:
            listed = ", ".join(quoted(name)[1:-1] for name in permitted[:MOST_NAMED])
            listed += ", ..." if len(permitted) > MOST_NAMED else ""
            raise InputError(f"{what} must be one of {listed}; got {quoted(given)}")
        return Source(_journal(tree.get("journal"), journal, shown), str(found))
    if cell is not None or run is not None:
        raise InputError(f"cell, run: {shown} holds one run and no experiment")
    minds = tree.get("minds")
    begun = isinstance(minds, dict) and minds.get("ended") is False  # still running, or it stopped early
    if not isinstance(minds, dict) or not isinstance(minds.get("by_model"), dict) or not (minds["by_model"] or begun):
        raise InputError(f"run: no language model was asked in {shown}")
    if not isinstance(minds.get("run"), str):
        raise InputError(f"run: the provenance.json of {shown} must name a journal and a run in it")
    return Source(_journal(minds.get("journal"), journal, shown), minds["run"])


def listing(folder: Path | str, journal: Path | str | None = None) -> list[str] | None:
    """The runs of an experiment, a line for each cell, and how one of them is shown; None of a single run.

    Raises
    ------
    InputError
        as ``source``
    """
    tree, shown = _record(folder), quoted(str(folder), 200)
    if "experiment" not in tree:
        return None
    named = _runs_of(tree, shown)
    asked = {run.name: run.calls for run in runs(_journal(tree.get("journal"), journal, shown))}
    lines = [f"{_safe(cell)}: {asked.get(run, 0):,} calls, run {_safe(run)}" for cell, run in named.items()]
    return [*lines, "--cell NAME, or --run NAME, shows one; --replication R only that replication of it, from 0"]


def _record(folder: Path | str) -> dict[str, Any]:
    """The provenance of a folder."""
    place = Path(folder) / "provenance.json"
    try:
        if place.stat().st_size > LARGEST_PROVENANCE:
            raise ValueError
        tree = json.loads(place.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        raise InputError(
            f"run: {quoted(str(folder), 200)} must be a folder that --out was given, with a provenance.json that can "
            "be read"
        ) from None
    return tree if isinstance(tree, dict) else {}


def _runs_of(tree: dict[str, Any], shown: str) -> dict[str, str]:
    """The cells of an experiment, and the names of their runs."""
    found = tree.get("runs")
    if found is None and tree.get("journal"):
        raise InputError(
            f"run: the provenance.json of {shown} does not name its runs; the same command of the experiment, again, "
            "writes their names and sends nothing"
        )
    if not isinstance(found, dict) or not found or not all(isinstance(run, str) for run in found.values()):
        raise InputError(f"run: no language model was asked in {shown}")
    return found


def _journal(named: Any, given: Path | str | None, shown: str) -> Path:
    """The file of the journal: the one that is given, or else named."""
    if given is None and named == "":
        raise InputError(f"run: {shown} kept no journal (--journal-mode off), so nothing was kept of what was said")
    if not isinstance(named, str):
        raise InputError(f"run: the provenance.json of {shown} must name a journal and a run in it")
    path = Path(given if given is not None else named)
    try:
        there = path.is_file()
    except ValueError:  # a NUL in the name
        there = False
    if not there:
        raise InputError(f"journal: {quoted(str(path), 200)} is not there; --journal FILE says where it is now")
    return path


def transcript(
    found: Source,
    *,
    round: int | None = None,
    individual: int | None = None,
    replication: int | None = None,
    full: bool = False,
    as_json: bool = False,
) -> Iterator[str]:
    """The transcript, line by line; totals at its end.

    Parameters
    ----------
    round, individual, replication : only what was asked then, of that one, in that run of a cell; counted from 0
    full    : prompts and replies whole, instead of their ends and beginnings
    as_json : one JSON object a line, everything in it

    Raises
    ------
    InputError
        if the journal does not know the run
    JournalError
        if the journal cannot be read, or a row of it was damaged
    """
    for name, number in (("round", round), ("individual", individual), ("replication", replication)):
        if number is not None and number < 0:
            raise InputError(f"{name} must be a whole number, at least 0; got {number}")
    total = Total()
    for call, read in entries(found):
        if round is not None and call.request.address.round != round:
            continue
        if replication is not None and call.request.address.replicate != replication:
            continue
        if individual is not None and read.get("individual") != individual:
            continue
        total.add(call, read)
        if as_json:
            yield json.dumps(_tree(call, read), ensure_ascii=True, allow_nan=False)
        else:
            yield from _said(call, read, full)
            yield ""
    if as_json:
        yield json.dumps({"totals": total.tree()}, ensure_ascii=True, allow_nan=False)
    else:
        yield from total.lines()


def entries(found: Source) -> Iterator[tuple[Call, dict[str, Any]]]:
    """Every call of the run in order, and what was read out of its reply.

    Raises
    ------
    InputError
        if the journal does not know the run
    JournalError
        if the journal cannot be read, or a row of it was damaged
    """
    if all(run.name != found.run for run in runs(found.journal)):
        raise InputError(f"journal: {quoted(str(found.journal), 200)} holds no run {quoted(found.run, 100)}")
    for call in calls(found.journal, found.run):
        yield call, _read(call)


def _read(call: Call) -> dict[str, Any]:
    if not call.reading:
        return {}
    try:
        tree = json.loads(call.reading)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        raise JournalError(f"journal is damaged: the reading of call {call.key[:12]} is no JSON object")
    return tree


def _tree(call: Call, read: dict[str, Any]) -> dict[str, Any]:
    """One call as plain values."""
    request, reply = call.request, call.reply
    address = request.address._asdict()
    return {
        **{name: address[name] for name in ("replicate", "round", "turn", "stage", "row", "attempt")},
        "individual": read.get("individual"), "model": request.model, "endpoint": request.endpoint, "key": call.key,
        "state": call.state, "messages": request.messages, "schema": request.schema,
        "temperature": request.temperature, "top_p": request.top_p, "max_tokens": request.max_tokens,
        "templates": request.templates, "reply": None if reply is None else reply._asdict(), "read": read,
        "money": call.money, "tries": [each._asdict() for each in call.tries],
    }  # fmt: skip


def _said(call: Call, read: dict[str, Any], full: bool) -> Iterator[str]:
    request, at = call.request, call.request.address
    who = f"individual {read['individual']}, row {at.row}" if "individual" in read else f"row {at.row}"
    again = ", asked again" if at.attempt else ""
    yield f"round {at.round}, turn {at.turn}, {_safe(at.stage)}, {who}, replicate {at.replicate}{again}"
    yield f"  model      {_safe(request.model)}" + (f" at {_safe(request.endpoint)}" if request.endpoint else "")
    for role, text in request.messages:
        yield from _told(role, text if full else _end_of(role, text))
    if call.reply is None:
        yield f"  no reply   {_safe(call.state)}"
    else:
        reply = call.reply
        if reply.reasoning:
            yield from _told("reasoning", reply.reasoning if full else _start_of(reply.reasoning))
        yield from _told("reply", reply.text if full else _start_of(reply.text))
        yield f"  read as    {_reading(read)}"
        counts = [("?" if count is None else f"{count:,}") for count in (reply.input_tokens, reply.output_tokens)]
        yield f"  tokens     {counts[0]} + {counts[1]}, {_safe(reply.finish)}, {reply.latency:.3f} s"
    tries = ", ".join(
        each.state + (f" ({_safe(each.kind)}{f', {each.status}' if each.status else ''})" if each.kind else "")
        for each in call.tries
    )
    yield f"  cost       {call.money:.6g} US dollars; tries: {tries or 'none'}"


def _reading(read: dict[str, Any]) -> str:
    verdict = read.get("verdict")
    if verdict == "refused":
        return f"no permitted answer: {_safe(str(read.get('why', '')))}"
    if verdict is None:
        return "nothing was noted"
    return quoted(read.get("answer"), 2_000) + (", when asked again" if verdict == "repaired" else "")


def _told(role: str, text: str) -> Iterator[str]:
    lines = visible(text, len(text) + 1).split("\n")
    yield f"  {_safe(role):10} {lines[0]}"
    yield from (f"  {'':10} {line}" for line in lines[1:])


def _end_of(role: str, text: str) -> str:
    """The end of a message, where the question is; of the rules, which are the same in all, only their length."""
    if role == "system":
        return f"({len(text):,} characters; --full shows them)"
    if len(text) <= SHORT:
        return text
    line = text.find("\n", len(text) - SHORT) + 1  # whole lines, if there are any
    return "…\n" + text[line:] if line else "… " + text[-SHORT:]


def _start_of(text: str) -> str:
    return text if len(text) <= SHORT_REPLY else f"{text[:SHORT_REPLY]} … ({len(text):,} characters)"


def _safe(text: str) -> str:
    return quoted(text, 300)[1:-1]
