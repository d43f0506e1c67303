"""Short real runs of small worlds, recorded once for all who look at Home."""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import numpy as np

from coop_abm import lab
from coop_abm.dashboard.frames import Frame, World, frame
from coop_abm.dashboard.layouts import Layout, layout
from coop_abm.dashboard.views import network as views
from coop_abm.engine.measures import frozen
from coop_abm.presets import PRESETS, Preset

#: Moments of a run that are shown, at most.
MOMENTS = 60


class Miniature(NamedTuple):
    """A recorded run.

    about  : how it is drawn, and what happens, in words
    drawn  : where everybody is
    states : uint8 (T, P), the strategy in each place at each moment
    """

    about: dict[str, Any]
    drawn: Layout
    states: np.ndarray

    @property
    def buffers(self) -> list[bytes]:
        """The arrays as they travel."""
        return [*self.drawn.buffers, self.states.tobytes()]


_recorded: dict[str, Miniature] = {}
_recording = threading.Lock()


def miniature(name: str) -> Miniature:
    """The miniature of the preset of this name; whoever asks first waits until it is recorded."""
    with _recording:
        if name not in _recorded:
            _recorded[name] = record(PRESETS[name])
        return _recorded[name]


def record(preset: Preset) -> Miniature:
    """Run the world of a preset from its seed until nothing more can happen, or to its last step."""
    scenario, seed = preset.scenario, preset.seed
    drawn, rows = layout(scenario, scenario.answers(seed), seed), scenario.repertoire()
    world = World(1, scenario, seed, drawn, rows.names, tuple(rows.helper.tolist()), False)
    running = lab.start(scenario, seed)
    try:
        seen = [frame(frozen(running.snapshot()), world, 0)]
        while seen[-1].time < preset.steps and not seen[-1].fixed:
            running.step()
            seen.append(frame(frozen(running.snapshot()), world, seen[-1].time + 1))
    finally:
        running.close()
    chosen = np.unique(np.linspace(0, len(seen) - 1, min(MOMENTS, len(seen))).round().astype(int))
    states = np.stack([seen[t].state for t in chosen])
    about = {"strategies": views.strategies(world), **drawn.about, "said": said(seen)}
    return Miniature(about, drawn, states)


def said(seen: list[Frame]) -> str:
    """What happens in a run, for those who do not see it."""
    first, last = seen[0], seen[-1]
    return (
        f"a recorded run: cooperators go from {100 * first.cooperators:.0f} to {100 * last.cooperators:.0f} percent "
        f"in {last.time} generations"
    )
