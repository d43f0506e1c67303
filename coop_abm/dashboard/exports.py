"""What can be taken away from the Lab: links, command lines, tables, figures, references, a sentence for the methods.

A table and a figure are those of ``coop-abm run`` of the same world, seed and length, byte for byte: the run is done
again from its seed, because the page keeps every so many points of a long curve only.
"""

from __future__ import annotations

import io
import math
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coop_abm import lab
from coop_abm._version import __version__
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.dashboard import links
from coop_abm.scenario.expectation import Expectation
from coop_abm.scenario.knobs import dotted, parsed
from coop_abm.scenario.scenario import Scenario

#: What a run is exported as: name of the file, media type.
FORMS = {
    "csv": ("series.csv", "text/csv"),
    "png": ("run.png", "image/png"),
    "svg": ("run.svg", "image/svg+xml"),
}
#: Node-steps of a run that is done again for a table; more take minutes.
MOST_WORK = 200_000_000


def again(
    scenario: Scenario, seed: int, steps: int, report: Callable[[str, float], None], *, replicate: int = 0
) -> lab.Run:
    """The run on show, once more from its seed.

    Raises
    ------
    InputError
        if it is too long to wait for; the sentence names the command line
    """
    if scenario.size * steps > MOST_WORK:
        raise InputError(f"steps: this run is too long to be repeated here; use {links.command(scenario, seed, steps)}")
    done = 0

    def more(count: int) -> None:
        nonlocal done
        done = max(done, count)
        report(f"running it again: {done:,} of {steps:,}", done / max(1, steps))

    return lab.run(scenario, steps=steps, seed=seed, replicate=replicate, progress=more)


def file_of(run: lab.Run, form: str) -> tuple[str, bytes, str]:
    """(name, content, media type) of a run as csv, png or svg, the bytes that ``coop-abm run`` writes."""
    from coop_abm import figures

    name, kind = FORMS[form]
    if form == "csv":
        text = io.StringIO()
        run.frame.to_csv(text, index=False, lineterminator="\n")
        return _named(run.scenario, run.seed, name), text.getvalue().encode(), kind
    with tempfile.TemporaryDirectory(prefix="coop_abm_") as folder:
        figures.save(run.plot(), Path(folder), "run")
        return _named(run.scenario, run.seed, name), (Path(folder) / name).read_bytes(), kind


def _named(scenario: Scenario, seed: int, name: str) -> str:
    safe = "".join(c if c.isascii() and c.isalnum() else "_" for c in scenario.name)[:40] or "world"
    return f"{safe}_seed{seed}_{name}"


def name_of(scenario: Scenario, seed: int, name: str) -> str:
    """The name under which the browser saves a file about this world."""
    return _named(scenario, seed, name)


# ------------------------------------------------------------------------------------------ in words


def caption(
    scenario: Scenario, seed: int, steps: int, expected: Expectation | None = None, *, replicate: int = 0
) -> str:
    """A sentence for the methods section; the command in brackets at its end makes the same run.

    >>> from coop_abm.scenario.library import named
    >>> caption(named("kin"), 7, 340)[:42]
    'A well-mixed population of 50 individuals '
    """
    unit = "rounds" if scenario.clock == "round" else "generations"
    game = ", ".join(f"{name} {value:g}" for name, value in scenario.game if isinstance(value, int | float))
    who = " and ".join(
        f"{entry.strategy.kind} ({f'{entry.share:.0%}' if not entry.nodes else f'{len(entry.nodes)} of them'})"
        for entry in scenario.players
    )
    update = scenario.update
    strength = f" at intensity {update.selection:g}" if hasattr(update, "intensity") else ""
    rules = [words for rule in scenario.active if (words := _rule(scenario, rule))]
    parts = [
        f"{_place(scenario)} played the {scenario.game.kind.replace('_', ' ')} game ({game}), starting with {who}",
        f"{update.kind.replace('_', ' ')} updating{strength}, {scenario.payoff} payoffs, {scenario.clock} clock",
        *(["; ".join(rules)] if rules else []),
        *([f"execution error {scenario.execution_error:g}"] if scenario.execution_error else []),
        *([_theory(expected)] if expected is not None and _theory(expected) else []),
        f"one run of {steps:,} {unit} from seed {seed} in coop_abm {__version__}",
    ]
    return "; ".join(parts) + f" [{links.command(scenario, seed, steps, replicate)}]."


def _place(scenario: Scenario) -> str:
    n = f"{scenario.size:,} individuals"
    if scenario.network.enabled:
        network = scenario.network
        other = f", replaced on {_graph(network.replacement)}," if network.two_graphs else ""
        return f"A population of {n} on {_graph(network.graph)}{other}"
    return f"A well-mixed population of {n}"


def _graph(graph: Any) -> str:
    settings = ", ".join(
        f"{name} {value}" for name, value in graph
        if name not in ("kind", "size") and isinstance(value, int | float) and not isinstance(value, bool)
    )  # fmt: skip
    kind = "a graph of our own" if graph.kind == "edges" else f"a {graph.kind.replace('_', ' ')} graph"
    return f"{kind}{f' ({settings})' if settings else ''}"


def _rule(scenario: Scenario, rule: str) -> str:
    return {
        "kin": f"kin selection, r = {scenario.kin.related:.4g}, by {scenario.kin.channel}",
        "direct": f"direct reciprocity, w = {scenario.direct.continuation:g}",
        "indirect": f"indirect reciprocity, q = {scenario.indirect.visibility:g}",
        "group": f"groups of {scenario.group.size or scenario.size}, splitting probability {scenario.group.split:g}",
    }.get(rule, "")


def _theory(expected: Expectation) -> str:
    if expected.kind != "threshold" or not math.isfinite(expected.value):
        return ""
    return f"theory's critical b/c = {expected.value:.6g} ({expected.status})"


def from_caption(text: str) -> tuple[Scenario, int, int]:
    """The world, seed and length that a caption speaks of; the way back.

    Raises
    ------
    InputError
        where no command stands in brackets at its end, or what it says cannot be had
    """
    start, end = text.rfind("[coop-abm run "), text.rfind("]")
    try:
        words = shlex.split(text[start + 1 : end]) if 0 <= start < end else []
    except ValueError:
        words = []
    if len(words) < 3 or words[2] == "world.toml":
        raise ScenarioError("caption: no command line of a named scenario stands in brackets at its end")
    options = {
        dotted(name.removeprefix("--")): parsed(text) for name, text in zip(words[3::2], words[4::2], strict=False)
    }
    seed, steps, _ = (options.pop(name, usual) for name, usual in (("seed", 0), ("steps", 100), ("replicate", 0)))
    return lab.world(words[2], **options), seed, steps
