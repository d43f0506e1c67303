"""Which parameter sets a sweep visits: a grid, a sample, or both; declared, so that a store can remember it.

*Grid*: every combination of the points of some axes, the last axis fastest. *Samples* fill ranges: a Latin hypercube
(every one of n slices of every range once), Sobol's sequence (evenly, in powers of two), or Saltelli's arrangement of
it, from which :mod:`~coop_abm.sweeps.sensitivity` reads how much of the spread each parameter explains. With
axes beside ranges, each combination of the axes has the whole sample.

A sample follows from its seed. It is drawn by scipy, whose next version may draw another one, so a design that is
kept has the fingerprint of its points, and says so if they come out differently.

References
----------
McKay1979, Sobol1967, Saltelli2010
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from coop_abm.core.errors import InputError, SweepError, quoted
from coop_abm.sweeps.axes import MOST_POINTS, Axis, Range, axis, drawn_from, name_and_text, once

#: Sets the stream of a sample apart from all that runs draw under the same root seed.
_SAMPLE = 200
#: Ways to fill ranges, and of how many parameters.
SAMPLES = ("latin", "sobol", "saltelli")
MOST_RANGES = 100
KINDS = ("grid", *SAMPLES)


@dataclass(frozen=True)
class Design:
    """The parameter sets of a sweep, in order; nothing is made before it is looked at.

    Attributes
    ----------
    grid   : axes, the last one fastest
    kind   : "grid", or how the ranges are filled: "latin", "sobol", "saltelli"
    ranges : of the parameters that are sampled
    points : of the sample; base points for "saltelli", which visits `points` x (ranges + 2) places
    seed   : the root seed of the sample
    fingerprint : of the points, where the design was kept
    """

    grid: tuple[Axis, ...] = ()
    kind: str = "grid"
    ranges: tuple[Range, ...] = ()
    points: int = 0
    seed: int = 0
    fingerprint: str = field(default="", compare=False)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the parameters that vary: those of the grid, then those of the sample."""
        return (*(part.name for part in self.grid), *(part.name for part in self.ranges))

    @property
    def sampled(self) -> int:
        """Places of the sample; 1 where nothing is sampled."""
        if not self.ranges:
            return 1
        return self.points * (len(self.ranges) + 2) if self.kind == "saltelli" else self.points

    def __len__(self) -> int:
        return math.prod(len(part.values) for part in self.grid) * self.sampled

    def __getitem__(self, i: int) -> dict[str, Any]:
        if not -len(self) <= i < len(self):
            raise IndexError(f"the design has {len(self)} parameter sets; got {i}")
        rest, place = divmod(i % len(self), self.sampled)
        chosen = []
        for part in reversed(self.grid):
            rest, at = divmod(rest, len(part.values))
            chosen.append((part.name, part.values[at]))
        return dict(reversed(chosen)) | self._drawn(place)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[i] for i in range(len(self)))

    def parameters(self) -> Iterator[dict[str, Any]]:
        """All parameter sets, one after another."""
        return iter(self)

    def tree(self) -> dict[str, Any]:
        """Plain values from which :func:`design_of` makes it again; they take a line, not a line for each point."""
        tree: dict[str, Any] = {"kind": self.kind, "grid": [part.tree() for part in self.grid]}
        if self.ranges:
            tree |= {"ranges": [part.tree() for part in self.ranges], "points": self.points, "seed": self.seed}
            tree |= {"fingerprint": self._fingerprint()}
        return tree

    def _drawn(self, place: int) -> dict[str, Any]:
        if not self.ranges:
            return {}
        if self.kind == "saltelli":
            point, position = divmod(place, len(self.ranges) + 2)
            first, second = np.split(self._shares[point], 2)
            return {
                part.name: part.at((second if position in (d + 1, len(self.ranges) + 1) else first)[d])
                for d, part in enumerate(self.ranges)
            }
        return {part.name: part.at(share) for part, share in zip(self.ranges, self._shares[place])}

    @functools.cached_property
    def _shares(self) -> np.ndarray:
        """Where the points lie, float (points, ranges) in [0, 1); twice as many columns for saltelli."""
        from scipy.stats import qmc

        random = np.random.Generator(np.random.Philox(np.random.SeedSequence(self.seed, spawn_key=(_SAMPLE,))))
        if self.kind == "latin":
            shares = qmc.LatinHypercube(len(self.ranges), rng=random).random(self.points)
        else:
            columns = len(self.ranges) * (2 if self.kind == "saltelli" else 1)
            shares = qmc.Sobol(columns, rng=random).random(self.points)
        shares = np.minimum(shares, np.nextafter(1.0, 0.0))
        if self.fingerprint and self.fingerprint != _hashed(shares):
            raise SweepError(
                f"the {self.kind} sample of this sweep comes out differently with the installed scipy; use the version "
                "with which it was begun"
            )
        return shares

    def _fingerprint(self) -> str:
        return _hashed(self._shares)


def _hashed(shares: np.ndarray) -> str:
    # Ten digits: what a processor does differently in the last one does not matter, another point does.
    return hashlib.sha256(np.round(shares, 10).astype("<f8").tobytes()).hexdigest()[:16]


