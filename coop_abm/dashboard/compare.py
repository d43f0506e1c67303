"""Two worlds with the same dice, one knob apart: which knob, what came of it, and what many such pairs say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.dashboard import controls
from coop_abm.dashboard.session import Other, Status
from coop_abm.dashboard.setting_up import Maker, differing
from coop_abm.engine import checkpoint
from coop_abm.engine.history import series
from coop_abm.engine.statistics import Estimate, mean
from coop_abm.scenario.expectation import Expectation
from coop_abm.scenario.knobs import parsed
from coop_abm.scenario.scenario import Scenario

#: Pairs that one press of the button adds, and pairs at most.
MORE, MOST = 20, 2000
#: The benefit of the second world, where no knob was moved yet, as a share of the benefit from which cooperation is
#: favoured (beyond it, if the first world is on this side), or of that of the first where theory knows none.
LESS, BEYOND = 0.6, 1.25

Report = Callable[[str, float], None]


class Pairs(NamedTuple):
    """What pairs of runs came to.

    first, second : the two worlds
    steps : the time step at which they were compared
    seed  : root seed of the first pair; each further pair has the next
    differences : share of cooperators in the first world less that in the second, of each pair
    """

    first: Scenario
    second: Scenario
    steps: int
    seed: int
    differences: tuple[float, ...]

    @property
    def estimate(self) -> Estimate:
        """The mean difference with its 95 % interval by Student's t over pairs."""
        return mean(np.array(self.differences))


def more_pairs(pairs: Pairs, count: int, make: Maker, report: Report = lambda words, share: None) -> Pairs:
    """The same with so many pairs more, each from a seed of its own that both of its worlds have.

    Raises
    ------
    InputError
        where somebody decides who has to be asked, and may have to be paid
    """
    for scenario in (pairs.first, pairs.second):
        if checkpoint.refusal(scenario):
            raise InputError("Pairs are run only where strategy tables decide: others would have to be asked.")
    found = list(pairs.differences)
    for k in range(count):
        seed = pairs.seed + len(found)
        one, other = (
            _share_at_the_end(scenario, seed, pairs.steps, make, _from(report, k, side, count))
            for side, scenario in enumerate((pairs.first, pairs.second))
        )
        found.append(one - other)
    return pairs._replace(differences=tuple(found))


def _from(report: Report, pair: int, side: int, count: int) -> Callable[[float], None]:
    return lambda part: report(f"pair {pair + 1} of {count}", (pair + (side + part) / 2) / count)


def _share_at_the_end(scenario: Scenario, seed: int, steps: int, make: Maker, report: Callable[[float], None]) -> float:
    world = make(scenario, seed)
    try:
        rows = series(
            world, scenario.repertoire().names, steps, lambda done: report(done / steps), ("cooperators",)
        )  # fmt: skip
    finally:
        closes = getattr(world, "close", None)
        if closes is not None:
            closes()
    return float(rows["cooperators"][-1])


# ---------------------------------------------------------------- which knob


def choices(scenario: Scenario) -> list[dict[str, Any]]:
    """The knobs by which a second world can differ: path, title and value of each, section by section."""
    shown = []
    for section in controls.sections(scenario):
        own = list(section["controls"])
        if "toggle" in section:
            on = section["toggle"]
            own.insert(0, {"path": on["path"], "title": "on or off", "value": on["on"], "kind": "switch"})
        shown += [
            {"path": c["path"], "title": f"{section['title']}: {c['title']}", "value": c["value"], "kind": c["kind"],
             "choices": c.get("choices", [])}
            for c in own
        ]  # fmt: skip
    return shown


def usual(scenario: Scenario, moved: Other | None, expected: Expectation | None = None) -> Other:
    """The knob that was moved last and its value before; if none was, the benefit across theory's line."""
    known = {choice["path"]: choice["value"] for choice in choices(scenario)}
    if moved is not None and moved.path in known and known[moved.path] != moved.value:
        return moved
    across = _across(scenario, expected)
    if across is not None:
        return across
    numbers = [path for path, value in known.items() if isinstance(value, float) and value]
    for path in sorted(numbers, key=lambda path: (path != "game.benefit", not path.startswith("game."))):
        for factor in (LESS, 1 / LESS, 0.9, 1.1):
            other = Other(path, round(known[path] * factor, 6))
            try:
                differing(scenario, other)
            except InputError:  # out of bounds, or out of order with the other payoffs
                continue
            return other
    return Other("size", scenario.size + 1)


def _across(scenario: Scenario, expected: Expectation | None) -> Other | None:
    """The benefit at which theory says the opposite; None where it knows no such line, or it cannot be had."""
    if expected is None or expected.kind != "threshold" or not scenario.game.has_ratio:
        return None
    line = expected.value * scenario.game.cost
    factor = LESS if scenario.game.benefit > line else BEYOND
    other = Other("game.benefit", float(f"{factor * line:.2g}"))
    try:
        differing(scenario, other)
    except InputError:
        return None
    return other


def chosen(scenario: Scenario, path: str, text: str) -> Other:
    """What the reader chose.

    Raises
    ------
    InputError
        if there is no such knob here, or it cannot have this value
    """
    if path not in {choice["path"] for choice in choices(scenario)}:
        raise InputError("choose one of the knobs of this world for the second one")
    value = parsed(text.strip())
    if not isinstance(value, str | int | float | bool):
        raise InputError(f"{path}: a number, a word, or yes or no")
    other = Other(path, value)
    differing(scenario, other)
    return other


# ---------------------------------------------------------------- in words


def when_parted(status: Status, time: int, unit: str) -> str:
    """When the two worlds first differed, and what that means for their dice."""
    if status.world is None or status.other is None:
        return ""
    if status.world.scenario.size != _size(status):
        return "The two worlds are not of one size, so nobody in one is somebody in the other."
    if status.parted is None:
        return f"No difference so far: everybody does the same in both, up to {unit} {time:,}."
    words = f"The first difference was in {unit} {status.parted:,}."
    if status.world.scenario.clock == "event":
        return (
            f"{words} On the event clock dice are one stream, so the pairing holds only until then: "
            "afterwards the two go on with other dice."
        )
    return f"{words} Every draw has an address here, so both go on with the same dice for the same purpose."


def _size(status: Status) -> int:
    assert status.world is not None and status.other is not None
    return differing(status.world.scenario, status.other).size


def in_points(pairs: Pairs, unit: str) -> str:
    """What the pairs say, in a sentence."""
    found, count = pairs.estimate, len(pairs.differences)
    if not count:
        return ""
    at = f"at {unit} {pairs.steps:,}"
    if count == 1:
        return f"1 pair {at}: {100 * found.value:+.1f} points; one pair says nothing of how much chance matters."
    low, high = 100 * found.low, 100 * found.high
    clear = "the interval leaves out 0" if low > 0 or high < 0 else "the interval holds 0: not told apart"
    return f"{count:,} pairs {at}: {100 * found.value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f} ({clear})."
