"""What the formulas accept: every bad argument is refused here, by name, in one line."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from coop_abm.core.errors import GraphError, InputError, TheoryError, quoted

if TYPE_CHECKING:
    import scipy.sparse


def number(name: str, value: float, low: float = -math.inf, high: float = math.inf, *, below: bool = False) -> float:
    """A finite number in [low, high], or in [low, high) when ``below`` is true.

    Raises
    ------
    InputError : the value is not a finite number in that interval
    """
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number; got {quoted(value)}") from None
    if not math.isfinite(result) or result < low or result > high or (below and result == high):
        end = ")" if below else "]"
        raise InputError(f"{name} must be a finite number in [{low:g}, {high:g}{end}; got {quoted(value)}")
    return result


def whole(name: str, value: int, low: int, high: float = math.inf) -> int:
    """A whole number from low to high.

    Raises
    ------
    InputError : the value is not a whole number in that range
    """
    result = number(name, value)
    if result != int(result) or not low <= result <= high:
        top = "" if math.isinf(high) else f" and at most {high:g}"
        raise InputError(f"{name} must be a whole number, at least {low}{top}; got {quoted(value)}")
    return int(result)


def one_of(name: str, value: str, allowed: Iterable[str]) -> str:
    """One of the allowed words.

    Raises
    ------
    InputError : any other value
    """
    words = tuple(allowed)
    if value not in words:
        raise InputError(f"{name} must be one of {', '.join(words)}; got {quoted(value)}")
    return value


def matrix(name: str, values: object, strategies: int | None = None) -> np.ndarray:
    """A square matrix of finite payoffs, as float64; ``strategies`` fixes its size.

    Raises
    ------
    InputError : wrong shape, or an entry that is not a finite number
    """
    try:
        result = np.array(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a square matrix of numbers; got {quoted(values)}") from None
    square = result.ndim == 2 and result.shape[0] == result.shape[1] > 0
    if not square or (strategies is not None and len(result) != strategies):
        shape = "square" if strategies is None else f"{strategies} x {strategies}"
        raise InputError(f"{name} must be a {shape} payoff matrix; got shape {result.shape}")
    if not np.isfinite(result).all():
        raise InputError(f"{name} must have finite payoffs only")
    return result


def graph(weights: object, largest: int, *, directed: bool = False) -> np.ndarray:
    """The weight matrix (N, N) of one connected undirected graph without self-loops, as a dense array.

    Raises
    ------
    as ``sparse_graph``
    """
    return sparse_graph(weights, largest, directed=directed).toarray()


def sparse_graph(
    weights: object, largest: float = math.inf, *, name: str = "weights", connected: bool = True, directed: bool = False
) -> scipy.sparse.csr_array:
    """The same as compressed rows, kept sparse on the way; ``connected=False`` permits several pieces.

    ``directed=True`` permits weights that differ by direction, where every node can be reached from every other.

    Raises
    ------
    GraphError (an InputError) : not square, fewer than 2 nodes, negative or non-finite weights, asymmetric
        weights, self-loops, a node without any weight, or a graph in several pieces
    TheoryError : more than ``largest`` nodes
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    shape: tuple[int, ...] = getattr(weights, "shape", None) or np.shape(np.asarray(weights, dtype=object))
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        raise GraphError(f"{name} must be a square matrix of at least 2 nodes; got shape {tuple(shape)}")
    if shape[0] > largest:
        raise TheoryError(f"{name} must have at most {largest:,} nodes here; got {shape[0]:,}")
    given = weights if hasattr(weights, "toarray") else np.array(weights, dtype=float)
    rows = csr_array(given, dtype=float, copy=True)
    rows.sum_duplicates()
    if not np.isfinite(rows.data).all() or (rows.data < 0).any():
        raise GraphError(f"{name} must be finite and not negative")
    rows.eliminate_zeros()
    if not directed and rows.nnz and abs(rows - rows.T).max() > 1e-12 * rows.data.max():
        raise GraphError(f"{name} must be symmetric: the graph is undirected")
    if rows.diagonal().any():
        raise GraphError(f"{name} must have a zero diagonal: no self-loops")
    way = "strong" if directed else "weak"
    if connected and connected_components(rows, directed=directed, connection=way, return_labels=False) > 1:
        raise GraphError(f"{name} must describe a connected graph: some nodes cannot be reached")
    if (np.diff(rows.indptr) == 0).any():
        raise GraphError(f"{name} must give every node a neighbour")
    return rows
