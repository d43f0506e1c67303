"""What a kind of world can be told and asked in words: the paragraphs of its prompts and the form of its answers.

A world that is played in stages brings a *dialect*: a record of facts, the paragraphs that say them and hear
them back, template files in its languages, and for each decision the form of the answer. Rendering, reading,
schemas, parsing and repair turns are one code for all of them, see ``prompts``, ``reading`` and ``parse``. The
encounter of the five rules is the first dialect (``llm/dialects/encounter.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm.llm.facts import Manner
from coop_abm.llm.paragraphs import Paragraph
from coop_abm.llm.quoting import LONGEST, hides, quote
from coop_abm.llm.wording import LANGUAGES, Wording, templates_hash, wording

#: Most characters of a label.
LONGEST_LABEL = 40


# ------------------------------------------------------------------------------------- what may be answered
# Dataclasses, because two tuples of the same numbers are equal, whatever they are called.


@dataclass(frozen=True, slots=True)
class Label:
    """One of several labels, to the letter; it stands for its place in `labels`.

    labels : by the numbers that they stand for
    listed : their numbers in the order in which the prompt lists them; () is the order of `labels`
    called : what they are, for the refusal of another one
    """

    labels: tuple[str, ...]
    listed: tuple[int, ...] = ()
    called: str = "the permitted answers"

    @property
    def shown(self) -> tuple[str, ...]:
        """The labels in the order in which the prompt lists them."""
        return tuple(self.labels[place] for place in self.listed) if self.listed else self.labels


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number in [low, high], as a JSON number without point and exponent."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Decimal:
    """A number in [low, high], as a JSON number."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Text:
    """A text of at most `limit` characters."""

    limit: int


@dataclass(frozen=True, slots=True)
class Person:
    """One of the individuals with these numbers; null or -1 for nobody, where that is permitted."""

    numbers: tuple[int, ...]
    nobody: bool = False


Key = Label | Integer | Decimal | Text | Person


class Form(NamedTuple):
    """What an answer must look like: one JSON object with exactly these keys.

    keys : (key, what may stand there), in the order in which the prompt lists them; a question with
           several choices (:class:`~coop_abm.core.question.Together`) has the names of its parts as keys
    reasoning : is there a text under the key ``reasoning`` before them?
    """

    keys: tuple[tuple[str, Key], ...]
    reasoning: bool = False


# ------------------------------------------------------------------------------------- dialects


def check_manner(manner: Manner, words: Wording, labels: int = 0) -> None:
    """Can a prompt be written in this manner? What holds in every dialect.

    labels : how many there must be; 0: any number of them

    Raises
    ------
    ValueError
        if the framing is not known, the labels are not so many different words of 1 to ``LONGEST_LABEL``
        visible characters without quotes and backslashes, or the persona is too long or ``neutral``
    """
    if manner.framing not in ("reward", "penalty"):
        raise ValueError(f"framing must be reward or penalty; got {manner.framing!r:.40}")
    for label in manner.labels:
        if not 1 <= len(label) <= LONGEST_LABEL or hides(label) or set(label) & set('"\\') or label != label.strip():
            raise ValueError(
                f"labels must have 1 to {LONGEST_LABEL} visible characters without quotes, backslashes and outer "
                f"spaces; got {quote(label[:LONGEST_LABEL])}"
            )
    different = len({label.casefold() for label in manner.labels})
    if different < len(manner.labels) or labels not in (0, different):
        how_many = {0: "", 2: "two "}.get(labels, f"{labels} ")
        raise ValueError(f"labels must be {how_many}different words; got {', '.join(map(quote, manner.labels))}")
    if manner.persona == "neutral":
        raise ValueError('persona: neutral is the empty text; got "neutral"')
    if manner.persona not in words.personas and len(manner.persona) > LONGEST:
        raise ValueError(f"persona must have at most {LONGEST} characters; got {len(manner.persona)}")


@dataclass(frozen=True, eq=False, kw_only=True)
class Dialect:
    """One kind of world in words.

    Attributes
    ----------
    name   : by which the stand-in's players and the quizzes of this dialect are found
    facts  : NamedTuple of plain values with a field `stage`: all that one decision's prompt may say
    system, user : paragraphs of the two messages; the first of `system` is the opening, one line that no other dialect
             and language has; the last of `user` says what is asked for, in one line
    form   : (facts, manner) -> what an answer must look like
    rules_of : facts -> the same facts without the state of the moment, all that the system message is made of
    templates : what the names of its template files begin with: "" for en.toml, "commons_" for commons_en.toml
    languages : in which there are template files
    shapes : (placeholder, regular expression) of placeholders that hold no number, label or text of the usual names
    folder : where the template files lie; None: with those of this package
    check  : (manner, wording) -> None; ValueError for a manner in which this dialect has no prompts
    """

    name: str
    facts: type[Any]
    system: tuple[Paragraph, ...]
    user: tuple[Paragraph, ...]
    form: Callable[[Any, Manner], Form]
    rules_of: Callable[[Any], Any]
    templates: str = ""
    languages: tuple[str, ...] = LANGUAGES
    shapes: tuple[tuple[str, str], ...] = ()
    folder: Path | None = None
    check: Callable[[Manner, Wording], None] = check_manner

    def wording(self, language: str) -> Wording:
        """The templates of a language; ValueError if there are none in it."""
        return wording(language, self.templates, self.languages, self.shapes, self.folder)

    def templates_hash(self, language: str) -> str:
        """SHA-256 of the template file of a language, all 64 hexadecimal digits."""
        return templates_hash(language, self.templates, self.languages, self.folder)
