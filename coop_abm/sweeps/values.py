"""Values of others that are to be kept: parameters that tell cells apart, and what reporters give."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import networkx
import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.sweeps.work import Outcome, Table, canonical

#: What JSON and SQLite hold as it is. A subclass (an Enum, say) is made one of them first.
_PLAIN = (bool, int, float, str)


def plain(value: Any, name: str) -> Any:
    """A parameter as plain values that tell it from any other, for the hash of a cell.

    A graph is its digest, and numpy's scalars and arrays are what they hold. A list and a tuple of the same are one
    value.

    Raises
    ------
    InputError
        naming the parameter, if nothing says what two values of this kind have in common
    """
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, (np.generic, np.ndarray)):
        return plain(_of_numpy(value, name), name)
    if isinstance(value, _PLAIN):
        return _bare(value)
    if isinstance(value, (list, tuple)):
        return [plain(entry, name) for entry in value]
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((plain(entry, name) for entry in value), key=canonical)}
    if isinstance(value, Mapping):
        if all(type(key) is str for key in value):
            return {key: plain(entry, name) for key, entry in value.items()}
        pairs = ([plain(key, name), plain(entry, name)] for key, entry in value.items())
        return {"pairs": sorted(pairs, key=canonical)}
    if isinstance(value, networkx.Graph):
        return {"graph": graph_digest(value, name)}
    raise InputError(
        f"{name}: only numbers, words, true, false, None, lists, mappings and networkx graphs tell cells apart; "
        f"got {quoted(value)}"
    )


def graph_digest(graph: networkx.Graph, name: str) -> str:
    """SHA-256 of all that a model can read of a graph, in hexadecimal.

    That is more than its edges and weights: the order of nodes and edges too (neighbours are drawn in that order),
    labels, and every attribute.
    """
    number = {label: place for place, label in enumerate(graph)}
    tree = {
        "kind": [graph.is_directed(), graph.is_multigraph()],
        "about": plain(graph.graph, name),
        "nodes": [[plain(label, name), plain(notes, name)] for label, notes in graph.nodes(data=True)],
        "edges": [[number[one], number[other], plain(notes, name)] for one, other, notes in graph.edges(data=True)],
    }
    return hashlib.sha256(canonical(tree).encode()).hexdigest()


def kept(outcome: Outcome) -> Outcome:
    """The outcome with values that a store can hold: numpy's scalars become Python's, tuples and arrays lists.

    Raises
    ------
    InputError
        naming the reporter that gave anything else
    """
    tables = tuple(
        Table(
            table.names,
            [tuple(_kept(value, name) for name, value in zip(table.names, row, strict=True)) for row in table.rows],
        )
        for table in outcome.tables
    )
    return outcome._replace(tables=tables)


def _kept(value: Any, name: str) -> Any:
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, (np.generic, np.ndarray)):
        return _kept(_of_numpy(value, name), name)
    if isinstance(value, _PLAIN):
        return _bare(value)
    if isinstance(value, (list, tuple)):
        return [_kept(entry, name) for entry in value]
    if isinstance(value, Mapping) and all(type(key) is str for key in value):
        return {key: _kept(entry, name) for key, entry in value.items()}
    raise InputError(
        f"reporter {quoted(name)}: a store keeps numbers, words, true, false, None and lists of them; "
        f"got {quoted(value)}"
    )


def _of_numpy(value: Any, name: str) -> Any:
    found = value.tolist()
    if isinstance(found, np.generic):  # longdouble has no Python number
        raise InputError(f"{name}: a {value.dtype} has no plain value; got {quoted(value)}")
    return found


def _bare(value: Any) -> Any:
    return next(kind for kind in _PLAIN if isinstance(value, kind))(value)


def seed_tree(seed: Any) -> Any:
    """What was given in `rng` for one run as plain values.

    Raises
    ------
    InputError
        if a run that was seeded with it could not be repeated
    """
    if isinstance(seed, np.random.SeedSequence):
        entropy: Any = seed.entropy
        return {"entropy": plain(entropy, "rng"), "spawn_key": list(seed.spawn_key), "pool_size": seed.pool_size}
    if isinstance(seed, (int, np.integer, Sequence, np.ndarray)) and not isinstance(seed, (bool, str)):
        return plain(seed, "rng")
    raise InputError(
        "rng: runs that are kept must be repeatable, so each entry is a whole number, a list of them or a "
        f"SeedSequence; got {quoted(seed)}"
    )
