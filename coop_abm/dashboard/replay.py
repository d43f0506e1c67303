"""A run as one file to hand out: it opens in any browser, without a server and without the internet."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import string
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from coop_abm._version import __version__
from coop_abm.core.errors import InputError
from coop_abm.dashboard.frames import Frame, World, frame
from coop_abm.dashboard.layouts import layout
from coop_abm.dashboard.views.network import strategies
from coop_abm.engine.measures import frozen
from coop_abm.scenario.citation import citation
from coop_abm.scenario.expectation import expectation, verdict
from coop_abm.scenario.knobs import digest
from coop_abm.scenario.scenario import Scenario

#: Places times frames that a file holds at most; of a longer run every second, third ... frame is kept.
LARGEST = 40_000_000
#: Every so many frames one stands as it is, the others as what changed.
KEY = 50
#: Points of the curve at most.
POINTS = 1000

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = ("colours.js", "pace.js", "painting.js", "replay.js")


def replay(
    world: World,
    frames: Iterable[Frame],
    *,
    points: Sequence[Sequence[float]] = (),
    theory: str | None = None,
    caption: str | None = None,
    references: str | None = None,
) -> str:
    """A page that plays these frames: scrubbable, with the curve, the legend, what theory says, and how it was made.

    Parameters
    ----------
    frames  : of this world, in order of time; where they are more than fit, every second, third ... is
              kept, and always the last one
    points  : (time, share of each strategy) for the curve; from the frames where there are none
    theory  : what theory says about this world, in words; asked here if None
    caption : how the run was made, in a sentence or two; written here if None
    references : BibTeX; written here if None

    Raises
    ------
    InputError
        if there is no frame, or they do not belong to this world
    """
    kept = list(frames)
    if not kept:
        raise InputError("replay: there is no frame to show")
    size = len(world.layout.places)
    if any(len(f.state) != size for f in kept):
        raise InputError(f"replay: every frame must have {size:,} places, as this world has")
    every = -(-len(kept) * size // LARGEST)
    shown = kept[::-1][:: max(every, 1)][::-1]
    scenario, unit = world.scenario, "round" if world.scenario.clock == "round" else "generation"
    curve = [list(p) for p in points] or [[f.time, *f.shares] for f in kept]
    curve = [*curve[:: max(1, -(-len(curve) // POINTS))], curve[-1]]
    about = {
        "strategies": strategies(world), "unit": unit, "places": size, "edges": len(world.layout.edges),
        **world.layout.about, "beyond": len(world.layout.beyond), "key": KEY,
        "times": [f.time for f in shown], "shares": [_share(f.cooperators) for f in shown],
        "curve": [[round(float(v), 4) for v in p] for p in curve], "last": fingerprint(shown[-1].state),
        "verdict": verdict(scenario, expectation(scenario, world.seed)) if theory is None else theory,
        "caption": (written(world, kept, unit) if caption is None else caption)
        + (f" Every {every} {unit}s one picture." if every > 1 else ""),
        "references": citation(scenario, world.seed) if references is None else references,
    }  # fmt: skip
    page = string.Template((_ASSETS / "replay.html").read_text(encoding="utf-8"))
    return page.substitute(
        title=html.escape(f"{scenario.name or 'a world'}, seed {world.seed}"),
        style=(_ASSETS.parent / "views" / "style" / "10_tokens.css").read_text(encoding="utf-8")
        + (_ASSETS / "replay.css").read_text(encoding="utf-8"),
        about=_safe(about),
        body=base64.b64encode(_body(world, [f.state for f in shown])).decode(),
        script="\n".join((_ASSETS / name).read_text(encoding="utf-8") for name in _SCRIPTS),
    )


def replay_of(scenario: Scenario, seed: int, steps: int) -> str:
    """The page of a run that is made here, from its seed; the very run of ``coop_abm.run``.

    Raises
    ------
    InputError
        if language models or humans decide in this world: they would be asked again
    """
    from coop_abm import lab

    if scenario.minded:
        raise InputError("replay: the world would be run again, and whoever decides in it asked again")
    running = lab.start(scenario, seed)
    rows = scenario.repertoire()
    drawn = layout(scenario, scenario.answers(seed), seed)
    world = World(1, scenario, seed, drawn, rows.names, tuple(rows.helper.tolist()), True)
    frames = [frame(frozen(running.snapshot()), world, 0)]
    for step in range(1, steps + 1):
        running.step()
        frames.append(frame(frozen(running.snapshot()), world, step))
    return replay(world, frames)


def written(world: World, frames: Sequence[Frame], unit: str) -> str:
    """How a run was made, in words."""
    scenario, game = world.scenario, world.scenario.game
    values = "".join(f", {name} {getattr(game, name):g}" for name in ("benefit", "cost") if hasattr(game, name))
    rules = [name for name in ("network", "kin", "direct", "indirect", "group") if getattr(scenario, name).enabled]
    return (
        f"{scenario.size:,} individuals ({world.layout.words}); {game.kind.replace('_', ' ')}{values}; "
        f"{scenario.update.kind.replace('_', ' ')}; rules of cooperation that are on: {', '.join(rules) or 'none'}. "
        f"Seed {world.seed}, {unit}s {frames[0].time:,} to {frames[-1].time:,}. Made with coop_abm {__version__}, "
        f"scenario digest {digest(scenario)[:12]}."
    )


def fingerprint(state: np.ndarray) -> str:
    """SHA-256 of a frame, its first 16 hexadecimal digits."""
    return hashlib.sha256(state.tobytes()).hexdigest()[:16]


def _body(world: World, states: list[np.ndarray]) -> bytes:
    """Places, edges of both graphs and frames, deflated; ``assets/replay.js`` reads them in this order."""
    places = np.round(world.layout.places * 65535).astype("<u2")
    pairs = [part for edges in (world.layout.edges, world.layout.beyond) for part in _columns(edges)]
    every = np.array(states, np.uint8)
    changed = every.copy()
    changed[1:] ^= every[:-1]
    changed[::KEY] = every[::KEY]
    parts = (places, *pairs, changed)
    return zlib.compress(b"".join(part.tobytes() for part in parts), 9)


def _columns(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs in order: how far the first of each goes on, and how far the second is from it."""
    edges = edges.astype(np.int64)[np.lexsort((edges[:, 1], edges[:, 0]))]
    return np.diff(edges[:, 0], prepend=0).astype("<i4"), (edges[:, 1] - edges[:, 0]).astype("<i4")


def _share(value: float) -> float | None:
    return None if value != value else round(float(value), 6)


def _safe(tree: Any) -> str:
    """JSON that cannot end the element that it stands in."""
    text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
