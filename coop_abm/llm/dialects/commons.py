"""The commons in words: users of one stock who harvest, watch and punish, learn, propose norms and vote on them.

Nobody is told what a choice pays. What a user learns of it is what it sees: its own choices and what they brought, the
stock before and after, outcomes of others, punishments, and norms word for word. Told are what one needs to live, and
what a punishment costs and takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from coop_abm.llm.dialect import Decimal, Dialect, Form, Integer, Key, Label, Person, Text
from coop_abm.llm.facts import Manner
from coop_abm.llm.paragraphs import Choice, Heard, Number, Paragraph, Quoted
from coop_abm.llm.quoting import LONGEST, quote, unquote
from coop_abm.llm.rules import Answer, Opening, Persona
from coop_abm.llm.wording import Line, Wording, number, whole
from coop_abm.strategies.commons import Known

#: The two verdicts at stage punish, in every language, by their numbers.
VERDICTS = ("spare", "punish")
STAGES = ("harvest", "punish", "learn", "propose", "vote")


class Rule(Paragraph):
    """A fixed line where a field is not None; the field itself is state, and said there."""

    def __init__(self, field: str, key: str):
        self.field, self.key = field, key

    def say(self, facts: Known, manner: Manner, wording: Wording) -> Sequence[str]:
        return () if getattr(facts, self.field) is None else (wording.system[self.key].text,)

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.take(wording.system[self.key])


class When(Paragraph):
    """The round, counted from 1, who one is, and how many there are."""

    def say(self, facts: Known, manner: Manner, wording: Wording) -> Sequence[str]:
        told = {"round": facts.round + 1, "person": facts.person, "people": facts.people}
        return (wording.user["when"].fill(**{name: whole(value) for name, value in told.items()}),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        found = heard.require(wording.user["when"], "which round it is")
        heard.facts |= {name: int(value) for name, value in found.items()}
        heard.facts["round"] -= 1


class Proposals(Paragraph):
    """A heading, and two lines for each proposal: whose it is, and the text, quoted."""

    def say(self, facts: Known, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.proposals is None:
            return ()
        lines = [wording.user["proposals"].text]
        for person, text in facts.proposals:
            lines += [wording.user["proposal"].fill(person=whole(person)), quote(text)]
        return lines

    def hear(self, heard: Heard, wording: Wording) -> None:
        if heard.take(wording.user["proposals"]) is None:
            return
        found = []
        while (line := heard.take(wording.user["proposal"])) is not None:
            found.append((int(line["person"]), unquote(heard.line())))
            heard.at += 1
        heard.facts["proposals"] = tuple(found)


class Chosen(Paragraph):
    """What somebody chose: one line for an effort, another for whole units."""

    def __init__(self, field: str):
        self.field = field

    def say(self, facts: Known, manner: Manner, wording: Wording) -> Sequence[str]:
        value = getattr(facts, self.field)
        return () if value is None else (self._line(facts.units, wording).fill(chosen=number(value)),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if found := heard.take(self._line(heard.facts["units"], wording)):
            heard.facts[self.field] = float(found["chosen"])

    def _line(self, units: bool, wording: Wording) -> Line:
        return wording.user[f"{self.field}_{'units' if units else 'effort'}"]


class Asks(Paragraph):
    """What is asked for now, with the answer as it should be written; always the last line."""

    def say(self, facts: Known, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.stage not in STAGES:
            raise ValueError(f"stage must be one of {', '.join(STAGES)}; got {facts.stage!r:.40}")
        line = wording.user[_key(facts.stage, facts.units)].fill(answer=_written(form(facts, manner)))
        watch = [wording.user["watch"].text] if facts.stage == "harvest" and facts.fine is not None else []
        return *watch, line

    def hear(self, heard: Heard, wording: Wording) -> None:
        heard.take(wording.user["watch"])
        for stage in STAGES:
            if heard.take(wording.user[_key(stage, heard.facts["units"])]) is not None:
                heard.facts["stage"] = stage
                return
        raise ValueError(f"line {heard.at + 1} should say what is asked")


def _key(stage: str, units: bool) -> str:
    return f"harvest_{'units' if units else 'effort'}" if stage == "harvest" else stage


def _written(asked: Form) -> str:
    """An answer of this form as a prompt shows it."""

    def shown(key: Key) -> str:
        if isinstance(key, Label):
            return " or ".join(f'"{label}"' for label in key.shown)
        return '"..."' if isinstance(key, Text) else "NUMBER"

    told = [("reasoning", '"..."')] if asked.reasoning else []
    told += [(name, shown(key)) for name, key in asked.keys]
    return "{" + ", ".join(f'"{name}": {value}' for name, value in told) + "}"


def form(facts: Known, manner: Manner) -> Form:
    """What an answer holds, stage by stage."""
    if facts.stage == "harvest":
        chosen: Key = Integer(0, int(facts.stock)) if facts.units else Decimal(0.0, 1.0)
        watch = () if facts.fine is None else (("watch", Decimal(0.0, 1.0)),)
        return Form((("units" if facts.units else "effort", chosen), *watch), manner.reasoning)
    if facts.stage == "punish":
        return Form((("verdict", Label(VERDICTS)),), manner.reasoning)
    if facts.stage == "vote":
        persons = tuple(person for person, _ in facts.proposals or ())
        return Form((("vote", Person(persons, nobody=True)),), manner.reasoning)
    limit = Text(LONGEST if facts.limit is None else facts.limit)
    return Form((("notes" if facts.stage == "learn" else "norm", limit),))


def rules_of(facts: Known) -> Known:
    """The same facts without the state of the moment."""
    return Known(
        stage="propose", round=0, person=0, people=0, stock=0.0, store=0.0, notes="", full=facts.full,
        units=facts.units, learns=facts.learns, needs=facts.needs, starves=facts.starves,
        fine=None if facts.fine is None else 0.0, norm=None if facts.norm is None else "",
    )  # fmt: skip


COMMONS = Dialect(
    name="commons",
    facts=Known,
    system=(
        Opening(),
        Choice("system", "units", {False: "effort", True: "units"}),
        Number("system", "full"),
        Number("system", "needs"),
        Choice("system", "starves", {True: "starves", False: ""}),
        Rule("fine", "punishment"),
        Choice("system", "learns", {True: "learns", False: ""}),
        Rule("norm", "norms"),
        Answer(),
        Persona(),
    ),
    user=(
        When(),
        Number("user", "stock"),
        Number("user", "store"),
        Number("user", "before"),
        Number("user", "taken"),
        Chosen("chosen"),
        Number("user", "took"),
        Chosen("usual"),
        Number("user", "lost"),
        Number("user", "paid"),
        Number("user", "fined", counted=True),
        Number("user", "fine"),
        Quoted("norm", none="norm_none"),
        Quoted("notes", none="notes_none"),
        Number("user", "outcome"),
        Number("user", "other", counted=True),
        Chosen("other_chosen"),
        Number("user", "other_took"),
        Number("user", "offences", counted=True),
        Number("user", "costs"),
        Number("user", "hurts"),
        Number("user", "other_outcome"),
        Quoted("other_notes", none="other_notes_none"),
        Proposals(),
        Number("user", "limit", counted=True),
        Asks(),
    ),
    form=form,
    rules_of=rules_of,
    templates="commons_",
    shapes=(("other", "[0-9]+"), ("answer", r"\{.*\}")),
)  # fmt: skip
