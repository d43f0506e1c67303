"""What varies: the points of an axis, and the range from which points are drawn.

On a command line and in a file::

    kin.relatedness=0:0.5:11         eleven points from 0 to 0.5, both included
    game.benefit=1:1000:4:log        1, 10, 100, 1000
    size=10,100,1000                 these
    update=death_birth,imitation     and these
    kin.relatedness=0:0.5            a range to draw from; 1:1000:log by its logarithm, 10:100:int whole numbers

Points are computed in decimals, and have at most 12 significant digits: what stands in a table is the value itself, the
same on every machine, and 0.15 is not 0.15000000000000002.
"""

from __future__ import annotations

import functools
import itertools
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, InvalidOperation
from typing import Any

from coop_abm.core.errors import InputError, quoted
from coop_abm.scenario.knobs import dotted, parsed

#: Points of one axis, or of one sample.
MOST_POINTS = 1 << 20
#: Significant digits of a computed value.
DIGITS = 12
_EXACT = Context(prec=34)
_ROUNDED = Context(prec=DIGITS)
#: Beyond this many characters a number is no number that anybody wrote.
_LONGEST = 40

AXIS_FORM = "write LOW:HIGH:NUMBER, LOW:HIGH:NUMBER:log, or VALUE,VALUE,..."
RANGE_FORM = "write LOW:HIGH, LOW:HIGH:log or LOW:HIGH:int"


@dataclass(frozen=True)
class Axis:
    """The values that one parameter takes, in order.

    name    : of the parameter
    spelled : "LOW:HIGH:NUMBER[:log]", or the values themselves
    """

    name: str
    spelled: str | tuple[Any, ...]

    @functools.cached_property
    def values(self) -> tuple[Any, ...]:
        """All of them."""
        return _points(self.name, self.spelled) if isinstance(self.spelled, str) else self.spelled

    def tree(self) -> list[Any]:
        """Plain values from which :func:`axis` makes it again."""
        return [self.name, self.spelled if isinstance(self.spelled, str) else list(self.spelled)]


@dataclass(frozen=True)
class Range:
    """Where values of one parameter are drawn from.

    name      : of the parameter
    low, high : both included
    log       : are equal ratios equally likely?
    whole     : only whole numbers?
    """

    name: str
    low: Decimal
    high: Decimal
    log: bool = False
    whole: bool = False

    def at(self, share: float) -> int | float:
        """The value below which this share of the range lies, `share` in [0, 1)."""
        low, high = self.low, _EXACT.add(self.high, 1) if self.whole else self.high
        value = _between(low, high, Decimal(share), self.log)
        if self.whole:
            return min(math.floor(value), int(self.high))
        return min(max(_rounded(value), float(low)), float(high))

    @property
    def spelled(self) -> str:
        """As a user writes it."""
        return f"{self.low}:{self.high}" + ":log" * self.log + ":int" * self.whole

    def tree(self) -> list[str]:
        """Plain values from which :func:`drawn_from` makes it again."""
        return [self.name, self.spelled]


def axis(name: str, values: Any, *, within: str = "grid") -> Axis:
    """The axis that was written, as text or as a list of values.

    Raises
    ------
    InputError
        naming the axis and what may be written
    """
    where = _named(name, within)
    if isinstance(values, str):
        if ":" in values:
            found = Axis(name, values.strip())
            _points(where, values)
            return found
        parts = [part.strip() for part in values.split(",")]
        if "" in parts:
            raise InputError(f"{where}: {'no values' if parts == [''] else 'a value is empty'}; {AXIS_FORM}")
        return _listed(where, name, [parsed(part) for part in parts])
    if isinstance(values, Iterable) and not isinstance(values, (dict, bytes)):
        return _listed(where, name, [_plain(where, value) for value in values])
    return _listed(where, name, [_plain(where, values)])


def drawn_from(name: str, text: Any, *, within: str = "range") -> Range:
    """The range that was written.

    Raises
    ------
    InputError
        naming the range and what may be written
    """
    where = _named(name, within)
    parts = [part.strip() for part in text.split(":")] if isinstance(text, str) else []
    how = parts[2:]
    if len(parts) < 2 or len(set(how)) < len(how) or not set(how) <= {"log", "int"}:
        raise InputError(f"{where}: {RANGE_FORM}; got {quoted(text)}")
    low, high = _ends(where, parts, "log" in how, RANGE_FORM)
    if low == high:
        raise InputError(f"{where}: low must be below high; got {quoted(text)}")
    if "int" in how and not (low == low.to_integral_value() and high == high.to_integral_value()):
        raise InputError(f"{where}: the ends of a range of whole numbers must be whole; got {quoted(text)}")
    return Range(name, low, high, "log" in how, "int" in how)


