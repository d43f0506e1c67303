"""What a paragraph of a prompt is: lines with two directions, how they are said and how they are heard back.

A prompt is two lists of paragraphs, in the encounter ``rules.SYSTEM`` and ``state.USER``. A paragraph is said
exactly where its facts are not None. Hearing goes through the same lists in the same order, so there is one
order and one set of words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from coop_abm.llm.facts import Manner
from coop_abm.llm.quoting import quote, unquote
from coop_abm.llm.wording import Line, Wording, number, whole

STAGES = ("act", "talk", "plan", "critique", "revise")
#: The key of the text in the answer of each stage but act.
TEXT_KEYS = {"talk": "message", "plan": "plan", "critique": "critique", "revise": "plan"}


class Heard:
    """What was heard so far, and the lines that are still to be heard; past the end there is only ""."""

    def __init__(self, text: str, facts: dict[str, Any], manner: dict[str, Any]):
        self.lines = text.split("\n")
        self.at = 0
        self.facts, self.manner = facts, manner

    def line(self, ahead: int = 0) -> str:
        """The next line, or one further ahead."""
        place = self.at + ahead
        return self.lines[place] if place < len(self.lines) else ""

    def take(self, template: Line) -> dict[str, str] | None:
        """What the next line says, if it is of this template; then it counts as heard."""
        found = template.match(self.line())
        if found is not None:
            self.at += 1
        return found

    def require(self, template: Line, what: str) -> dict[str, str]:
        """The same as :meth:`take`; ValueError, naming `what` is missing, if the next line is of another template."""
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

    def say(self, facts: Any, manner: Manner, wording: Wording) -> Sequence[str]:
        """The lines, none where the scenario has no such thing; ValueError for what has no words."""
        ...

    def hear(self, heard: Heard, wording: Wording) -> None:
        """Take the lines of this paragraph, if they come next, and note what they say."""
        ...


class Number(Paragraph):
    """One number, in a line of its own: a float, or with `counted` a whole number."""

    def __init__(self, table: str, field: str, *, counted: bool = False):
        self.table, self.field, self.counted = table, field, counted

    def say(self, facts: Any, manner: Manner, wording: Wording) -> Sequence[str]:
        value = getattr(facts, self.field)
        if value is None:
            return ()
        told = whole(value) if self.counted else number(value)
        return (wording.tables[self.table][self.field].fill(**{self.field: told}),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        if found := heard.take(wording.tables[self.table][self.field]):
            heard.facts[self.field] = (int if self.counted else float)(found[self.field])


class Choice(Paragraph):
    """One of several fixed lines, by the value of a field."""

    def __init__(self, table: str, field: str, keys: dict[Any, str]):
        self.table, self.field, self.keys = table, field, keys

    def say(self, facts: Any, manner: Manner, wording: Wording) -> Sequence[str]:
        value = getattr(facts, self.field)
        if value is None:
            return ()
        if value not in self.keys:
            permitted = ", ".join(str(key) for key in self.keys)
            raise ValueError(f"{self.field} must be one of {permitted}; got {value!r:.40}")
        key = self.keys[value]
        return (wording.tables[self.table][key].text,) if key else ()

    def hear(self, heard: Heard, wording: Wording) -> None:
        table = wording.tables[self.table]
        value = heard.take_one_of({value: table[key].text for value, key in self.keys.items() if key})
        if value is not None:
            heard.facts[self.field] = value


class Quoted(Paragraph):
    """Somebody's text: a fixed line that says whose it is, and one line that holds it.

    With `none`, an empty text is said in words.
    """

    def __init__(self, field: str, none: str = ""):
        self.field, self.none = field, none

    def say(self, facts: Any, manner: Manner, wording: Wording) -> Sequence[str]:
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


#: How a value of each type is said; it is heard back by the type itself.
_SAID: dict[type, Callable[[Any], str]] = {int: whole, float: number, str: str}
#: Placeholders of labels, in the order in which they are listed.
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


class Rows(Paragraph):
    """A field that holds a tuple of records: a heading, and one line for each of them, with its numbers.

    Templates: the name of the field for the heading, ``<field>_row`` for a line; with `none` the line that
    says that there are no records yet.

    columns : placeholder of the line -> int, float, or str where the dialect gives the placeholder a shape; records
              are tuples in this order
    """

    def __init__(self, table: str, field: str, columns: Mapping[str, type], none: str):
        self.table, self.field, self.columns, self.none = table, field, dict(columns), none

    def say(self, facts: Any, manner: Manner, wording: Wording) -> Sequence[str]:
        rows, lines = getattr(facts, self.field), wording.tables[self.table]
        if rows is None:
            return ()
        if not rows:
            return (lines[self.none].text,)
        names, fill = tuple(self.columns), lines[f"{self.field}_row"].fill
        said = [{name: _SAID[self.columns[name]](v) for name, v in zip(names, row, strict=True)} for row in rows]
        return [lines[self.field].text, *(fill(**each) for each in said)]

    def hear(self, heard: Heard, wording: Wording) -> None:
        lines = wording.tables[self.table]
        if heard.take(lines[self.none]) is not None:
            heard.facts[self.field] = ()
        elif heard.take(lines[self.field]) is not None:
            rows = []
            while found := heard.take(lines[f"{self.field}_row"]):
                rows.append(tuple(kind(found[name]) for name, kind in self.columns.items()))
            heard.facts[self.field] = tuple(rows)


class Asks(Paragraph):
    """What is asked for now, one line for each stage; always the last line, which a repair turn repeats.

    Placeholders ``first``, ``second`` ... hold the labels in the order in which they are listed; the others hold
    the fields of the facts that have their names.

    keys    : stage -> key of its line among the templates of the user message
    reasoned : stages in which a reasoning may be asked for; their line is then ``<key>_reasoned``
    numbers : placeholder -> int or float, of fields that are said in such lines
    """

    def __init__(
        self, keys: Mapping[str, str], reasoned: Sequence[str] = (), numbers: Mapping[str, type] | None = None
    ):
        self.keys, self.reasoned, self.numbers = dict(keys), tuple(reasoned), dict(numbers or {})

    def _line(self, stage: str, manner: Mapping[str, Any], wording: Wording) -> Line:
        reasoned = manner.get("reasoning") and stage in self.reasoned
        return wording.user[self.keys[stage] + ("_reasoned" if reasoned else "")]

    def say(self, facts: Any, manner: Manner, wording: Wording) -> Sequence[str]:
        if facts.stage not in self.keys:
            raise ValueError(f"stage must be one of {', '.join(self.keys)}; got {facts.stage!r:.40}")
        listed = manner.labels[::-1] if manner.swapped else manner.labels
        labels = dict(zip(ORDINALS, listed, strict=False))
        line = self._line(facts.stage, manner._asdict(), wording)
        told = {n: _SAID[self.numbers[n]](getattr(facts, n)) for n in line.names if n in self.numbers}
        return (line.fill(**told, **{name: labels[name] for name in line.names if name in labels}),)

    def hear(self, heard: Heard, wording: Wording) -> None:
        for stage in self.keys:
            if (found := heard.take(self._line(stage, heard.manner, wording))) is not None:
                heard.facts["stage"] = stage
                heard.facts.update({name: kind(found[name]) for name, kind in self.numbers.items() if name in found})
                return
        raise ValueError(f"line {heard.at + 1} should say what is asked")
