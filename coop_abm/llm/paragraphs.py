"""The paragraphs of a prompt, each with its two directions: how it is said and how it is heard back.

A prompt is two lists of paragraphs: ``SYSTEM`` holds the rules that do not change within a run, ``USER``
the state of one decision. A paragraph is said exactly where its facts are not None. Hearing goes
through the same lists in the same order, so there is one order and one set of words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.quoting import quote, unquote
from coop_abm.llm.wording import Line, Wording, number, whole
from coop_abm.norms.leading_eight import OPEN_CASES

STAGES = ("act", "talk", "plan", "critique", "revise")
#: What is not asked for in an answer: the key of the text in each stage.
TEXT_KEYS = {"talk": "message", "plan": "plan", "critique": "critique", "revise": "plan"}


class Heard:
    """What was heard so far, and the lines that are still to be heard; past the end there is only ""."""

    def __init__(self, text: str, facts: dict[str, Any], manner: dict[str, Any]):
        self.lines = text.split("\n")
        self.at = 0
        self.facts, self.manner = facts, manner

    def line(self, ahead: int = 0) -> str:
        place = self.at + ahead
        return self.lines[place] if place < len(self.lines) else ""

    def take(self, template: Line) -> dict[str, str] | None:
        """What the next line says, if it is of this template; then it counts as heard."""
        found = template.match(self.line())
        if found is not None:
            self.at += 1
        return found

    def require(self, template: Line, what: str) -> dict[str, str]:
        found = self.take(template)
        if found is None:
            raise ValueError(f"line {self.at + 1} should say {what}")
        return found

    def take_one_of(self, texts: dict[Any, str]) -> Any:
        """The key whose text is the next line, which then counts as heard; None if there is none."""
        for key, text in texts.items():
            if text == self.line():
                self.at += 1
                return key
        return None


class Paragraph(Protocol):
    """Some lines of a prompt."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        """The lines, none where the scenario has no such thing; ValueError for what has no words."""
        ...

    def hear(self, heard: Heard, wording: Wording) -> None:
        """Take the lines of this paragraph, if they come next, and note what they say."""
        ...


class Opening:
    """Where we are; the first line, by which a reader also knows the language."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.system["opening"].text,)

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.require(wording.system["opening"], "where we are")
        heard.manner["language"] = wording.language


class Turn:
    """The two actions and the four payoff lines, as points won or as points lost.

    To hear which action is to cooperate, only the payoffs count, see :func:`first_cooperates`.
    """

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        order = (1, 0) if manner.swapped else (0, 1)
        first, second = (manner.labels[action] for action in order)
        sign = -1.0 if manner.framing == "penalty" else 1.0
        line = wording.system[f"payoff_{manner.framing}"]
        lines = [
            wording.system["turn"].fill(first=first, second=second),
            wording.system[f"points_{manner.framing}"].text,
        ]
        for own in order:
            for other in order:
                lines.append(
                    line.fill(
                        own=manner.labels[own],
                        other=manner.labels[other],
                        yours=number(sign * facts.payoffs[own][other]),
                        theirs=number(sign * facts.payoffs[other][own]),
                    )
                )
        return lines

    def hear(self, heard: Heard, wording: Wording) -> None:
        named = heard.require(wording.system["turn"], "what the two actions are")
        framings = {framing: wording.system[f"points_{framing}"].text for framing in ("reward", "penalty")}
        framing = heard.take_one_of(framings)
        if framing is None:
            raise ValueError(f"line {heard.at + 1} should say how points count")
        sign = -1.0 if framing == "penalty" else 1.0
        line = wording.system[f"payoff_{framing}"]
        cells = [sign * float(heard.require(line, "what one turn brings")["yours"]) + 0.0 for _ in range(4)]
        listed = ((cells[0], cells[1]), (cells[2], cells[3]))
        heard.manner["framing"] = framing
        if first_cooperates(listed):
            heard.manner["labels"], heard.manner["swapped"] = (named["first"], named["second"]), False
            heard.facts["payoffs"] = listed
        else:
            heard.manner["labels"], heard.manner["swapped"] = (named["second"], named["first"]), True
            heard.facts["payoffs"] = ((cells[3], cells[2]), (cells[1], cells[0]))


def first_cooperates(payoffs: tuple[tuple[float, float], tuple[float, float]]) -> bool:
    """Is the first of two listed actions the one that is to cooperate, as far as payoffs tell?

    It is the action that is better for the partner, summed over what the partner may do; at a tie the
    one that is worse for oneself; at a second tie the first.

    >>> first_cooperates(((2, -1), (3, 0))), first_cooperates(((0, 3), (-1, 2)))
    (True, False)
    """
    (a, b), (c, d) = payoffs
    given_first, given_second = a / 2 + c / 2, b / 2 + d / 2
    if given_first != given_second:
        return given_first > given_second
    return a / 2 + b / 2 <= c / 2 + d / 2


