"""Declared parts: frozen, validated, self-describing.

A *part* is anything a scenario declares: a game, a strategy, an update rule, a mechanism, a graph.
It is a frozen record of *knobs*; a knob states its default, its permitted interval and its words
once, and validation, error text, command-line option, Mesa keyword, dashboard control, sweep axis
and documentation row are all read from that one statement.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from coop_abm.core.errors import InputError


class Part(BaseModel):
    """A frozen record of knobs.

    Unknown names, wrong types and non-finite numbers are refused. Equal parts are interchangeable:
    a part holds no state, opens no file and draws no random number when it is made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    #: One-word title for tables and controls; kinds of one family differ in it.
    title: ClassVar[str] = ""
    #: Keys of ``references.bib`` that this part rests on.
    references: ClassVar[tuple[str, ...]] = ()

    @property
    def cites(self) -> tuple[str, ...]:
        """References of this very part, as its knobs stand."""
        return self.references


#: Files have lists where parts have tuples.
LISTED = BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)


def knob(
    default: Any,
    title: str,
    *,
    low: float | None = None,
    high: float | None = None,
    below: float | None = None,
    step: float | None = None,
    unit: str = "",
    help: str = "",
    live: bool = False,
) -> Any:
    """Declare one scalar of a part.

    Parameters
    ----------
    default : the neutral value, or ... where a value must be given
    title   : what it is called in sentences, tables and controls
    low, high : inclusive bounds; `below` is an exclusive upper bound
    step    : the natural step of a control
    unit    : unit of the number, empty for a pure number
    help    : one line that says what it does
    live    : may be changed while a world is running
    """
    return Field(
        default,
        ge=low,
        le=high,
        lt=below,
        title=title,
        description=help,
        json_schema_extra={"step": step, "unit": unit, "live": live},
    )


def kind_of(part: type[Part]) -> str:
    """The word by which a scenario names this kind of part.

    >>> from coop_abm.updates import DeathBirth
    >>> kind_of(DeathBirth)
    'death_birth'
    """
    return part.model_fields["kind"].default


def kinds_in(namespace: dict[str, Any], family: type[Part]) -> tuple[type[Part], ...]:
    """The kinds of a family that a package has imported, in the order of their import.

    This is why adding a part takes one line: the import.
    """
    found = (value for value in namespace.values() if isinstance(value, type) and issubclass(value, family))
    return tuple(dict.fromkeys(kind for kind in found if "kind" in kind.model_fields))


def one_of(*kinds: type[Part]) -> Any:
    """The type of a field that holds one of several kinds of part.

    In a scenario the part is a table with a ``kind`` and its knobs, or the bare kind where the
    defaults serve: ``update = "death_birth"`` is ``update = {kind = "death_birth"}``.

    Raises
    ------
    InputError
        if two kinds share one name
    """
    names = [kind_of(kind) for kind in kinds]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"kind {name!r} is declared twice in one family of parts")

    def spelled_out(value: Any) -> Any:
        return {"kind": value} if isinstance(value, str) else value

    def tag(value: Any) -> Any:
        found = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
        return found if isinstance(found, str) else None

    union: Any = None
    for kind, name in zip(kinds, names, strict=True):
        member: Any = Annotated[kind, Tag(name)]  # type: ignore[valid-type]
        union = member if union is None else union | member
    if len(kinds) == 1:
        return Annotated[kinds[0], BeforeValidator(spelled_out)]
    return Annotated[union, Discriminator(tag), BeforeValidator(spelled_out)]
