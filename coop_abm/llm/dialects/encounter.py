"""The encounter of the five rules: two actions at a time with one partner, and words before and between."""

from __future__ import annotations

from coop_abm.llm.dialect import Dialect, Form, Label, Text, check_manner
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.paragraphs import TEXT_KEYS
from coop_abm.llm.quoting import LONGEST
from coop_abm.llm.rules import SYSTEM
from coop_abm.llm.state import USER
from coop_abm.llm.wording import Wording


def form(facts: Facts, manner: Manner) -> Form:
    """The action, with reasoning where it is asked for; in the other stages a text."""
    if facts.stage == "act":
        action = Label(manner.labels, (1, 0) if manner.swapped else (0, 1), "the two actions")
        return Form((("action", action),), manner.reasoning)
    return Form(((TEXT_KEYS[facts.stage], Text(LONGEST if facts.limit is None else facts.limit)),))


def rules_of(facts: Facts) -> Facts:
    """The same facts without the state of the moment."""
    return facts._replace(
        stage="act", round=0, turn=0, partner=0, history=None, standing=None, own_standing=None, kin=None,
        neighbours=None, group=None if facts.group is None else 0, members=None, payoff=None, said=None,
        limit=None, memo=None, draft=None, critique=None,
    )  # fmt: skip


def check(manner: Manner, words: Wording) -> None:
    """Two labels, and what holds in every dialect."""
    check_manner(manner, words, labels=2)


ENCOUNTER = Dialect(name="encounter", facts=Facts, system=SYSTEM, user=USER, form=form, rules_of=rules_of, check=check)
