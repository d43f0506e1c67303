"""The system message: the rules, which do not change within a run, and how an answer should look."""

from __future__ import annotations

from collections.abc import Sequence

from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.paragraphs import Choice, Heard, Number, Paragraph
from coop_abm.llm.quoting import quote, unquote
from coop_abm.llm.wording import STANDINGS, Wording, number, whole
from coop_abm.norms.leading_eight import OPEN_CASES


class Opening(Paragraph):
    """Where we are; the first line, by which a reader also knows the language."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.system["opening"].text,)

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.require(wording.system["opening"], "where we are")
        heard.manner["language"] = wording.language


class Turn(Paragraph):
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


class Slips(Paragraph):
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


class Horizon(Paragraph):
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


class Assessment(Paragraph):
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
                cases = {case: wording.standings.index(found[case]) for case in found.keys() & set(STANDINGS)}
                heard.facts["judged"] = _NAMES[kind, frozenset(cases.items())]
                return


#: What ``Facts.judged`` may say: the kind of norm, and what it says of the open cases.
JUDGED: dict[str, tuple[str, dict[str, int]]] = {
    kind: (kind, {}) for kind in ("type", "image_scoring", "simple_standing", "stern_judging", "shunning")
} | {
    f"leading_eight_{place}": ("leading_eight", dict(zip(STANDINGS, cases)))
    for place, cases in enumerate(OPEN_CASES, 1)
}
_NAMES = {(kind, frozenset(cases.items())): name for name, (kind, cases) in JUDGED.items()}


class Persona(Paragraph):
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


class Answer(Paragraph):
    """What form an answer has, and whether reasoning comes first."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.system["answer_reasoned" if manner.reasoning else "answer_plain"].text,)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if heard.take(wording.system["answer_reasoned"]) is not None:
            heard.manner["reasoning"] = True
        else:
            heard.require(wording.system["answer_plain"], "what form an answer has")


class Groups(Paragraph):
    """What groups do, said wherever there are any; which group one belongs to is state."""

    def say(self, facts: Facts, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.system["groups"].text,) if facts.group is not None else ()

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.take(wording.system["groups"])  # the number of the own group says the same


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
