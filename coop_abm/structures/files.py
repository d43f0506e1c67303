"""Graph files from strangers: read within bounds, or refused in one line.

Whatever the bytes, the answer is a `Graph` or a `GraphError`: nothing is evaluated, nothing outside
the file is opened, and no file may be larger than `limits` says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coop_abm.core.errors import GraphError, quoted
from coop_abm.structures import limits
from coop_abm.structures.edgelist import read_edge_list
from coop_abm.structures.gexf import read_gexf
from coop_abm.structures.gml import read_gml
from coop_abm.structures.graph import Graph
from coop_abm.structures.graphml import read_graphml

EDGE_LISTS = (".edgelist", ".edges", ".txt", ".csv", ".tsv")
#: Who reads which suffix: (text, name of the weight or None) -> Graph.
READERS: dict[str, Callable[[str, str | None], Graph]] = {
    ".graphml": read_graphml,
    ".gexf": read_gexf,
    ".gml": read_gml,
    **dict.fromkeys(EDGE_LISTS, read_edge_list),
}
LONGEST = 380  # characters of a message


def read_graph(path: str | os.PathLike[str], *, weight: str | None = "weight") -> Graph:
    """The graph in a file; the suffix says how it is written.

    Parameters
    ----------
    path   : a file in UTF-8: GraphML (.graphml), GEXF (.gexf), GML (.gml) or an edge list (.edgelist,
             .edges, .txt, .csv, .tsv)
    weight : name of the edge attribute that is the weight (in an edge list, the third column; in GML
             ``value`` too where no edge has a ``weight``); None for no weights

    Raises
    ------
    GraphError
        if the file cannot be read or used: one printable line, ``FILE: why``
    """
    return _read(path, lambda: _bytes(path), weight)


def read_upload(name: str, data: bytes, *, weight: str | None = "weight") -> Graph:
    """The graph in the bytes of a file that was handed over; its name says how it is written.

    Parameters, Raises
    ------------------
    as :func:`read_graph`
    """

    def given() -> bytes:
        if len(data) > limits.BYTES:
            raise GraphError(f"must have at most {limits.BYTES} bytes; got {len(data)}")
        return data

    return _read(name, given, weight)


def _read(path: str | os.PathLike[str], fetch: Callable[[], bytes], weight: str | None) -> Graph:
    try:
        suffix = Path(path).suffix.lower()
        if suffix not in READERS:
            raise GraphError(f"the suffix must be one of {', '.join(READERS)}")
        text = fetch().decode("utf-8").removeprefix("\ufeff")
        if "\x00" in text:
            raise GraphError("must be text; it has NUL bytes")
        return READERS[suffix](text, weight)
    except GraphError as error:
        raise _refusal(path, str(error).removeprefix("graph: ")) from error
    except UnicodeDecodeError as error:
        raise _refusal(path, f"must be UTF-8; byte {error.start} is not") from error
    except FileNotFoundError as error:
        raise _refusal(path, "no such file") from error
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror or 'unknown reason'}") from error
    except (RecursionError, MemoryError) as error:
        raise _refusal(path, "is too large or too deep to be read") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise _refusal(path, f"cannot be read: {type(error).__name__}") from error


def _bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a regular file within the limit."""
    _ordinary(os.stat(path))
    # Without waiting: the file may have become a pipe since it was looked at.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as file:
        _ordinary(os.fstat(descriptor))
        data = file.read(limits.BYTES + 1)
    if len(data) > limits.BYTES:
        raise GraphError(f"must have at most {limits.BYTES} bytes")
    return data


def _ordinary(status: os.stat_result) -> None:
    """Refuse directories, devices, pipes and whatever is too large."""
    if stat.S_ISDIR(status.st_mode):
        raise GraphError("is a directory; a graph file is needed")
    if not stat.S_ISREG(status.st_mode):
        raise GraphError("must be a regular file, not a device or a pipe")
    if status.st_size > limits.BYTES:
        raise GraphError(f"must have at most {limits.BYTES} bytes; got {status.st_size}")


def _refusal(path: Any, why: str) -> GraphError:
    """The error for this file: one printable line of bounded length."""
    try:
        name = os.fspath(path)
    except TypeError:
        name = repr(type(path).__name__)
    shown = quoted(name if isinstance(name, str) else repr(name), 100)[1:-1]
    message = f"{shown}: {why}"
    return GraphError(message if len(message) <= LONGEST else message[: LONGEST - 1] + "…")
