"""A dialect of a world that is played in stages: a village with one well, in two languages.

First everybody draws water, a number; then everybody speaks of another: a person, a verdict, a degree of trust
and a text at once. Its templates lie in ``tests/llm/small``.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import NamedTuple

from coop_abm.llm import dialects, quizzes, stand_in_players
from coop_abm.llm.dialect import Decimal, Dialect, Form, Integer, Label, Person, Text, check_manner
from coop_abm.llm.paragraphs import Asks, Number, Paragraph, Quoted, Rows
from coop_abm.llm.quizzes import HISTORY, RULES, STATE, Ask, Book, Case, listed
from coop_abm.llm.rules import Answer, Opening, Persona
from coop_abm.llm.stand_ins import anybody
from coop_abm.llm.stand_ins.asked import Asked, Troupe
from coop_abm.llm.wording import number, whole

VERDICTS = ("praise", "blame")
STRATEGIES = ("fair", "greedy")


class Village(NamedTuple):
    """One decision: `last` is what each drew last, (who, buckets)."""

    stage: str
    villagers: int
    me: int
    round: int
    water: float
    most: int
    horizon: int | None = None
    last: tuple[tuple[int, int], ...] | None = None
    heard: str | None = None
    limit: int | None = None
    memo: str | None = None
    draft: str | None = None
    critique: str | None = None


class Villagers(Paragraph):
    """How many there are, who one is, and what the verdicts are."""

    def say(self, facts, manner, wording):
        told = {"villagers": whole(facts.villagers), "me": whole(facts.me)}
        first, second = manner.labels
        return wording.system["villagers"].fill(**told), wording.system["verdicts"].fill(first=first, second=second)

    def hear(self, heard, wording):
        found = heard.require(wording.system["villagers"], "how many villagers there are")
        heard.facts.update({name: int(value) for name, value in found.items()})
        verdicts = heard.require(wording.system["verdicts"], "what the verdicts are")
        heard.manner["labels"] = verdicts["first"], verdicts["second"]


class When(Paragraph):
    """The round, counted from 1, and what is left."""

    def say(self, facts, manner, wording):
        return (wording.user["when"].fill(round=whole(facts.round + 1), water=number(facts.water)),)

    def hear(self, heard, wording):
        found = heard.require(wording.user["when"], "which round it is")
        heard.facts["round"], heard.facts["water"] = int(found["round"]) - 1, float(found["water"])


class Most(Paragraph):
    """Says nothing: how much one may draw follows from the well, and must be heard back where it is not asked."""

    def say(self, facts, manner, wording):
        if facts.most != int(min(5.0, facts.water)):
            raise ValueError(f"most must be what the well allows; got {facts.most}")
        return ()

    def hear(self, heard, wording):
        heard.facts["most"] = int(min(5.0, heard.facts["water"]))


def form(facts, manner):
    if facts.stage == "draw":
        return Form((("buckets", Integer(0, facts.most)),), manner.reasoning)
    if facts.stage == "judge":
        others = tuple(who for who in range(facts.villagers) if who != facts.me)
        return Form(
            (
                ("whom", Person(others, nobody=True)),
                ("verdict", Label(manner.labels)),
                ("trust", Decimal(0.0, 1.0)),
                ("words", Text(facts.limit)),
            )
        )
    return Form((("plan" if facts.stage == "revise" else facts.stage, Text(facts.limit)),))


def rules_of(facts):
    return facts._replace(
        stage="draw", round=0, water=5.0, most=5, last=None, heard=None, limit=None, memo=None, draft=None,
        critique=None,
    )  # fmt: skip


def check(manner, words):
    check_manner(manner, words, labels=2)
    if manner.swapped or manner.framing != "reward":
        raise ValueError("a village has one order of verdicts and no points lost")


WELL = Dialect(
    name="well",
    facts=Village,
    system=(Opening(), Villagers(), Number("system", "horizon", counted=True), Answer(), Persona()),
    user=(
        When(), Most(), Rows("user", "last", {"who": int, "took": int}, "last_none"),
        Quoted("heard", none="heard_none"), Quoted("memo", none="memo_none"), Quoted("draft"), Quoted("critique"),
        Asks(
            {"draw": "draw", "judge": "judge", "plan": "plan", "critique": "critique_now", "revise": "revise"},
            reasoned=("draw",), numbers={"most": int, "limit": int},
        ),
    ),
    form=form,
    rules_of=rules_of,
    templates="small_",
    languages=("en", "fr"),
    folder=Path(__file__).parent / "small",
    check=check,
)  # fmt: skip


# ------------------------------------------------------------------------------- its questions


def _of(value):
    return lambda facts, manner: iter([Case({}, value(facts, manner))])


def _drawn(facts, manner):
    for who, took in facts.last or ():
        yield Case({"who": who}, took)


def _words(manner, wording, texts):
    return dict(texts["words"]) | listed(manner, wording, texts)


BOOK = Book(
    {
        "villagers": Ask(RULES, "number", _of(lambda f, m: f.villagers)),
        "kind_word": Ask(RULES, "label", _of(lambda f, m: m.labels[0])),
        "most": Ask(STATE, "number", _of(lambda f, m: f.most)),
        "level_now": Ask(STATE, "level", _of(lambda f, m: "low" if f.water < 10 else "high")),
        "drawn": Ask(HISTORY, "number", _drawn),
    },
    asked=lambda facts: facts._replace(stage="draw", limit=None, draft=None, critique=None),
    stages=("draw",),
    words=_words,
    one_of={"level": ("low", "high")},
)


# ------------------------------------------------------------------------------- its strategies


def drawn(strategy, most, draw):
    """How many buckets: the fair take two or three, the greedy all they may."""
    return min(most, 2 + int(draw >= 0.5)) if strategy == "fair" else most


def judged(strategy, me, last, draw):
    """(whom, verdict, trust, words): the fair blame whoever drew most, the greedy praise nobody."""
    if strategy == "greedy":
        return -1, 0, draw, ""
    others = [(took, -who) for who, took in last or () if who != me]
    if not others:
        return -1, 0, 0.5, ""
    took, who = max(others)
    return -who, int(took > 3), draw / 2, f"you drew {took}"


def cast(name, knobs):
    def play(asked: Asked) -> str:
        facts = asked.facts
        if facts.stage == "draw":
            return anybody.answer(asked.form, name, buckets=drawn(name, facts.most, asked.draw))
        if facts.stage == "judge":
            whom, verdict, trust, words = judged(name, facts.me, facts.last, asked.draw)
            return anybody.answer(asked.form, whom=whom, verdict=verdict, trust=trust, words=words)
        key = asked.form.keys[0][0]
        text = f"{facts.stage}: {facts.draft or ''}/{facts.critique or ''}"
        return anybody.answer(asked.form, **{key: text[: facts.limit]})

    return play


@contextlib.contextmanager
def spoken():
    """The dialect and its players are there, and gone afterwards."""
    dialects.add(WELL)
    stand_in_players.TROUPES["well"] = Troupe(STRATEGIES, cast)
    quizzes.BOOKS["well"] = BOOK
    try:
        yield
    finally:
        dialects.remove("well")
        del stand_in_players.TROUPES["well"], quizzes.BOOKS["well"]
