"""What the stand-in says, in the form and the language that its prompt asks for."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files

from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.paragraphs import TEXT_KEYS
from coop_abm.llm.wording import number


@cache
def _texts(language: str) -> dict[str, str]:
    path = files("coop_abm.llm").joinpath("templates", f"stand_in_{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _said(key: str, manner: Manner, strategy: str, chance: float) -> str:
    text = _texts(manner.language)[key]
    return text.format(strategy=strategy, help=manner.labels[0], chance=number(chance))


def reason(chance: float, strategy: str, manner: Manner) -> str:
    """The reasoning of an answer: with which probability the strategy cooperates."""
    return _said("reasoning", manner, strategy, chance)


def action(chosen: int, chance: float, strategy: str, manner: Manner) -> str:
    """The answer that chooses an action, 0 or 1, with the probability of action 0 as reasoning if any is asked for."""
    answer = {"reasoning": _said("reasoning", manner, strategy, chance)} if manner.reasoning else {}
    return json.dumps(answer | {"action": manner.labels[chosen]}, ensure_ascii=False)


def speech(facts: Facts, manner: Manner, strategy: str, chance: float) -> str:
    """The answer of a stage that asks for a text: a message says honestly what is going to be done."""
    return text(_said(facts.stage, manner, strategy, chance), facts)


def text(own: str, facts: Facts) -> str:
    """A text as the answer of the stage, cut to its beginning where it is longer than is permitted."""
    short = own if facts.limit is None else own[: facts.limit]
    return json.dumps({TEXT_KEYS[facts.stage]: short}, ensure_ascii=False)
