"""What is written under and beside the figures of a sweep: everything that one needs to make them again."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from coop_abm.core.errors import InputError, quoted
from coop_abm.scenario.knobs import dotted, replace
from coop_abm.scenario.scenario import Scenario
from coop_abm.sweeps.table import parameters_of, plain, spelt, varying

if TYPE_CHECKING:
    import pandas

#: Measures in words; any other is called by its name.
WORDS = {
    "cooperators": "share of cooperators", "cooperation": "share of cooperative acts",
    "mean_payoff": "mean payoff", "good_standing": "share in good standing", "individuals": "individuals",
    "between_groups": "variance between groups (F_ST)",
    "clustering": "share of cooperators in their largest cluster",
}  # fmt: skip


#: Columns of a caption, and of a title.
WIDE, TITLE = 122, 64


class Setting(NamedTuple):
    """What all cells of a sweep have in common.

    base   : the scenario that parameters change; None for a model of somebody else
    model  : what that model is called
    steps  : rounds, generations or steps of each run
    seed   : the root seed
    graphs : does each replicate live on a random graph of its own, or all on one?
    """

    base: Scenario | None = None
    model: str = ""
    steps: int | None = None
    seed: int = 0
    graphs: Literal["each", "one"] = "each"


def measured(measure: str) -> str:
    """A measure in words."""
    if measure.startswith("share_"):
        return f"share of {quoted(measure.removeprefix('share_'), 40)[1:-1].replace('_', ' ')}"
    return WORDS.get(measure, quoted(measure, 60)[1:-1].replace("_", " "))


def titled(measure: str, setting: Setting) -> str:
    """What the figure shows, in a line or two."""
    words = f"{measured(measure)} at the end"
    name = setting.model if setting.base is None else setting.base.name
    text = f"{quoted(name, 60)[1:-1]}: {words}" if name else f"{words[:1].upper()}{words[1:]}"
    return "\n".join(textwrap.wrap(text, TITLE)[:2])


def fixed(table: pandas.DataFrame) -> dict[str, Any]:
    """Parameters that the sweep sets to one value, by flat name."""
    moving = varying(table)
    return {dotted(name): plain(table[name].iloc[0]) for name in parameters_of(table) if name not in moving}


def one_cell_a_place(table: pandas.DataFrame, axes: list[str]) -> None:
    """Refuse a table in which something varies that no axis shows.

    Raises
    ------
    InputError
        naming what varies as well
    """
    more = [name for name in varying(table) if name not in axes]
    if more:
        raise InputError(
            f"axes: the sweep varies {', '.join(quoted(name)[1:-1] for name in more[:3])} as well as "
            f"{', '.join(axes)}; choose one value of it"
        )


def caption(table: pandas.DataFrame, axes: list[str], setting: Setting, sentences: list[str]) -> str:
    """The parameters of a figure and what else is to be said, in lines."""
    said = "; ".join(part for part in (_world(table, axes, setting), _amount(table, setting)) if part)
    found = [f"{said}.", *sentences]
    failed = int(table["failed"].sum())
    if failed:
        cells = int((table["failed"] > 0).sum())
        found.append(f"{_count(failed, 'run')} failed, in {_count(cells, 'cell')}, and are left out.")
    undefined = int(table["undefined"].sum())
    if undefined:
        found.append(f"In {_count(undefined, 'run')} the measure has no value; means are of the others.")
    return "\n".join(line for sentence in found if sentence for line in _lines(sentence))


def _lines(sentence: str) -> list[str]:
    """The sentence in as few lines as it takes, none of them a word or two."""
    few = textwrap.wrap(sentence, WIDE)
    if len(few) == 1 or len(few[-1]) > WIDE // 5:
        return few
    narrow = next(width for width in range(WIDE // 2, WIDE) if len(textwrap.wrap(sentence, width)) == len(few))
    return textwrap.wrap(sentence, narrow)


def _world(table: pandas.DataFrame, axes: list[str], setting: Setting) -> str:
    shown = {dotted(name) for name in axes}
    same = {name: value for name, value in fixed(table).items() if name not in shown}
    if setting.base is None:
        model = quoted(setting.model, 60)[1:-1] if setting.model else ""
        settings = ", ".join(f"{quoted(name, 40)[1:-1]} = {spelt(value)}" for name, value in same.items())
        return "; ".join(part for part in (model, settings) if part)
    world = replace(setting.base, same)
    game = ", ".join(f"{k} {v:g}" for k, v in world.game if isinstance(v, float) and f"game.{k}" not in shown)
    words = [] if "size" in shown else [f"N = {world.size:,}"]
    if "game" not in shown:
        words.append(world.game.kind.replace("_", " ") + (f" ({game})" if game else ""))
    if "update" not in shown:
        words.append(world.update.kind.replace("_", "-"))
    if hasattr(world.update, "intensity") and "update.intensity" not in shown:
        words.append(f"intensity {world.update.intensity:g}")
    if world.network.enabled and "network.graph" not in shown:
        words.append(f"{world.network.graph.kind.replace('_', ' ')} graph")
    if world.network.enabled and world.network.two_graphs and "network.replacement" not in shown:
        words.append(f"replaced on a {world.network.replacement.kind.replace('_', ' ')} graph")
    rules = ", ".join(world.active) or "none"
    return f"{', '.join(words)}; rules on: {rules}; {world.clock} clock"


def _amount(table: pandas.DataFrame, setting: Setting) -> str:
    words = []
    if setting.steps is not None:
        unit = "step" if setting.base is None else "round" if setting.base.clock == "round" else "generation"
        words.append(_count(setting.steps, unit))
    seen = table["runs"][table["runs"] > 0]
    if len(seen):
        low, high = int(seen.min()), int(seen.max())
        words.append(f"{_count(high, 'run')} a cell" if low == high else f"{low:,} to {high:,} runs a cell")
    words.append(f"seed {setting.seed}")
    return ", ".join(words)


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
