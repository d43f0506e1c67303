"""Team tournaments: encounters that can be left, with a partner who may be of the own team.

What the paper calls a match is called an encounter here, as in the first dialect, and an opponent a partner, which
says nothing about who it is. Lines that both dialects have are the same to the letter.

References
----------
ToniniGalke2025
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from coop_abm.llm.dialect import Dialect, Form, Label, Text
from coop_abm.llm.dialects.encounter import check
from coop_abm.llm.facts import Manner
from coop_abm.llm.paragraphs import TEXT_KEYS, Choice, Heard, Number, Paragraph, Quoted
from coop_abm.llm.quoting import LONGEST, quote, unquote
from coop_abm.llm.rules import Answer, Opening, Persona, Turn
from coop_abm.llm.state import History
from coop_abm.llm.wording import Wording, number, whole

EXITS = ("leave", "stay")
#: Stages whose answer is a text, and the line that asks for it.
WRITTEN = {"talk": "talk", "plan": "plan", "critique": "critique_now", "revise": "revise"}


class TeamFacts(NamedTuple):
    """One decision.

    stage      : act, pledge, talk, plan, critique or revise
    payoffs    : ((CC, CD), (DC, DD)), of one turn, own action first; 0 is to cooperate, 1 to defect
    length, budget : turns of an encounter, and of an individual in a tournament, at most
    individual : one's own number
    turn, used : turns of this encounter, and of one's own in this tournament, that are over
    score      : own points in this tournament
    aim        : whose points one should collect: self, team or both
    exit       : is it asked whether one stays?
    meets      : all, between or within teams; None where nothing is said of it
    meetings, tournaments : encounters of a pair in a tournament, tournaments in a row; None where there is one
    teams, size : how many teams, and members of each; None where nobody is told of teams
    bonus      : by which the points of the leading team are multiplied; None without teams
    unknown    : who is unknown in the first turn: everybody, rivals or nobody
    slips      : probability that an intended action turns into the other; None: it cannot happen
    chat       : may one write to the own team?
    pledges    : is the first action announced?
    deception  : how many announcements may be broken; None: all
    team, rank : own team and its place by points; None without teams
    totals     : (team, points) of those teams whose points are told; None without teams
    partner    : its number; None where it is unknown
    mate       : is it of the own team? None where that is unknown, or nobody is told of teams
    record_of, record : whom the partner's acts concern (own, team, public), and how often it cooperated and defected in
                 earlier encounters of this tournament; None where it is not told
    fame_of, fame : the same in earlier tournaments
    history    : turns of this encounter, (own action, partner's), oldest first
    board      : (writer, text) of what the others of the own team wrote last; empty without
    pledge, heard : first action that one has, and that the partner has announced; None without
    lies       : announcements that may still be broken; None: all
    memo, draft, critique, limit : see :class:`~coop_abm.llm.facts.Facts`
    """

    stage: str
    payoffs: tuple[tuple[float, float], tuple[float, float]]
    length: int
    budget: int
    individual: int
    turn: int
    used: int
    score: float
    aim: str
    exit: bool = False
    meets: str | None = None
    meetings: int | None = None
    tournaments: int | None = None
    teams: int | None = None
    size: int | None = None
    bonus: float | None = None
    unknown: str = "nobody"
    slips: float | None = None
    chat: bool = False
    pledges: bool = False
    deception: int | None = None
    team: int | None = None
    rank: int | None = None
    totals: tuple[tuple[int, float], ...] | None = None
    partner: int | None = None
    mate: bool | None = None
    record_of: str | None = None
    record: tuple[int, int] | None = None
    fame_of: str | None = None
    fame: tuple[int, int] | None = None
    history: tuple[tuple[int, int], ...] = ()
    board: tuple[tuple[int, str], ...] = ()
    pledge: int | None = None
    heard: int | None = None
    lies: int | None = None
    memo: str | None = None
    draft: str | None = None
    critique: str | None = None
    limit: int | None = None


# ------------------------------------------------------------------------------------- the rules


class Length(Paragraph):
    """How many turns there are at most."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        return (wording.system["length"].fill(length=whole(facts.length), budget=whole(facts.budget)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        found = heard.require(wording.system["length"], "how long it lasts")
        heard.facts["length"], heard.facts["budget"] = int(found["length"]), int(found["budget"])


class Teams(Paragraph):
    """How many teams there are, and how large."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.teams is None or facts.size is None:
            return ()
        return (wording.system["teams"].fill(teams=whole(facts.teams), size=whole(facts.size)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if found := heard.take(wording.system["teams"]):
            heard.facts["teams"], heard.facts["size"] = int(found["teams"]), int(found["size"])


class Binding(Paragraph):
    """What an announcement binds to; nothing where nobody announces anything."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        if not facts.pledges:
            return ()
        if facts.deception is None:
            return (wording.system["free"].text,)
        return (wording.system["deception"].fill(deception=whole(facts.deception)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if heard.take(wording.system["free"]) is None and (found := heard.take(wording.system["deception"])):
            heard.facts["deception"] = int(found["deception"])


# ------------------------------------------------------------------------------------- the moment


class Me(Paragraph):
    """Who one is, which turn it is, and how many are used."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        told = {"individual": whole(facts.individual), "turn": whole(facts.turn + 1), "used": whole(facts.used)}
        return (wording.user["me"].fill(**told),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        found = heard.require(wording.user["me"], "who one is")
        heard.facts |= {
            "individual": int(found["individual"]), "turn": int(found["turn"]) - 1, "used": int(found["used"])
        }  # fmt: skip


class Score(Paragraph):
    """Own points, won or lost."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        sign = -1.0 if manner.framing == "penalty" else 1.0
        return (wording.user[f"score_{manner.framing}"].fill(score=number(sign * facts.score)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        framing = heard.manner["framing"]
        found = heard.require(wording.user[f"score_{framing}"], "how many points one has")
        heard.facts["score"] = (-1.0 if framing == "penalty" else 1.0) * float(found["score"]) + 0.0


class Team(Paragraph):
    """The own team: its members have numbers that follow each other."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.team is None or facts.size is None:
            return ()
        first = facts.team * facts.size
        told = {"team": whole(facts.team), "lowest": whole(first), "highest": whole(first + facts.size - 1)}
        return (wording.user["team"].fill(**told),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if found := heard.take(wording.user["team"]):
            heard.facts["team"] = int(found["team"])


class Totals(Paragraph):
    """Points of teams, won or lost, one line each."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        sign = -1.0 if manner.framing == "penalty" else 1.0
        fill = wording.user[f"total_{manner.framing}"].fill
        return [fill(team=whole(team), points=number(sign * points)) for team, points in facts.totals or ()]

    def hear(self, heard: Heard, wording: Wording) -> None:
        framing, rows = heard.manner["framing"], []
        sign = -1.0 if framing == "penalty" else 1.0
        while found := heard.take(wording.user[f"total_{framing}"]):
            rows.append((int(found["team"]), sign * float(found["points"]) + 0.0))
        if rows:
            heard.facts["totals"] = tuple(rows)


class Partner(Paragraph):
    """Whom one meets, as far as it is known."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.partner is None:
            return (wording.user["unknown"].text,)
        known = [wording.user["partner"].fill(partner=whole(facts.partner))]
        return known if facts.mate is None else [*known, wording.user["mate" if facts.mate else "rival"].text]

    def hear(self, heard: Heard, wording: Wording) -> None:
        if heard.take(wording.user["unknown"]) is not None:
            return
        heard.facts["partner"] = int(heard.require(wording.user["partner"], "who the partner is")["partner"])
        mate = heard.take_one_of({True: wording.user["mate"].text, False: wording.user["rival"].text})
        if mate is not None:
            heard.facts["mate"] = mate


class Acts(Paragraph):
    """What the partner did before: a count of each action, and toward whom."""

    def __init__(self, field: str, whose: tuple[str, ...]):
        self.field, self.whose = field, whose

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        counts, whose = getattr(facts, self.field), getattr(facts, f"{self.field}_of")
        if counts is None:
            return ()
        if whose not in self.whose:
            raise ValueError(f"{self.field}_of must be one of {', '.join(self.whose)}; got {whose!r:.40}")
        told = dict(zip(("helped", "refused"), map(whole, counts), strict=True))
        help, refuse = manner.labels
        return (wording.user[f"{self.field}_{whose}"].fill(help=help, refuse=refuse, **told),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        for whose in self.whose:
            if found := heard.take(wording.user[f"{self.field}_{whose}"]):
                heard.facts[self.field] = (int(found["helped"]), int(found["refused"]))
                heard.facts[f"{self.field}_of"] = whose
                return


class Board(Paragraph):
    """What others of the own team wrote last, each quoted on a line of its own."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        return [line for writer, text in facts.board
                for line in (wording.user["board"].fill(writer=whole(writer)), quote(text))]  # fmt: skip

    def hear(self, heard: Heard, wording: Wording) -> None:
        rows = []
        while found := heard.take(wording.user["board"]):
            rows.append((int(found["writer"]), unquote(heard.line())))
            heard.at += 1
        if rows:
            heard.facts["board"] = tuple(rows)


class Announced(Paragraph):
    """An action that was announced, by oneself or by the partner."""

    def __init__(self, field: str, hole: str):
        self.field, self.hole = field, hole

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        action = getattr(facts, self.field)
        return () if action is None else (wording.user[self.field].fill(**{self.hole: manner.labels[action]}),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if found := heard.take(wording.user[self.field]):
            heard.facts[self.field] = heard.manner["labels"].index(found[self.hole])


class Ask(Paragraph):
    """What is asked for now; always the last line, which a repair turn repeats."""

    def say(self, facts: TeamFacts, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.limit is not None and not 0 <= facts.limit <= LONGEST:
            raise ValueError(f"limit must be in [0, {LONGEST}]; got {facts.limit!r:.40}")
        if facts.stage in WRITTEN:
            return (wording.user[WRITTEN[facts.stage]].text,)
        if facts.stage not in ("act", "pledge"):
            raise ValueError(f"stage must be one of act, pledge, {', '.join(WRITTEN)}; got {facts.stage!r:.40}")
        if facts.limit is not None:
            raise ValueError(f"limit must be None where an action is asked for; got {facts.limit!r:.40}")
        first, second = reversed(manner.labels) if manner.swapped else manner.labels
        return (wording.user[_line(facts.stage, facts.exit, manner.reasoning)].fill(first=first, second=second),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        stage = heard.take_one_of({stage: wording.user[key].text for stage, key in WRITTEN.items()})
        if stage is None and heard.take(wording.user["pledge_now"]) is not None:
            stage = "pledge"
        if stage is None:
            line = _line("act", heard.facts.get("exit", False), heard.manner.get("reasoning", False))
            heard.require(wording.user[line], "what is asked")
            stage = "act"
        heard.facts["stage"] = stage


def _line(stage: str, leaves: bool, reasoned: bool) -> str:
    """Key of the line that asks for an action."""
    if stage == "pledge":
        return "pledge_now"
    return "act" + ("_stay" if leaves else "") + ("_reasoned" if reasoned else "")


# ------------------------------------------------------------------------------------- the dialect

SYSTEM: tuple[Paragraph, ...] = (
    Opening(),
    Turn(),
    Number("system", "slips"),
    Length(),
    Choice("system", "exit", {True: "exit", False: ""}),
    Choice("system", "meets", {"all": "everybody", "between": "between", "within": "within"}),
    Number("system", "meetings", counted=True),
    Number("system", "tournaments", counted=True),
    Teams(),
    Choice("system", "aim", {"self": "aim_self", "team": "aim_team", "both": "aim_both"}),
    Number("system", "bonus"),
    Choice("system", "unknown", {"everybody": "hidden", "rivals": "hidden_rivals", "nobody": ""}),
    Choice("system", "chat", {True: "chat", False: ""}),
    Choice("system", "pledges", {True: "pledges", False: ""}),
    Binding(),
    Answer(),
    Persona(),
)
USER: tuple[Paragraph, ...] = (
    Me(),
    Score(),
    Team(),
    Number("user", "rank", counted=True),
    Totals(),
    Partner(),
    Acts("record", ("own", "team", "public")),
    Acts("fame", ("own", "team", "public")),
    History(),
    Board(),
    Announced("pledge", "own"),
    Announced("heard", "other"),
    Number("user", "lies", counted=True),
    Quoted("memo", none="memo_none"),
    Quoted("draft"),
    Quoted("critique"),
    Number("user", "limit", counted=True),
    Ask(),
)


def form(facts: TeamFacts, manner: Manner) -> Form:
    """The action, with whether one stays and with reasoning where these are asked for; in other stages a text."""
    if facts.stage in WRITTEN:
        return Form(((TEXT_KEYS[facts.stage], Text(LONGEST if facts.limit is None else facts.limit)),))
    action = ("action", Label(manner.labels, (1, 0) if manner.swapped else (0, 1), "the two actions"))
    if facts.stage == "pledge":
        return Form((action,))
    stay = (("stay", Label(EXITS, (1, 0), "stay and leave")),) if facts.exit else ()
    return Form((action, *stay), manner.reasoning)


def rules_of(facts: TeamFacts) -> TeamFacts:
    """The same facts without the state of the moment."""
    return TeamFacts(
        "act", facts.payoffs, facts.length, facts.budget, 0, 0, 0, 0.0, facts.aim,
        **{name: getattr(facts, name) for name in RULES},
    )  # fmt: skip


#: Fields beside the first that the system message is made of.
RULES = (
    "exit", "meets", "meetings", "tournaments", "teams", "size", "bonus", "unknown", "slips", "chat", "pledges",
    "deception",
)  # fmt: skip

TEAMS = Dialect(
    name="teams", facts=TeamFacts, system=SYSTEM, user=USER, form=form, rules_of=rules_of, templates="teams_",
    check=check,
)  # fmt: skip
