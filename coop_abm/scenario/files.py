"""Scenarios in files, and the user's own graph in a scenario.

A scenario file is TOML. A graph that it names becomes part of the scenario, so what is saved is complete.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coop_abm.core.errors import InputError, ScenarioError, quoted
from coop_abm.scenario.knobs import plain
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import no_such_knob, validated

#: A scenario file larger than this is refused unread.
LARGEST_FILE = 1 << 20


def load(path: str | Path) -> Scenario:
    """Read a scenario from a TOML file.

    A graph in it, ``network.graph = {kind = "file", path = "karate.graphml"}`` (or ``network.replacement``), is read at
    once and becomes part of the scenario; its path is relative to the scenario file and stays in its folder. A table
    ``[sweep]`` is no part of a scenario and not looked at.

    Raises
    ------
    ScenarioError, GraphError
        one line: the file, the field, what is permitted
    """
    return load_with_sweep(path)[0]


def load_with_sweep(path: str | Path) -> tuple[Scenario, dict[str, Any]]:
    """A scenario from a TOML file, and the table ``[sweep]`` in it: which runs a sweep does; empty if there is none.

    Raises
    ------
    ScenarioError, GraphError
        one line: the file, the field, what is permitted
    """
    file = Path(path)
    shown = quoted(file.name, 80)[1:-1]
    tree = _tree(file, shown)
    swept = tree.pop("sweep", {})
    if not isinstance(swept, dict):
        raise ScenarioError(f"{shown}: sweep must be a table; got {quoted(swept)}")
    try:
        for place in ("graph", "replacement"):
            tree = _with_graph(tree, file.parent, place)
        return validated(tree), swept
    except InputError as error:
        raise type(error)(f"{shown}: {error}") from None


def tree(path: str | Path) -> dict[str, Any]:
    """What a TOML file says, as plain values.

    Raises
    ------
    ScenarioError
        one line: the file, and why it cannot be read
    """
    file = Path(path)
    return _tree(file, quoted(file.name, 80)[1:-1])


def _tree(file: Path, shown: str) -> dict[str, Any]:
    try:
        if not file.is_file():
            raise ScenarioError(f"{shown}: no such file" if not file.exists() else f"{shown}: not a regular file")
        if file.stat().st_size > LARGEST_FILE:
            raise ScenarioError(f"{shown}: a scenario file must not exceed {LARGEST_FILE >> 20} MiB")
        text = file.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except ScenarioError:
        raise
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{shown}: must be UTF-8 text; byte {error.start} is not") from None
    except RecursionError:
        raise ScenarioError(f"{shown}: nested too deeply") from None
    except OSError as error:
        raise ScenarioError(f"{shown}: cannot be read ({error.strerror})") from None
    except ValueError as error:  # TOMLDecodeError, and numbers too long for int()
        raise ScenarioError(f"{shown}: not valid TOML: {quoted(str(error), 120)[1:-1]}") from None


def _with_graph(tree: dict[str, Any], folder: Path, place: str) -> dict[str, Any]:
    network, knob = tree.get("network"), f"network.{place}"
    graph = network.get(place) if isinstance(network, dict) else None
    if not isinstance(graph, dict) or graph.get("kind") != "file":
        return tree
    unknown = graph.keys() - {"kind", "path", "weight"}
    if unknown:
        raise no_such_knob(f"{knob}.{sorted(unknown)[0]}", ("path", "weight"))
    named = graph.get("path")
    if not isinstance(named, str) or not named:
        raise ScenarioError(f"{knob}.path must be the name of a file beside the scenario")
    try:
        inside = (folder / named).resolve().is_relative_to(folder.resolve()) and not Path(named).is_absolute()
    except (OSError, ValueError, RuntimeError):
        inside = False
    if not inside:
        raise ScenarioError(f"{knob}.path must lie in the folder of the scenario file; got {quoted(named)}")
    weight = graph.get("weight", "weight")
    if not isinstance(weight, str):
        raise ScenarioError(f"{knob}.weight must be the name of an edge attribute; got {quoted(weight)}")
    return with_graph(tree, folder / named, weight=weight or None, place=place)


def with_graph(
    tree: Mapping[str, Any], graph: Any, *, weight: str | None = "weight", place: str = "graph"
) -> dict[str, Any]:
    """A tree of plain values with the user's own graph put in: a path, an ``nx.Graph`` or a Graph.

    place : the knob of the network that holds it, "graph" or "replacement"
    """
    from coop_abm.structures import Edges
    from coop_abm.structures.files import read_graph

    source = ""
    if isinstance(graph, (str, Path)):
        source = Path(graph).name
        graph = read_graph(graph, weight=weight)
    edges = Edges.of(graph, weight=weight, source=source)
    network = {**tree.get("network", {}), "enabled": True, place: edges}
    changed = {**tree, "network": network}
    declared = tree.get("size", edges.size)
    if declared != edges.size:
        raise ScenarioError(
            f"size must be {edges.size}, the nodes of {source or 'the graph'}, or be left out; got {quoted(declared)}"
        )
    return changed | {"size": edges.size}


def on_graph(scenario: Scenario, graph: Any, *, weight: str | None = "weight") -> Scenario:
    """The same scenario on the user's own graph, its size taken from the graph."""
    tree = scenario.model_dump()
    tree.pop("size")
    return validated(with_graph(tree, graph, weight=weight))


def dumps(scenario: Scenario) -> str:
    """The scenario as TOML text; :func:`load` of it gives the same scenario."""
    import tomli_w

    return tomli_w.dumps(plain(scenario))
