"""From facts to the messages that a language model reads.

The system message carries the rules that do not change within a run, so providers can keep it; the
user message carries the state of one decision and ends with what is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from coop_abm.llm import dialects
from coop_abm.llm.dialect import Decimal, Dialect, Form, Integer, Label, Person, Text
from coop_abm.llm.dialects.encounter import ENCOUNTER
from coop_abm.llm.facts import Manner
from coop_abm.llm.paragraphs import Paragraph
from coop_abm.llm.quoting import LONGEST, quote, visible
from coop_abm.llm.rules import JUDGED, first_cooperates
from coop_abm.llm.wording import LANGUAGES, Wording, personas, templates_hash
from coop_abm.norms import LeadingEight, Norm

__all__ = [
    "JUDGED", "LANGUAGES", "LONGEST", "check", "first_cooperates", "judged_by", "personas", "render", "repair",
    "schema_of", "templates_hash",
]  # fmt: skip

#: Most characters of a refused reply and of a complaint in a repair turn.
LONGEST_REPLY, LONGEST_COMPLAINT = 1000, 200


def render(facts: Any, manner: Manner) -> tuple[tuple[str, str], ...]:
    """The messages of one decision: (("system", rules), ("user", state)), in the dialect of these facts.

    A paragraph is there exactly where its fact is not None. Texts of others are quoted, see
    :mod:`coop_abm.llm.quoting`. In the encounter, a `slips_both` without `slips` says nothing, so it is not said.

    Raises
    ------
    ValueError
        for what has no words: an unknown language, stage, standing or norm, a number that is not finite, a
        text of more than ``LONGEST`` characters, a limit above that or where an action is asked for
    TypeError
        if no dialect tells of such facts
    """
    dialect = dialects.of(facts)
    words = dialect.wording(manner.language)
    system = _system(dialect, dialect.rules_of(facts), manner)
    return ("system", system), ("user", _said(dialect.user, facts, manner, words))


@lru_cache(maxsize=4096)
def _system(dialect: Dialect, rules: Any, manner: Manner) -> str:
    words = dialect.wording(manner.language)
    dialect.check(manner, words)
    return _said(dialect.system, rules, manner, words)


def _said(paragraphs: Sequence[Paragraph], facts: Any, manner: Manner, words: Wording) -> str:
    return "\n".join([line for paragraph in paragraphs for line in paragraph.say(facts, manner, words)])


def check(manner: Manner, dialect: Dialect = ENCOUNTER) -> None:
    """Can a prompt be written in this manner?

    Raises
    ------
    ValueError
        if the dialect has no such language, or refuses the manner, see ``dialect.check_manner``
    """
    dialect.check(manner, dialect.wording(manner.language))


def judged_by(norm: Norm) -> str:
    """What ``Facts.judged`` says of a norm: its kind, and of the leading eight also which.

    >>> from coop_abm.norms import SternJudging
    >>> judged_by(SternJudging()), judged_by(LeadingEight(number=3))
    ('stern_judging', 'leading_eight_3')
    """
    return f"{norm.kind}_{norm.number}" if isinstance(norm, LeadingEight) else norm.kind  # type: ignore[attr-defined]


def repair(
    messages: tuple[tuple[str, str], ...],
    reply_text: str,
    complaint: str,
    manner: Manner,
    dialect: Dialect = ENCOUNTER,
) -> tuple[tuple[str, str], ...]:
    """The question again after an answer that cannot be used: that answer, shortened, and what is permitted.

    The last message is one line in the language of the prompt; `complaint` stands in it as a quotation.
    """
    words = dialect.wording(manner.language)
    request = messages[1][1].rpartition("\n")[2]
    again = words.repair["again"].fill(complaint=quote(complaint[:LONGEST_COMPLAINT]), request=request)
    answer = visible(reply_text.strip(), LONGEST_REPLY) or words.words["nothing"]
    return *messages[:2], ("assistant", answer), ("user", again)


def schema_of(facts: Any, manner: Manner) -> str:
    """JSON schema of the answer, as JSON text; labels in the order in which the prompt lists them.

    Limits of texts and bounds of numbers are left to the words of the prompt, because some providers
    refuse ``maxLength``, ``minimum`` and the like; :func:`~coop_abm.llm.parse.parse` holds them.
    """
    return _schema(dialects.of(facts).form(facts, manner))


@lru_cache(maxsize=1024)
def _schema(form: Form) -> str:
    properties = {"reasoning": {"type": "string"}} if form.reasoning else {}
    properties |= {key: _SHAPES[type(answer)](answer) for key, answer in form.keys}
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return json.dumps(schema, ensure_ascii=True, separators=(",", ":"))


#: What may stand under a key, as a JSON schema.
_SHAPES: dict[type, Callable[[Any], dict[str, Any]]] = {
    Label: lambda label: {"type": "string", "enum": list(label.shown)},
    Integer: lambda _: {"type": "integer"},
    Decimal: lambda _: {"type": "number"},
    Text: lambda _: {"type": "string"},
    Person: lambda person: {"type": ["integer", "null"] if person.nobody else "integer"},
}
