"""Series of head counts, written while events go on: nobody looks at the population in between.

``series`` is int64 (G, S): the heads of each strategy after each of G generations. Once one strategy is
left the rest of the series is written without any event.
"""

from __future__ import annotations

from coop_abm.core.kernel import kernel
from coop_abm.engine.generations import advance_generations
from coop_abm.engine.keys import advance_keyed
from coop_abm.engine.mixed import advance_mixed
from coop_abm.engine.nodes import advance_graph


@kernel
def record_keyed(world, key, count, series, s0, s1, s2, s3):
    """Generations on a graph whose nodes have keys; see :func:`~coop_abm.engine.keys.advance_keyed`."""
    for g in range(series.shape[0]):
        _done, _gained, s0, s1, s2, s3 = advance_keyed(world, key, count, world.size, s0, s1, s2, s3)
        for s in range(count.shape[0]):
            series[g, s] = count[s]
    return s0, s1, s2, s3


@kernel
def record_graph(world, strategy, count, key, helping, payoff, fitness, series, s0, s1, s2, s3):
    """Generations on any other graph; see :func:`~coop_abm.engine.nodes.advance_graph`."""
    for g in range(series.shape[0]):
        _done, _gained, s0, s1, s2, s3 = advance_graph(
            world, strategy, count, key, helping, payoff, fitness, world.size, s0, s1, s2, s3
        )
        for s in range(count.shape[0]):
            series[g, s] = count[s]
    return s0, s1, s2, s3


@kernel
def record_mixed(world, count, series, s0, s1, s2, s3):
    """Generations of a mixed population; see :func:`~coop_abm.engine.mixed.advance_mixed`."""
    size = 0
    for s in range(count.shape[0]):
        size += count[s]
    for g in range(series.shape[0]):
        _done, s0, s1, s2, s3 = advance_mixed(world, count, size, s0, s1, s2, s3)
        for s in range(count.shape[0]):
            series[g, s] = count[s]
    return s0, s1, s2, s3


@kernel
def record_generations(world, strategy, second, count, payoff, fitness, series, s0, s1, s2, s3):
    """Generations that replace everybody; see :func:`~coop_abm.engine.generations.advance_generations`."""
    for g in range(series.shape[0]):
        _done, _gained, s0, s1, s2, s3 = advance_generations(
            world, strategy, second, count, payoff, fitness, strategy.shape[0], s0, s1, s2, s3
        )
        for s in range(count.shape[0]):
            series[g, s] = count[s]
    return s0, s1, s2, s3