class Slips:
    """How often an intended action turns into the other, and which intentions can fail."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.slips is None:
            return ()
        if facts.slips_both:
            return (wording.system["slips_both"].fill(slips=number(facts.slips)),)
        help, refuse = manner.labels
        return (wording.system["slips_help"].fill(slips=number(facts.slips), help=help, refuse=refuse),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if both := heard.take(wording.system["slips_both"]):
            heard.facts["slips"] = float(both["slips"])
        elif one := heard.take(wording.system["slips_help"]):
            heard.facts["slips"], heard.facts["slips_both"] = float(one["slips"]), False


class Horizon:
    """How long the run is, or that nobody knows."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.horizon is None:
            return (wording.system["horizon_unknown"].text,)
        return (wording.system["horizon_known"].fill(horizon=whole(facts.horizon)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if known := heard.take(wording.system["horizon_known"]):
            heard.facts["horizon"] = int(known["horizon"])
        else:
            heard.require(wording.system["horizon_unknown"], "how long it lasts")


class Assessment:
    """How standing comes about: one sentence for each norm."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.judged is None:
            return ()
        if facts.judged not in JUDGED:
            raise ValueError(f"judged must be one of {', '.join(JUDGED)}; got {facts.judged!r:.40}")
        kind, cases = JUDGED[facts.judged]
        help, refuse = manner.labels
        words = {case: wording.standings[value] for case, value in cases.items()}
        return (wording.norms[kind].fill(help=help, refuse=refuse, **words),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        for kind, line in wording.norms.items():
            if found := heard.take(line):
                cases = {case: wording.standings.index(found[case]) for case in found.keys() & set(_CASES)}
                heard.facts["judged"] = _NAMES[kind, frozenset(cases.items())]
                return


_CASES = ("good_helps_bad", "bad_helps_bad", "bad_refuses_bad")
#: What ``Facts.judged`` may say: the kind of norm, and what it says of the open cases.
JUDGED: dict[str, tuple[str, dict[str, int]]] = {
    kind: (kind, {}) for kind in ("type", "image_scoring", "simple_standing", "stern_judging", "shunning")
} | {f"leading_eight_{place}": ("leading_eight", dict(zip(_CASES, cases))) for place, cases in enumerate(OPEN_CASES, 1)}
_NAMES = {(kind, frozenset(cases.items())): name for name, (kind, cases) in JUDGED.items()}


class Persona:
    """Who one is: a description from the templates, or somebody's own, quoted."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if not manner.persona:
            return ()
        if manner.persona in wording.personas:
            return (wording.personas[manner.persona],)
        return wording.system["persona"].text, quote(manner.persona)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if name := wording.named.get(heard.line()):
            heard.at += 1
            heard.manner["persona"] = name
        elif heard.take(wording.system["persona"]) is not None:
            heard.manner["persona"] = unquote(heard.line())
            heard.at += 1


class Answer:
    """What form an answer has, and whether reasoning comes first."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.system["answer_reasoned" if manner.reasoning else "answer_plain"].text,)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if heard.take(wording.system["answer_reasoned"]) is not None:
            heard.manner["reasoning"] = True
        else:
            heard.require(wording.system["answer_plain"], "what form an answer has")


class Number:
    """One number, in a line of its own: a float, or with `counted` a whole number."""

    def __init__(self, table: str, field: str, *, counted: bool = False):
        self.table, self.field, self.counted = table, field, counted

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        value = getattr(facts, self.field)
        if value is None:
            return ()
        told = whole(value) if self.counted else number(value)
        return (getattr(wording, self.table)[self.field].fill(**{self.field: told}),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if found := heard.take(getattr(wording, self.table)[self.field]):
            heard.facts[self.field] = (int if self.counted else float)(found[self.field])


class Choice:
    """One of several fixed lines, by the value of a field."""

    def __init__(self, table: str, field: str, keys: dict[Any, str]):
        self.table, self.field, self.keys = table, field, keys

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        value = getattr(facts, self.field)
        if value is None:
            return ()
        if value not in self.keys:
            permitted = ", ".join(str(key) for key in self.keys)
            raise ValueError(f"{self.field} must be one of {permitted}; got {value!r:.40}")
        key = self.keys[value]
        return (getattr(wording, self.table)[key].text,) if key else ()

    def hear(self, heard: Heard, wording: Wording) -> None:
        table = getattr(wording, self.table)
        value = heard.take_one_of({value: table[key].text for value, key in self.keys.items() if key})
        if value is not None:
            heard.facts[self.field] = value


class Groups:
    """What groups do, said wherever there are any; which group one belongs to is state."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.system["groups"].text,) if facts.group is not None else ()

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.take(wording.system["groups"])  # the number of the own group says the same


class When:
    """Round and turn, counted from 1, and whom one meets."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        when = {"round": whole(facts.round + 1), "turn": whole(facts.turn + 1), "partner": whole(facts.partner)}
        return (wording.user["when"].fill(**when),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        found = heard.require(wording.user["when"], "which round it is")
        heard.facts["round"], heard.facts["turn"] = int(found["round"]) - 1, int(found["turn"]) - 1
        heard.facts["partner"] = int(found["partner"])


class Payoff:
    """What the last round brought, as points won or as points lost."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.payoff is None:
            return ()
        sign = -1.0 if manner.framing == "penalty" else 1.0
        return (wording.user[f"payoff_{manner.framing}"].fill(payoff=number(sign * facts.payoff)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        framing = heard.manner["framing"]
        if found := heard.take(wording.user[f"payoff_{framing}"]):
            sign = -1.0 if framing == "penalty" else 1.0
            heard.facts["payoff"] = sign * float(found["payoff"]) + 0.0


class History:
    """All turns of this encounter, one line each."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.history is None:
            return ()
        if not facts.history:
            return (wording.user["history_none"].text,)
        fill, labels = wording.user["past"].fill, manner.labels
        past = [
            fill(number=place, own=labels[own], other=labels[other])
            for place, (own, other) in enumerate(facts.history, 1)
        ]
        return [wording.user["history"].text, *past]

    def hear(self, heard: Heard, wording: Wording) -> None:
        if heard.take(wording.user["history_none"]) is not None:
            heard.facts["history"] = ()
        elif heard.take(wording.user["history"]) is not None:
            action = {label: place for place, label in enumerate(heard.manner["labels"])}
            turns = []
            while past := heard.take(wording.user["past"]):
                turns.append((action[past["own"]], action[past["other"]]))
            heard.facts["history"] = tuple(turns)


class Quoted:
    """Somebody's text: a fixed line that says whose it is, and one line that holds it.

    With `none`, an empty text is said in words.
    """

    def __init__(self, field: str, none: str = ""):
        self.field, self.none = field, none

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        text = getattr(facts, self.field)
        if text is None:
            return ()
        if not text and self.none:
            return (wording.user[self.none].text,)
        return wording.user[self.field].text, quote(text)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if self.none and heard.take(wording.user[self.none]) is not None:
            heard.facts[self.field] = ""
        elif heard.take(wording.user[self.field]) is not None:
            heard.facts[self.field] = unquote(heard.line())
            heard.at += 1


class Ask:
    """What is asked for now; always the last line, which a repair turn repeats."""

    keys: ClassVar = {"talk": "talk", "plan": "plan", "critique": "critique_now", "revise": "revise"}

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.stage in self.keys:
            return (wording.user[self.keys[facts.stage]].text,)
        if facts.stage != "act":
            raise ValueError(f"stage must be one of {', '.join(STAGES)}; got {facts.stage!r:.40}")
        if facts.limit is not None:
            raise ValueError(f"limit must be None where an action is asked for; got {facts.limit!r:.40}")
        first, second = reversed(manner.labels) if manner.swapped else manner.labels
        return (wording.user["act_reasoned" if manner.reasoning else "act"].fill(first=first, second=second),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        stage = heard.take_one_of({stage: wording.user[key].text for stage, key in self.keys.items()})
        if stage is None:
            heard.require(wording.user["act_reasoned" if heard.manner.get("reasoning") else "act"], "what is asked")
            stage = "act"
        heard.facts["stage"] = stage


SYSTEM: tuple[Paragraph, ...] = (
    Opening(),
    Turn(),
    Slips(),
    Horizon(),
    Number("system", "continuation"),
    Choice("system", "everybody", {True: "everybody", False: "somebody"}),
    Groups(),
    Number("system", "family", counted=True),
    Number("system", "relatedness"),
    Number("system", "assortment"),
    Number("system", "visibility"),
    Assessment(),
    Choice("system", "public", {True: "public", False: "private"}),
    Choice("system", "talks", {True: "talks", False: ""}),
    Answer(),
    Persona(),
)

USER: tuple[Paragraph, ...] = (
    When(),
    Number("user", "neighbours", counted=True),
    Number("user", "group", counted=True),
    Number("user", "members", counted=True),
    Choice("user", "kin", {True: "kin", False: "stranger"}),
    Choice("user", "own_standing", {"good": "own_good", "bad": "own_bad"}),
    Choice("user", "standing", {"good": "standing_good", "bad": "standing_bad", "unknown": "standing_unknown"}),
    Payoff(),
    History(),
    Quoted("memo", none="memo_none"),
    Quoted("said", none="said_none"),
    Quoted("draft"),
    Quoted("critique"),
    Number("user", "limit", counted=True),
    Ask(),
)
