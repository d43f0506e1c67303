"""From a store to a figure: what was swept, and which picture shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import validated
from coop_abm.sweeps.captions import Setting
from coop_abm.sweeps.designs import Design, design_of
from coop_abm.sweeps.figures import figure_for, sobol_bars
from coop_abm.sweeps.sensitivity import analyse
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.table import finals, summary
from coop_abm.sweeps.work import canonical

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


class Picture(NamedTuple):
    """A figure and the numbers in it, a row for each cell or, of an analysis of sensitivity, for each parameter."""

    figure: Figure
    table: pandas.DataFrame


def picture(
    store: Store,
    *,
    axes: Sequence[str] = (),
    measure: str = "",
    kind: Literal["phase", "response", "sobol"] | None = None,
) -> Picture:
    """The figure that suits what is in a store.

    Parameters
    ----------
    axes    : one or two parameters; by default those that vary
    measure : a column; by default what the sweep looked at
    kind    : where several would do; bars of Sobol's indices need a saltelli design

    Raises
    ------
    InputError
        if nothing varies, more than can be shown, or there is no such column
    """
    order, identity = store.remembered() or {}, store.identity
    settings = order.get("settings", {})
    setting = setting_of(identity, order)
    looked = measure or settings.get("measure") or ("cooperators" if setting.base is not None else "")
    if not looked:
        raise InputError("measure: must name a column of the model that was run")
    design = design_of(order["design"]) if "design" in order else None
    if kind == "sobol" or (kind is None and design is not None and design.kind == "saltelli" and not axes):
        if design is None or design.kind != "saltelli":
            raise InputError("kind: bars of Sobol's indices need a sweep with --saltelli")
        return _bars(store, design, looked, setting)
    table = summary(finals(store, store.cells(), looked), looked)
    return Picture(figure_for(table, axes, setting=setting, measure=looked, kind=kind), table)


def setting_of(identity: dict[str, Any], order: dict[str, Any]) -> Setting:
    """What all cells of a store have in common."""
    base: Scenario | None = validated(identity["scenario"]) if "scenario" in identity else None
    return Setting(
        base=base, model="" if base is not None else str(order.get("name") or identity.get("model", "")),
        steps=identity.get("steps", identity.get("max_steps")), seed=identity.get("seed", 0),
        graphs=identity.get("graphs", "each"),
    )  # fmt: skip


def _bars(store: Store, design: Design, measure: str, setting: Setting) -> Picture:
    import pandas

    means: dict[str, float] = {}
    runs = 0
    for found in finals(store, store.cells(), measure):
        seen = found.values[~np.isnan(found.values)]
        runs = max(runs, len(seen))
        means[canonical(found.parameters)] = float(seen.mean()) if len(seen) else float("nan")
    values = np.array([means.get(canonical(parameters), np.nan) for parameters in design.parameters()])
    if np.isnan(values).any():
        raise InputError(
            f"kind: {int(np.isnan(values).sum()):,} of {len(values):,} cells have no result yet; the sweep must be over"
        )
    indices = analyse(design, values)
    table = pandas.DataFrame(
        [
            {"name": index.name, "S1": index.first.value, "S1_conf": index.first.high - index.first.value,
             "ST": index.total.value, "ST_conf": index.total.high - index.total.value}
            for index in indices
        ]
    )  # fmt: skip
    words = f"{measure}; {len(values):,} cells of a Saltelli design, up to {runs:,} runs each."
    return Picture(sobol_bars(table, base=setting.base, words=words), table)
