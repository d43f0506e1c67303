"""How large a graph file may be, and which names its nodes may have."""

from __future__ import annotations

import re

from coop_abm.core.errors import GraphError, quoted

BYTES = 64 * 1024 * 1024  # of the file
NODES = 1_000_000
EDGES = 5_000_000
LABEL = 256  # characters of a node name
ATTRIBUTE = 10_000  # characters of any other value
STRETCH = 512 * 1024  # bytes of XML without a new element
DEPTH = 100  # elements inside each other; editors nest about six

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def checked_label(text: str, where: str) -> str:
    """A node name as it stands. Raises GraphError where it is empty, too long or not one line."""
    if not text:
        raise GraphError(f"{where}: a node name must not be empty")
    if len(text) > LABEL:
        raise GraphError(f"{where}: a node name must have at most {LABEL} characters; got {len(text)}")
    if _CONTROL.search(text):
        raise GraphError(f"{where}: a node name must have no control characters; got {quoted(text)}")
    return text


def checked_weight(text: str, where: str) -> float:
    """An edge weight written as a decimal number. Raises GraphError for anything else."""
    if len(text) > ATTRIBUTE:
        raise GraphError(f"{where}: a weight must have at most {ATTRIBUTE} characters; got {len(text)}")
    value = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0.0 < value < float("inf"):
        raise GraphError(f"{where}: a weight must be a positive finite number; got {quoted(text)}")
    return value


def checked_count(count: int, most: int, what: str) -> None:
    """Raises GraphError where a file holds more than it may."""
    if count > most:
        raise GraphError(f"must have at most {most} {what}")


def few_enough(edges: int, field: str) -> None:
    """Raises GraphError, naming the field, where a graph would have more edges than it may."""
    if edges > EDGES:
        raise GraphError(f"{field}: must give at most {EDGES:,} edges; got {edges:,}")