def design(
    grid: Mapping[str, Any] | None = None,
    ranges: Mapping[str, Any] | None = None,
    *,
    kind: str = "",
    points: int = 0,
    seed: int = 0,
    within: str = "",
) -> Design:
    """The design that was declared.

    Parameters
    ----------
    grid   : name -> "LOW:HIGH:NUMBER[:log]", "VALUE,VALUE,..." or a list of values
    ranges : name -> "LOW:HIGH[:log|:int]"
    kind   : how ranges are filled: "latin", "sobol" or "saltelli"
    points : of the sample, a power of two for "sobol" and "saltelli"
    within : the table in which they stand, for messages

    Raises
    ------
    InputError
        naming the axis or the range, what may be written and what was
    """
    grid, ranges = grid or {}, ranges or {}
    axes = tuple(axis(name, values, within=f"{within}grid") for name, values in grid.items())
    if not ranges:
        once(grid, f"{within}grid")
        if kind not in ("", "grid"):
            raise InputError(f"{within}{quoted(kind)[1:-1]}: no ranges; a sample needs at least one")
        if points:
            raise InputError(f"{within}points: only a sample has a number of points, and there are no ranges")
        return Design(axes)
    if kind not in SAMPLES:
        raise InputError(f"{within}ranges must be filled by {', '.join(SAMPLES)}; got {quoted(kind)}")
    inside = f"{within}{kind}"
    drawn = tuple(drawn_from(name, text, within=inside) for name, text in ranges.items())
    once((*grid, *ranges), inside)
    if len(drawn) > MOST_RANGES:
        raise InputError(f"{inside}: at most {MOST_RANGES} parameters; got {len(drawn):,}")
    if kind == "saltelli" and axes:
        raise InputError(f"{inside}: indices need one sample, so there can be no grid beside it")
    if isinstance(points, bool) or not isinstance(points, int) or not 1 <= points <= MOST_POINTS:
        raise InputError(f"{within}points must be a whole number in [1, {MOST_POINTS:,}]; got {quoted(points)}")
    if kind != "latin" and points & (points - 1):
        below = 1 << (points.bit_length() - 1)
        raise InputError(f"{within}points must be a power of two for {kind}: {below} or {2 * below}; got {points}")
    return Design(axes, kind, drawn, points, seed)


def design_of_texts(
    grid: list[str], ranges: list[str] | None = None, *, kind: str = "", points: int = 0, seed: int = 0
) -> Design:
    """The design of a command line: NAME=... for each axis and each range.

    Raises
    ------
    InputError
        as :func:`design`
    """
    sides = []
    for written, within in ((grid, "grid"), (ranges or [], "range")):
        pairs = [name_and_text(text, within) for text in written]
        once((name for name, _text in pairs), within)
        sides.append(dict(pairs))
    return design(*sides, kind=kind, points=points, seed=seed)


def design_of(tree: Mapping[str, Any]) -> Design:
    """The design whose :meth:`Design.tree` this is.

    Raises
    ------
    InputError
        if it is none
    """
    try:
        grid, ranges = dict(tree["grid"]), dict(tree.get("ranges", ()))
        made = design(grid, ranges, kind=tree["kind"], points=tree.get("points", 0), seed=tree.get("seed", 0))
        return Design(made.grid, made.kind, made.ranges, made.points, made.seed, str(tree.get("fingerprint", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"this is no design of a sweep ({quoted(str(error))[1:-1]})") from None


#: What of a table ``[sweep]`` is about its design.
ENTRIES = (*KINDS, "points")


def design_of_table(table: Mapping[str, Any], *, seed: int = 0) -> Design:
    """The design of a table ``[sweep]``; entries that are not in :data:`ENTRIES` are not looked at.

    ::

        [sweep]
        points = 64                      # of the sample, if there is one

        [sweep.grid]
        "kin.relatedness" = "0:0.5:11"
        "update" = ["death_birth", "imitation"]

        [sweep.latin]                    # or sobol, or saltelli
        "game.benefit" = "1:8"

    Raises
    ------
    InputError
        naming ``sweep.grid.NAME`` and the like
    """
    kinds = [kind for kind in SAMPLES if kind in table]
    if len(kinds) > 1:
        raise InputError(f"sweep: there can be one sample; got {' and '.join(kinds)}")
    kind = kinds[0] if kinds else ""
    grid = _flat(table.get("grid", {}), "sweep.grid")
    ranges = _flat(table[kind], f"sweep.{kind}") if kind else {}
    return design(grid, ranges, kind=kind, points=table.get("points", 0), seed=seed, within="sweep.")


def _flat(table: Any, where: str) -> dict[str, Any]:
    """Flat names; TOML reads ``kin.relatedness = ...`` as a table in a table."""
    if not isinstance(table, Mapping):
        raise InputError(f"{where} must be a table of names and values; got {quoted(table)}")
    flat: dict[str, Any] = {}
    for name, value in table.items():
        nested = _flat(value, f"{where}.{name}").items() if isinstance(value, Mapping) else None
        inner = {name: value} if nested is None else {f"{name}.{below}": v for below, v in nested}
        once((*flat, *inner), where)
        flat |= inner
    return flat
