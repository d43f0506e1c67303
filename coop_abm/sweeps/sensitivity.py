"""How much of the spread of a measure does each parameter explain? Indices of Sobol, from a design of Saltelli.

The *first-order* index of a parameter is the share of the variance over the ranges that it explains alone, the
*total* index the share that is lost when it is held fixed, with all its interactions. Noise of a few replicates is
variance as well, that nothing explains: it lowers all first-order indices and raises all total ones.

References
----------
Sobol2001, Saltelli2010
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, MissingExtra
from coop_abm.engine.statistics import Z95, Estimate
from coop_abm.sweeps.designs import Design

#: Resamples behind a confidence interval, and the seed that makes them the same each time.
RESAMPLES, RESAMPLED_BY = 1000, 1


class Index(NamedTuple):
    """What one parameter explains.

    name  : of the parameter
    first : the share of the variance that it explains alone
    total : with all its interactions
    """

    name: str
    first: Estimate
    total: Estimate


def analyse(design: Design, values: np.ndarray) -> list[Index]:
    """The indices of each range of a "saltelli" design, in its order.

    Parameters
    ----------
    values : float (cells,), the mean of the measure in each parameter set of the design, in its order

    Raises
    ------
    InputError
        if the design is another, a value is missing, or the measure is the same everywhere
    MissingExtra
        if SALib is not installed
    """
    if design.kind != "saltelli":
        raise InputError(f"indices need a saltelli design; this one is {design.kind}")
    values = np.asarray(values, float)
    if values.shape != (len(design),):
        raise InputError(f"indices need a value for each of {len(design):,} parameter sets; got {values.size:,}")
    missing = int(np.sum(~np.isfinite(values)))
    if missing:
        raise InputError(f"indices need all parameter sets; {missing:,} of {len(design):,} have no value")
    if np.ptp(values) == 0.0:
        raise InputError(f"indices: the measure is {values[0]:g} everywhere, so there is nothing to explain")
    try:
        from SALib.analyze import sobol
    except ImportError:
        raise MissingExtra("sensitivity: pip install 'coop-abm[sensitivity]'") from None
    problem = {"num_vars": len(design.ranges), "names": [part.name for part in design.ranges],
               "bounds": [[0.0, 1.0]] * len(design.ranges)}  # fmt: skip
    found = sobol.analyze(problem, values, calc_second_order=False, num_resamples=RESAMPLES, seed=RESAMPLED_BY)
    return [
        Index(part.name, _estimate(found["S1"][d], found["S1_conf"][d]), _estimate(found["ST"][d], found["ST_conf"][d]))
        for d, part in enumerate(design.ranges)
    ]


def _estimate(value: float, reach: float) -> Estimate:
    return Estimate(float(value), float(reach) / Z95, float(value - reach), float(value + reach))