def name_and_text(written: str, within: str) -> tuple[str, str]:
    """The two sides of NAME=TEXT.

    Raises
    ------
    InputError
        if there is no name
    """
    name, equals, text = written.partition("=")
    if not equals or not name.strip():
        form = AXIS_FORM if within == "grid" else RANGE_FORM
        raise InputError(f"{within}: {form.replace('write ', 'write NAME=', 1)}; got {quoted(written)}")
    return name.strip(), text.strip()


# ------------------------------------------------------------------------------------------- inside


def _points(where: str, text: str) -> tuple[Any, ...]:
    """The points of LOW:HIGH:NUMBER[:log]: whole numbers where the ends were written so and all of them are."""
    parts = [part.strip() for part in text.split(":")]
    if len(parts) not in (3, 4) or (len(parts) == 4 and parts[3] != "log"):
        raise InputError(f"{where}: {AXIS_FORM}; got {quoted(text)}")
    log = len(parts) == 4
    low, high = _ends(where, parts, log, AXIS_FORM)
    number = parsed(parts[2])
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MOST_POINTS:
        raise InputError(f"{where}: the number of points must be in [1, {MOST_POINTS:,}]; got {quoted(parts[2])}")
    if number == 1 and low != high:
        raise InputError(f"{where}: one point cannot be both ends; got {quoted(text)}")
    if low == high and number > 1:
        raise InputError(f"{where}: low must be below high; got {quoted(text)}")
    if number == 1:
        return (int(low) if _written_whole(parts[0]) else float(low),)
    shares = (_EXACT.divide(i, number - 1) for i in range(1, number - 1))
    inner = [_ROUNDED.plus(_between(low, high, share, log)) for share in shares]
    exact = [low, *inner, high]
    if any(a >= b for a, b in itertools.pairwise(exact)):
        raise InputError(f"{where}: {number:,} points are closer than {DIGITS} digits can tell; got {quoted(text)}")
    if all(map(_written_whole, parts[:2])) and all(v == v.to_integral_value() for v in exact):
        return tuple(int(v) for v in exact)
    return tuple(float(v) for v in exact)


def _between(low: Decimal, high: Decimal, share: Decimal, log: bool) -> Decimal:
    """The value this share of the way up. Decimals have one logarithm and one power, on any machine."""
    c = _EXACT
    if log:
        return c.multiply(low, c.exp(c.multiply(share, c.ln(c.divide(high, low)))))
    return c.add(low, c.multiply(share, c.subtract(high, low)))


def _rounded(value: Decimal) -> float:
    return float(_ROUNDED.plus(value))


def _ends(where: str, parts: list[str], log: bool, form: str) -> tuple[Decimal, Decimal]:
    low, high = (_number(where, part, form) for part in parts[:2])
    if low > high:
        raise InputError(f"{where}: low must not exceed high; got {quoted(':'.join(parts))}")
    if log and low <= 0:
        raise InputError(f"{where}: low must be above 0 where points are logarithmic; got {quoted(parts[0])}")
    return low, high


def _number(where: str, text: str, form: str) -> Decimal:
    try:
        value = Decimal(text) if 0 < len(text) <= _LONGEST and text.isascii() else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not math.isfinite(float(value)):
        raise InputError(f"{where}: {form}; {quoted(text)} is no number")
    return value


def _written_whole(text: str) -> bool:
    return isinstance(parsed(text), int)


def _named(name: Any, within: str) -> str:
    if not isinstance(name, str) or not name.strip() or name != name.strip():
        raise InputError(f"{within}: a parameter must have a name; got {quoted(name)}")
    return f"{within}.{quoted(name, 80)[1:-1]}"


def _listed(where: str, name: str, values: list[Any]) -> Axis:
    if not values:
        raise InputError(f"{where}: no values; {AXIS_FORM}")
    if len(values) > MOST_POINTS:
        raise InputError(f"{where}: at most {MOST_POINTS:,} values; got {len(values):,}")
    seen: set[str] = set()
    for value in values:
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{where}: values must be finite; got {value}")
        same = json.dumps(float(value) if _is_number(value) and abs(value) < 2**53 else value, sort_keys=True)
        if same in seen:
            raise InputError(f"{where}: each value may stand there once; got {quoted(value)} twice")
        seen.add(same)
    return Axis(name, tuple(values))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _plain(where: str, value: Any) -> Any:
    """A value that survives being written to a file and read again."""
    if hasattr(value, "tolist"):  # a scalar or an array of numpy
        value = value.tolist()
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError, RecursionError):
        form = "values must be numbers, words, true, false or lists of them"
        raise InputError(f"{where}: {form}; got {quoted(value)}") from None


def once(names: Iterable[str], within: str) -> None:
    """Refuse a parameter that stands there twice; ``kin__relatedness`` is ``kin.relatedness``.

    Raises
    ------
    InputError
        naming it
    """
    seen: set[str] = set()
    for name in names:
        if dotted(name) in seen:
            raise InputError(f"{within}.{quoted(name, 80)[1:-1]}: a parameter may vary once; it stands there twice")
        seen.add(dotted(name))
