"""From facts to the messages that a language model reads.

The system message carries the rules that do not change within a run, so providers can keep it; the
user message carries the state of one decision and ends with what is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.paragraphs import TEXT_KEYS, Paragraph
from coop_abm.llm.quoting import LONGEST, hides, quote, visible
from coop_abm.llm.rules import JUDGED, SYSTEM, first_cooperates
from coop_abm.llm.state import USER
from coop_abm.llm.wording import LANGUAGES, Wording, personas, templates_hash, wording
from coop_abm.norms import LeadingEight, Norm

__all__ = [
    "JUDGED", "LANGUAGES", "LONGEST", "check", "first_cooperates", "judged_by", "personas", "render", "repair",
    "schema_of", "templates_hash",
]  # fmt: skip

#: Most characters of a label, of a refused reply and of a complaint in a repair turn.
LONGEST_LABEL, LONGEST_REPLY, LONGEST_COMPLAINT = 40, 1000, 200


def render(facts: Facts, manner: Manner) -> tuple[tuple[str, str], ...]:
    """The messages of one decision: (("system", rules), ("user", state)).

    A paragraph is there exactly where its fact is not None. Texts of others are quoted, see
    :mod:`coop_abm.llm.quoting`. A `slips_both` without `slips` says nothing, so it is not said.

    Raises
    ------
    ValueError
        for what has no words: an unknown language, stage, standing or norm, a number that is not finite, a
        text of more than ``LONGEST`` characters, a limit above that or where an action is asked for
    """
    words = wording(manner.language)
    return ("system", _system(_rules_of(facts), manner)), ("user", _said(USER, facts, manner, words))


def _rules_of(facts: Facts) -> Facts:
    """The same facts without the state of the moment: what a system message is made of."""
    return facts._replace(
        stage="act", round=0, turn=0, partner=0, history=None, standing=None, own_standing=None, kin=None,
        neighbours=None, group=None if facts.group is None else 0, members=None, payoff=None, said=None,
        limit=None, memo=None, draft=None, critique=None,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _system(rules: Facts, manner: Manner) -> str:
    check(manner)
    return _said(SYSTEM, rules, manner, wording(manner.language))


def _said(paragraphs: Sequence[Paragraph], facts: Facts, manner: Manner, words: Wording) -> str:
    return "\n".join([line for paragraph in paragraphs for line in paragraph.say(facts, manner, words)])


def check(manner: Manner) -> None:
    """Can a prompt be written in this manner?

    Raises
    ------
    ValueError
        if the language or the framing is not known, the labels are not two different words of 1 to
        ``LONGEST_LABEL`` visible characters without quotes and backslashes, or the persona is too long or ``neutral``
    """
    words = wording(manner.language)
    if manner.framing not in ("reward", "penalty"):
        raise ValueError(f"framing must be reward or penalty; got {manner.framing!r:.40}")
    for label in manner.labels:
        if not 1 <= len(label) <= LONGEST_LABEL or hides(label) or set(label) & set('"\\') or label != label.strip():
            raise ValueError(
                f"labels must have 1 to {LONGEST_LABEL} visible characters without quotes, backslashes and outer "
                f"spaces; got {quote(label[:LONGEST_LABEL])}"
            )
    if len(manner.labels) != 2 or manner.labels[0].casefold() == manner.labels[1].casefold():
        raise ValueError(f"labels must be two different words; got {', '.join(map(quote, manner.labels))}")
    if manner.persona == "neutral":
        raise ValueError('persona: neutral is the empty text; got "neutral"')
    if manner.persona not in words.personas and len(manner.persona) > LONGEST:
        raise ValueError(f"persona must have at most {LONGEST} characters; got {len(manner.persona)}")


def judged_by(norm: Norm) -> str:
    """What ``Facts.judged`` says of a norm: its kind, and of the leading eight also which.

    >>> from coop_abm.norms import SternJudging
    >>> judged_by(SternJudging()), judged_by(LeadingEight(number=3))
    ('stern_judging', 'leading_eight_3')
    """
    return f"{norm.kind}_{norm.number}" if isinstance(norm, LeadingEight) else norm.kind  # type: ignore[attr-defined]


def repair(
    messages: tuple[tuple[str, str], ...], reply_text: str, complaint: str, manner: Manner
) -> tuple[tuple[str, str], ...]:
    """The question again after an answer that cannot be used: that answer, shortened, and what is permitted.

    The last message is one line in the language of the prompt; `complaint` stands in it as a quotation.
    """
    words = wording(manner.language)
    request = messages[1][1].rpartition("\n")[2]
    again = words.repair["again"].fill(complaint=quote(complaint[:LONGEST_COMPLAINT]), request=request)
    answer = visible(reply_text.strip(), LONGEST_REPLY) or words.words["nothing"]
    return *messages[:2], ("assistant", answer), ("user", again)


def schema_of(facts: Facts, manner: Manner) -> str:
    """JSON schema of the answer, as JSON text; actions in the order in which the prompt lists them.

    The limit of a text is left to the words of the prompt, because some providers refuse ``maxLength``.
    """
    return _schema(facts.stage, manner.labels, manner.swapped, manner.reasoning)


@lru_cache(maxsize=256)
def _schema(stage: str, labels: tuple[str, str], swapped: bool, reasoning: bool) -> str:
    text = {"type": "string"}
    if stage == "act":
        listed = labels[::-1] if swapped else labels
        answer: dict = {"action": {"type": "string", "enum": list(listed)}}
        properties = {"reasoning": text, **answer} if reasoning else answer
    else:
        properties = {TEXT_KEYS[stage]: text}
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return json.dumps(schema, ensure_ascii=True, separators=(",", ":"))
