"""What the page shows beside the frames; copies."""

from __future__ import annotations

from typing import NamedTuple

from coop_abm.dashboard.frames import Frame, World
from coop_abm.dashboard.setting_up import Other
from coop_abm.dashboard.strand import Point
from coop_abm.scenario.expectation import Expectation
from coop_abm.scenario.scenario import Scenario


class Status(NamedTuple):
    """Everything else that the page shows; a copy as well.

    speed : generations a second, 0 where `each` says it or for as many as there are
    error, error_at : one sentence, and the knob that it is about ("" for the whole page)
    doing : what keeps the reader waiting, "" for nothing
    said  : one line on what happened last
    each  : generations in each frame
    shown : the time step that is looked back at; None for the present
    live, stale : does a change start the world anew at once; if not, has one been made that is not there yet?
    wanted : the world as the controls show it
    bound : why nobody can go on from an earlier moment, "" if one can
    other, parted : how the second world differs; the first time step at which the two did, None if not yet
    """

    world: World | None
    playing: bool
    speed: float
    error: str
    error_at: str
    doing: str
    said: str
    expected: Expectation | None
    verdict: str
    each: int = 0
    shown: int | None = None
    live: bool = True
    stale: bool = False
    wanted: Scenario | None = None
    bound: str = ""
    other: Other | None = None
    parted: int | None = None


class Beside(NamedTuple):
    """The second world as it is shown now; a copy.

    points : as those of the first world
    """

    world: World
    frame: Frame
    points: list[Point]
