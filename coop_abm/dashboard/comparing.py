"""The second world of one tab: its panel, its pairs, what is sent of it."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from typing import Any

from coop_abm.core.errors import InputError
from coop_abm.dashboard import compare
from coop_abm.dashboard.compare import Pairs
from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.session import Beside, Session, Status
from coop_abm.dashboard.setting_up import Maker, differing
from coop_abm.dashboard.strand import Point
from coop_abm.dashboard.views.compare import Comparison
from coop_abm.scenario.catalogue import knobs

#: Text from a browser that is longer than this is no number and no word.
LONGEST = 200


class Comparing:
    """What the reader does with two worlds.

    Parameters
    ----------
    make    : starts a world, as for the session
    refresh : draws the page again
    """

    def __init__(self, session: Session, make: Maker, refresh: Callable[[], None]):
        self.session, self._make = session, make
        self.job = Job(lambda: refresh())
        self._refresh = refresh
        self._widget: Comparison | None = None
        self._sent = (0, 0, -1.0)
        self._pairs: Pairs | None = None
        self._error = ""
        self._heard = {"do": self.on_do, "ready": self._is_there}

    def close(self) -> None:
        """The tab is gone."""
        self.job.stop()

    def turn(self) -> None:
        """A second world, or one world again."""
        status = self.session.status
        self._error = ""
        self.job.stop()
        if status.other is not None:
            self.session.compare(None)
        elif status.wanted is not None:
            self.session.compare(compare.usual(status.wanted, self.session.moved, status.expected))

    def draw(self, status: Status, world: World, beside: Beside, unit: str, now: Frame | None) -> None:
        """The panel as it is now."""
        other = status.other
        if other is None:
            return
        listed = compare.choices(world.scenario)
        own = next((knob for knob in listed if knob["path"] == other.path), {"title": other.path, "value": ""})
        doing, pairs = self.job.now, self._of(status)
        time = max(now.time if now else 0, beside.frame.time)
        Comparison.element(
            unit=unit, seed=world.seed, knobs=listed, path=other.path, title=own["title"], here=_shown(own["value"]),
            there=_shown(other.value), error=self._error, parted=compare.when_parted(status, time, unit),
            pairs=compare.in_points(pairs, unit) if pairs else "",
            job={"working": doing.working, "words": doing.words, "share": doing.share, "error": doing.error},
            heard=self._heard, layout=None,
        )  # fmt: skip

    def tell(self, world: World, now: Frame, beside: Beside, shown: int | None, edition: int) -> None:
        """A frame of both worlds goes out."""
        widget, session = self._widget, self.session
        if widget is None:
            return
        time = max(now.time, beside.frame.time)
        head = {"time": time, "shown": shown, "shares": [_known(now.cooperators), _known(beside.frame.cooperators)]}
        rows = [_helping(session.points[0], world), _helping(beside.points, beside.world)]
        number, sent_edition, after = self._sent
        if (number, sent_edition) != (world.number, edition):
            widget.send({"method": "series", "args": [head, *rows]})
        else:
            news = [r[bisect.bisect_right(r, [after, 2.0]) :] for r in rows]
            widget.send({"method": "points", "args": [head, *news]})
        self._sent = world.number, edition, min(r[-1][0] for r in rows)

    def on_do(self, event: dict[str, Any]) -> None:
        """The reader chose another knob, wants more pairs, or wants them to stop."""
        does, status = event.get("do"), self.session.status
        if does == "other" and status.wanted is not None:
            self._choose(status, str(event.get("path", ""))[:LONGEST], str(event.get("text", ""))[:LONGEST])
        elif does == "pairs":
            self._run(status)
        elif does == "stop":
            self.job.stop()

    def _is_there(self, widget: Comparison) -> None:
        self._widget, self._sent = widget, (0, 0, -1.0)
        self.session.credit(2, first=True)

    def _choose(self, status: Status, path: str, text: str) -> None:
        assert status.wanted is not None
        try:
            other = compare.chosen(status.wanted, path, text)
        except InputError as error:
            self._error = str(error)
            self._refresh()
            return
        self._error = ""
        self.job.stop()
        self.session.compare(other)

    def _of(self, status: Status) -> Pairs | None:
        """The pairs that were run of the two worlds on show."""
        pairs, world = self._pairs, status.world
        if pairs is None or world is None or status.other is None or pairs.first != world.scenario:
            return None
        return pairs if pairs.second == differing(world.scenario, status.other) else None

    def _run(self, status: Status) -> None:
        world, beside, now = status.world, self.session.beside, self.session.frame
        if world is None or beside is None or now is None or status.other is None or self.job.now.working:
            return
        begun, steps = self._of(status), max(now.time, beside.frame.time)
        if steps < 1:
            return
        if begun is None or begun.steps != steps:  # the pair on show was looked at, so it does not count
            begun = Pairs(world.scenario, beside.world.scenario, steps, world.seed + 1, ())
        before = begun
        count = min(compare.MORE, compare.MOST - len(before.differences))

        def work(report: Callable[[str, float], None]) -> None:
            self._pairs = compare.more_pairs(before, count, self._make, report)

        self.job.start(work)


def side(letter: str, status: Status, world: World) -> str:
    """A world of two, by what sets it apart from the other."""
    path = status.other.path if status.other else ""
    knob = next((k for k in knobs(world.scenario) if k.path == path), None)
    return f"{letter}: {knob.title} {_shown(knob.value)}" if knob else letter


def _helping(points: list[Point], world: World) -> list[list[float]]:
    """Time and the share of those who help."""
    helpers = [k + 1 for k, helps in enumerate(world.helper) if helps]
    return [[point[0], sum(point[k] for k in helpers)] for point in points]


def _known(share: float) -> float | None:
    return None if math.isnan(share) else share


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
