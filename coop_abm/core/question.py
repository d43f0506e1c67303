"""Ask, decide, tell: what a round asks of whoever decides, and what may be answered.

A :class:`Question` is a batch: one row for each individual that must decide now. A table of
strategies, a language model, a trained policy and a human differ only in how they answer it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from coop_abm.core.errors import PolicyError, quoted


def whole_numbers(actions: np.ndarray, rows: int) -> np.ndarray:
    """The answers as int64 (rows,).

    Raises
    ------
    PolicyError
        if there is not one whole number for each row
    """
    given = np.asarray(actions)
    if given.shape != (rows,) or given.dtype.kind not in "iu":
        raise PolicyError(f"a policy must return {rows} whole numbers; got {given.dtype} of shape {given.shape}")
    return given.astype(np.int64)


class Options(NamedTuple):
    """A choice among named actions; an answer is the position of a name."""

    names: tuple[str, ...]

    def validate(self, actions: np.ndarray, rows: int) -> np.ndarray:
        """The answers as int64 (rows,), unchanged.

        Raises
        ------
        PolicyError
            if there is not one whole number in [0, len(names)) for each row; nothing is clipped
        """
        given = whole_numbers(actions, rows)
        if rows and (given.min() < 0 or given.max() >= len(self.names)):
            wrong = int(np.argmax((given < 0) | (given >= len(self.names))))
            permitted = ", ".join(f"{n} {name}" for n, name in enumerate(self.names))
            raise PolicyError(f"row {wrong}: {given[wrong]} is not among {permitted}")
        return given


class Whole(NamedTuple):
    """A whole number in [low, high]; an answer is that number."""

    low: int
    high: int

    def validate(self, actions: np.ndarray, rows: int) -> np.ndarray:
        """The answers as int64 (rows,), unchanged.

        Raises
        ------
        PolicyError
            if there is not one whole number in [low, high] for each row; nothing is clipped
        """
        given = whole_numbers(actions, rows)
        _inside(given, self.low, self.high)
        return given


class Real(NamedTuple):
    """A number in [low, high]; an answer is that number."""

    low: float
    high: float

    def validate(self, actions: np.ndarray, rows: int) -> np.ndarray:
        """The answers as float64 (rows,), unchanged.

        Raises
        ------
        PolicyError
            if there is not one finite number in [low, high] for each row; nothing is clipped
        """
        given = np.asarray(actions)
        if given.shape != (rows,) or given.dtype.kind not in "iuf":
            raise PolicyError(f"a policy must return {rows} numbers; got {given.dtype} of shape {given.shape}")
        found = given.astype(np.float64)
        if not np.isfinite(found).all():
            raise PolicyError(f"row {int(np.argmin(np.isfinite(found)))}: a number must be finite")
        _inside(found, self.low, self.high)
        return found


def _inside(given: np.ndarray, low: float, high: float) -> None:
    wrong = (given < low) | (given > high)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise PolicyError(f"row {row}: {given[row]} is not in [{low}, {high}]")


class Someone(NamedTuple):
    """A choice of one individual, or of nobody; an answer is its number, -1 for nobody.

    permitted : bool (rows, N), whom each may choose
    nobody    : may nobody be chosen?
    """

    permitted: np.ndarray
    nobody: bool

    def validate(self, actions: np.ndarray, rows: int) -> np.ndarray:
        """The answers as int64 (rows,), unchanged.

        Raises
        ------
        PolicyError
            if an answer is nobody that its row may choose
        """
        given = whole_numbers(actions, rows)
        people = self.permitted.shape[1]
        for row, chosen in enumerate(given.tolist()):
            if chosen == -1 and self.nobody:
                continue
            if not 0 <= chosen < people or not self.permitted[row, chosen]:
                listed = np.flatnonzero(self.permitted[row]).tolist()
                permitted = ", ".join(map(str, listed[:20])) + (" ..." if len(listed) > 20 else "")
                raise PolicyError(
                    f"row {row}: {chosen} may not be chosen; permitted: {permitted or 'none'}"
                    + (", or -1 for nobody" if self.nobody else "")
                )
        return given

    def of(self, rows: np.ndarray) -> Someone:
        """The same choice for some of the rows."""
        return self._replace(permitted=self.permitted[rows])


class Together(NamedTuple):
    """Several choices that are made at once; an answer has one field for each of them.

    parts : (name, choices) of each

    >>> both = Together((("move", Options(("help", "refuse"))), ("effort", Real(0.0, 1.0))))
    >>> answers = both.empty(2)
    >>> answers["move"], answers["effort"] = [0, 1], [0.5, 1.0]
    >>> both.validate(answers, 2)["effort"].tolist()
    [0.5, 1.0]
    """

    parts: tuple[tuple[str, Choices], ...]

    @property
    def dtype(self) -> np.dtype:
        """Of an array of answers: one field for each part."""
        return np.dtype([(name, dtype_of(choices)) for name, choices in self.parts])

    def empty(self, rows: int) -> np.ndarray:
        """Answers to be filled in: a structured array (rows,), all 0."""
        return np.zeros(rows, self.dtype)

    def validate(self, actions: np.ndarray, rows: int) -> np.ndarray:
        """The answers as a structured array (rows,), unchanged.

        Raises
        ------
        PolicyError
            if a part is missing or is not permitted
        """
        given, names = np.asarray(actions), tuple(name for name, _ in self.parts)
        if given.shape != (rows,) or given.dtype.names is None or set(given.dtype.names) != set(names):
            raise PolicyError(f"a policy must return {rows} records of {', '.join(names)}; got {given.dtype}")
        found = self.empty(rows)
        for name, choices in self.parts:
            try:
                found[name] = choices.validate(given[name], rows)
            except PolicyError as error:
                raise PolicyError(f"{name}: {error}") from None
        return found

    def of(self, rows: np.ndarray) -> Together:
        """The same choices for some of the rows."""
        return Together(tuple((name, some(choices, rows)) for name, choices in self.parts))


class Texts:
    """The texts of a world, each once; everything else holds their numbers. Number 0 is the empty text.

    >>> texts = Texts()
    >>> texts.number("I shall help"), texts.number("I shall help"), texts[1]
    (1, 1, 'I shall help')
    """

    def __init__(self) -> None:
        self._listed, self._numbers = [""], {"": 0}

    def __getitem__(self, number: int) -> str:
        return self._listed[number]

    def __len__(self) -> int:
        return len(self._listed)

    def number(self, text: str) -> int:
        """The number of this text, a new one if it has none yet.

        Raises
        ------
        PolicyError
            unless it is text that UTF-8 can hold
        """
        if not isinstance(text, str):
            raise PolicyError(f"a text must be a string; got {quoted(text)}")
        found = self._numbers.get(text)
        if found is None:
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                raise PolicyError(f"a text must be valid Unicode; got {quoted(text)}") from None
            found = self._numbers[text] = len(self._listed)
            self._listed.append(text)
        return found


class Words(NamedTuple):
    """A choice of words; an answer is the number of a text in the table of texts of the question."""

    limit: int
    texts: Texts

    def validate(self, actions: np.ndarray, rows: int) -> np.ndarray:
        """The answers as int64 (rows,), unchanged.

        Raises
        ------
        PolicyError
            if there is not the number of a text of at most `limit` characters for each row; nothing is cut off
        """
        given = whole_numbers(actions, rows)
        if rows and (given.min() < 0 or given.max() >= len(self.texts)):
            raise PolicyError(f"a text must have a number in [0, {len(self.texts) - 1}]; got {given.tolist()[:10]}")
        for number in np.unique(given).tolist():
            if len(self.texts[number]) > self.limit:
                raise PolicyError(f"a text must have at most {self.limit} characters; got {len(self.texts[number])}")
        return given


Choices = Options | Words | Whole | Real | Someone | Together


def dtype_of(choices: Choices) -> np.dtype:
    """Of an array of answers."""
    if isinstance(choices, Together):
        return choices.dtype
    return np.dtype(np.float64 if isinstance(choices, Real) else np.int64)


def limit_of(choices: Choices) -> int:
    """Most characters of the text that is asked for; 0 where none is."""
    return choices.limit if isinstance(choices, Words) else 0


def some(choices: Choices, rows: np.ndarray) -> Choices:
    """The choices of some of the deciders: positions, or a mask."""
    return choices.of(rows) if isinstance(choices, (Someone, Together)) else choices


class Seen(NamedTuple):
    """What a strategy table reads, as arrays int64 (Q,).

    strategy : its own index into the repertoire
    memory   : the state of its own automaton
    last     : last outcome of this encounter: 0 start, 1 CC, 2 CD, 3 DC, 4 DD, own action first
    standing : of the partner: 0 bad, 1 good, 2 unknown
    kin      : 1 if the partner is known as kin
    own      : its own standing: 0 bad, 1 good
    """

    strategy: np.ndarray
    memory: np.ndarray
    last: np.ndarray
    standing: np.ndarray
    kin: np.ndarray
    own: np.ndarray


class View(NamedTuple):
    """What each of Q deciders sees, as arrays (Q,) of whole numbers unless said otherwise.

    strategy, memory, last, standing, kin, own : see :class:`Seen`
    history : int8 (Q, turn), outcomes of this encounter so far, coded as `last`, oldest first
    payoff  : float (Q,), own felt payoff of the last round; NaN in the first
    group   : the own group
    members : how many live in it
    said    : number of what the partner said last in this encounter; 0 nothing
    memo    : number of one's own notes; 0 none
    played  : turns that one has played, over all encounters
    draft, critique : numbers of the text that is to be criticised or revised, and of what was said of it; 0 none
    """

    strategy: np.ndarray
    memory: np.ndarray
    last: np.ndarray
    standing: np.ndarray
    kin: np.ndarray
    own: np.ndarray
    history: np.ndarray
    payoff: np.ndarray
    group: np.ndarray
    members: np.ndarray
    said: np.ndarray
    memo: np.ndarray
    played: np.ndarray
    draft: np.ndarray
    critique: np.ndarray

    @property
    def seen(self) -> Seen:
        """What a strategy table reads of it."""
        return Seen(*self[: len(Seen._fields)])


class Question(NamedTuple):
    """A batch of Q decisions of one stage.

    stage      : what is decided: ``act``; ``talk``, what to say to the partner; a policy that plans asks another
                 ``plan``, ``critique`` and ``revise``
    round, turn : when, from 0
    replicate, individual, partner : int64 (Q,), who decides, facing whom
    view       : what each sees: a :class:`View`, or a NamedTuple of arrays (Q, ...) of a world of its own kind
    choices    : what may be answered
    draw       : float (Q,), the uniform number of each decider's own chance
    row        : int64 (Q,), place of each decision in its turn; (replicate, round, turn, stage, row) is its address
    texts      : the texts of the world, by their numbers
    """

    stage: str
    round: int
    turn: int
    replicate: np.ndarray
    individual: np.ndarray
    partner: np.ndarray
    view: Any
    choices: Choices
    draw: np.ndarray
    row: np.ndarray
    texts: Texts

    def __len__(self) -> int:  # rows, not fields
        return len(self.individual)

    def of(self, rows: np.ndarray) -> Question:
        """The same question to some of the deciders: positions, or a mask."""
        listed = {name: getattr(self, name)[rows] for name in ("replicate", "individual", "partner", "draw", "row")}
        view = type(self.view)(*(column[rows] for column in self.view))
        return self.changed(view=view, choices=some(self.choices, rows), **listed)

    def changed(self, **fields: Any) -> Question:
        """The same question with some fields changed (``_replace`` counts rows for fields)."""
        return Question(**{**dict(zip(self._fields, self, strict=True)), **fields})


class Decision(NamedTuple):
    """An answer with more to it than actions.

    action : (Q,), see :class:`Policy`
    memo   : int (Q,), number of the notes that each wants to find in its next view; -1 keeps the old ones
    """

    action: np.ndarray
    memo: np.ndarray


class Policy(Protocol):
    """Whoever decides. A policy is stateless: whatever it wants to remember it gives back as a memo."""

    def decide(self, question: Question) -> np.ndarray | Decision:
        """(Q,): for each row what its choices say: the position of an action, the number of a text, a number ..."""
        ...
