"""One cell of the matrix in words: what one individual saw, said and did in one round.

Everything here is plain values for the page. What models and people wrote is escaped where it could move, turn or hide
text, and is put into the page as text, never as HTML.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any

from coop_abm.core.errors import quoted
from coop_abm.dashboard.acts import (
    CACHED,
    FALLBACK,
    NOTHING,
    PARTS,
    REPAIRED,
    SLIPPED,
    Deed,
    GenerationsAgain,
    RoundAgain,
)
from coop_abm.dashboard.stories import Story, calls
from coop_abm.llm.quoting import visible
from coop_abm.llm.transcript import Call
from coop_abm.scenario.minds import STAND_IN
from coop_abm.strategies.table import BAD, GOOD

#: Characters of a prompt or a reply that the page shows; lines of a difference; decisions of one cell.
LONGEST, MOST_LINES, MOST_DEEDS = 12_000, 400, 200

ACTIONS = ("cooperate", "defect")
_LAST = ("no turn yet", "both cooperated", "it cooperated, the partner defected", "it defected, the partner cooperated",
         "both defected")  # fmt: skip
_STANDING = {BAD: "bad", GOOD: "good"}
MARKS = ((FALLBACK, "fallback"), (REPAIRED, "asked again"), (CACHED, "read from the journal"), (SLIPPED, "slipped"))


def short(text: str) -> str:
    """A text from outside, as the page may show it."""
    return visible(text, LONGEST)


def tale(story: Story, run: RoundAgain | GenerationsAgain, round_: int, individual: int) -> dict[str, Any]:
    """Everything about one cell.

    Raises
    ------
    JournalError
        if the journal cannot be read
    """
    acts = run.acts
    held = int(acts.strategy[round_, individual])
    name = quoted(run.names[held])[1:-1] if held < len(run.names) else ""
    about: dict[str, Any] = {
        "round": round_, "agent": individual, "strategy": name,
        "marks": [name for mark, name in MARKS if acts.marks[round_, individual] & mark], "decisions": [], "sums": [],
    }  # fmt: skip
    if isinstance(run, GenerationsAgain):
        return about | {"did": _held(run, round_, individual)}
    share = int(acts.share[round_, individual])
    deeds = run.deeds(round_, individual)
    heard: dict[tuple[int, str, int], list[dict[str, Any]]] = {}
    for call, read in calls(story, run, round_, individual):
        at = call.request.address
        heard.setdefault((at.turn, at.stage, at.row), []).append(told(call, read))
    names, decisions = run.names, []
    for deed in deeds[:MOST_DEEDS]:
        asked = heard.pop((deed.turn, deed.stage, deed.row), [])
        decisions.append(_decision(deed, names, asked))
    listed = [each for rest in heard.values() for each in rest]  # plans and their critiques
    turns = [deed for deed in deeds if deed.stage == "act"]
    about["did"] = "met nobody in this round" if share == NOTHING else _did(share, turns)
    about["sums"] = [f"payoff of these turns: {sum(deed.payoff for deed in turns):g}"] if turns else []
    if len(deeds) > MOST_DEEDS:
        about["sums"].append(f"{len(deeds) - MOST_DEEDS:,} more decisions are in the download")
    return about | {"decisions": decisions, "plans": listed}


def _did(share: int, turns: list[Deed]) -> str:
    helped = sum(deed.done == 0 for deed in turns)
    if share in (0, PARTS):
        return ("cooperated" if share else "defected") + (f" in all {len(turns):,} turns" if len(turns) > 1 else "")
    return f"cooperated in {helped:,} of {len(turns):,} turns"


def _held(run: GenerationsAgain, t: int, individual: int) -> str:
    """The strategy held, since when, and what was before: nobody acts on the event clock."""
    column = run.acts.strategy[: t + 1, individual]
    now = int(column[-1])
    if now == NOTHING:
        return f"nobody lives here after generation {t + 1:,}"
    changes = [k for k in range(t, 0, -1) if column[k - 1] != now]
    name = quoted(run.names[now])[1:-1]
    if not changes:
        return f"holds {name} after generation {t + 1:,}, as after every generation since the first"
    before = int(column[changes[0] - 1])
    old = "nobody lived here" if before == NOTHING else quoted(run.names[before])[1:-1]
    return f"holds {name} since generation {changes[0] + 1:,}; before it: {old}"


def _decision(deed: Deed, names: tuple[str, ...], asked: list[dict[str, Any]]) -> dict[str, Any]:
    """One decision: what was seen, what was decided, what came of it."""
    seen = deed.view
    view = [
        ("partner", f"individual {deed.partner}"),
        ("last in this encounter", _LAST[seen["last"]]),
        ("partner's standing", _STANDING.get(seen["standing"], "not known")),
        ("own standing", _STANDING.get(seen["own"], "not known")),
        *([("kin", "known as kin")] if seen["kin"] else []),
    ]
    if deed.stage != "act":
        return {"stage": "says", "turn": deed.turn, "view": view, "calls": asked, "text": short(deed.said), "slip": ""}
    facts = {
        "stage": "acts", "turn": deed.turn, "view": view, "calls": asked,
        "meant": ACTIONS[deed.meant], "done": ACTIONS[deed.done], "theirs": ACTIONS[deed.theirs],
        "payoff": f"{deed.payoff:g}", "slip": "" if deed.meant == deed.done else "it meant to " + ACTIONS[deed.meant],
    }  # fmt: skip
    if not asked:
        facts["table"] = {
            "strategy": quoted(names[seen["strategy"]])[1:-1], "state": seen["memory"],
            "chance": f"{deed.chance:.4g}", "draw": f"{deed.draw:.4f}",
        }  # fmt: skip
    return facts


def told(call: Call, read: dict[str, Any]) -> dict[str, Any]:
    """One call as the page shows it."""
    request, reply = call.request, call.reply
    stand_in = request.model.startswith(STAND_IN)
    verdict = read.get("verdict", "")
    facts = {
        "stage": quoted(request.address.stage)[1:-1], "turn": request.address.turn,
        "again": bool(request.address.attempt),
        "model": quoted(request.model, 200)[1:-1] + (" (a strategy, no language model)" if stand_in else ""),
        "endpoint": quoted(request.endpoint, 200)[1:-1],
        "prompt": [{"role": quoted(role)[1:-1], "text": short(text)} for role, text in request.messages],
        "verdict": quoted(verdict)[1:-1], "why": short(str(read.get("why", ""))),
        "answer": short(str(read.get("answer", ""))), "money": f"{call.money:.6g}",
        "tries": [f"{t.state}{f' ({quoted(t.kind)[1:-1]} {t.status or str()})' if t.kind else ''}" for t in call.tries],
        "state": quoted(call.state)[1:-1], "key": call.key[:12],
    }  # fmt: skip
    if reply is None:
        return facts | {"reply": None}
    counts = ["?" if n is None else f"{n:,}" for n in (reply.input_tokens, reply.output_tokens)]
    return facts | {
        "reply": short(reply.text), "reasoning": short(reply.reasoning), "raw": short(reply.raw),
        "returned": quoted(reply.model, 200)[1:-1], "finish": quoted(reply.finish)[1:-1],
        "latency": f"{reply.latency:.3f}", "tokens": f"{counts[0]} + {counts[1]}",
    }  # fmt: skip


def difference(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, str]]:
    """What was asked and answered in two cells, line by line: kind is "same", "first" or "second"."""
    kinds = {" ": "same", "-": "first", "+": "second"}
    lines = difflib.ndiff(list(_lines(one)), list(_lines(other)))
    found = [{"kind": kinds[line[0]], "text": line[2:]} for line in lines if line[0] in kinds]
    return found[:MOST_LINES]


def _lines(about: dict[str, Any]) -> Iterator[str]:
    """A cell as lines that can be compared."""
    yield f"{about['strategy']} {about['did']}"
    for decision in about["decisions"]:
        yield f"turn {decision['turn']}: {decision['stage']}"
        for name, value in decision["view"]:
            yield f"  {name}: {value}"
        for call in decision["calls"]:
            for message in call["prompt"]:
                if message["role"] != "system":
                    yield from (f"  {message['role']}: {line}" for line in message["text"].split("\n"))
            yield from (f"  reply: {line}" for line in (call["reply"] or "none").split("\n"))
        if "done" in decision:
            yield f"  did: {decision['done']}; partner: {decision['theirs']}"


def lines_of(story: Story, run: RoundAgain | GenerationsAgain, cells: Iterator[tuple[int, int]]) -> Iterator[str]:
    """JSON, one line a cell: everything about it, with prompts and replies as they are shown.

    Raises
    ------
    JournalError
        if the journal cannot be read
    """
    for round_, individual in cells:
        yield json.dumps(tale(story, run, round_, individual), ensure_ascii=True) + "\n"
