"""Parts of a sweep, each for a machine of its own: a cell belongs to one of them by its hash."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError, quoted


class Shard(NamedTuple):
    """One of several parts of a sweep, each for a machine of its own.

    part : its number, from 1
    of   : how many there are
    """

    part: int
    of: int

    def holds(self, cell: bytes) -> bool:
        """Does this part do the cell of this hash? Exactly one part does."""
        return int.from_bytes(cell[:8], "big") % self.of == self.part - 1

    def chosen[Set: Mapping[str, Any]](self, cells: Iterable[Set], hash_of: Callable[[Set], bytes]) -> Iterator[Set]:
        """Those of these parameter sets that this part does."""
        return (parameters for parameters in cells if self.holds(hash_of(parameters)))


def shard_of(text: str) -> Shard:
    """The part that "2/8" means.

    Raises
    ------
    InputError
        if it is no part
    """
    part, slash, of = text.partition("/")
    numbers = [int(n) if n.isascii() and n.isdecimal() and len(n) < 10 else 0 for n in (part, of)]
    if not slash or not 1 <= numbers[0] <= numbers[1]:
        raise InputError(f"shard must be PART/PARTS, such as 2/8, with PART in [1, PARTS]; got {quoted(text)}")
    return Shard(*numbers)
