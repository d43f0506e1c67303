"""Controls from declarations: what a knob says of itself is what its control shows.

Title, unit, help, bounds, step and choices are read from the scenario's knobs. Only *which* knobs
stand on the page, and in which order, is said here. A slider covers the range in which one usually
looks; the number beside it takes whatever the scenario permits, and only the scenario refuses.
"""

from __future__ import annotations

import math
from typing import Any

from coop_abm.mechanisms import RULES
from coop_abm.scenario.catalogue import Knob, knobs
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.scenario import Scenario

#: The order of the rules on the page.
ORDER = ("network", "kin", "direct", "indirect", "group")

#: Below the rules, section by section; a word stands for every knob whose path begins with it.
SECTIONS = (
    ("Game", ("game",)),
    ("Selection", ("update", "payoff", "partners", "execution_error")),
    ("Population", ("size", "players.0.share")),
)

#: Kinds that are data of the user's own and cannot be switched to by name.
OWN_DATA = frozenset({"edges"})

#: A slider has at most this many steps.
MOST_STEPS = 1000


def sections(scenario: Scenario) -> list[dict[str, Any]]:
    """Everything at the left of the page: five rules, then game, selection and population.

    Each section is a dict of plain values: ``title``, ``question`` and ``toggle`` (path, on) for a
    rule, and ``controls``.
    """
    declared = {knob.path: knob for knob in knobs(scenario)}
    shown: list[dict[str, Any]] = []
    for rule in (r for r in (*ORDER, *RULES) if r in RULES):
        if any(section.get("rule") == rule for section in shown):
            continue
        own = [knob for path, knob in declared.items() if path.startswith(f"{rule}.") and path != f"{rule}.enabled"]
        own = [knob for knob in own if _tells(knob, scenario)]
        mechanism = getattr(scenario, rule)
        shown.append({
            "rule": rule, "title": type(scenario).model_fields[rule].title or rule, "question": mechanism.question,
            "toggle": {"path": f"{rule}.enabled", "on": mechanism.enabled},
            "controls": [control(knob, scenario) for knob in own] if mechanism.enabled else [],
        })  # fmt: skip
    for title, wanted in SECTIONS:
        own = [knob for path, knob in declared.items() if any(path == w or path.startswith(f"{w}.") for w in wanted)]
        own = [knob for knob in own if _tells(knob, scenario)]
        shown.append({"title": title, "controls": [control(knob, scenario) for knob in own]})
    return shown


def _tells(knob: Knob, scenario: Scenario) -> bool:
    """Does this knob do anything in this world?"""
    if knob.path in ("partners", "update.replacements"):
        return scenario.clock == "round"
    if knob.path == "players.0.share":
        return len(scenario.players) == 2 and not any(entry.nodes for entry in scenario.players)
    rule, _, name = knob.path.partition(".")
    if rule in RULES and name.partition(".")[0] in getattr(scenario, rule).unread:
        return False
    # A graph of the user's own is data: there is nothing to move in it.
    return not (scenario.network.graph.kind in OWN_DATA and knob.path.startswith("network.graph."))


def control(knob: Knob, scenario: Scenario) -> dict[str, Any]:
    """One control as plain values: what the browser needs to draw it."""
    shown: dict[str, Any] = {
        "path": knob.path, "title": knob.title.lower() if knob.title.istitle() else knob.title, "help": knob.help,
        "unit": knob.unit, "value": knob.value,
    }  # fmt: skip
    if knob.path == "players.0.share":
        first = scenario.players[0].strategy.kind
        shown |= {"title": f"{first} at the start", "help": f"share of {first}; the rest is "
                  f"{scenario.players[1].strategy.kind}"}  # fmt: skip
    if isinstance(knob.value, bool):
        return shown | {"kind": "switch"}
    if knob.choices:
        choices = [c for c in knob.choices if c not in OWN_DATA or c == knob.value]
        return shown | {"kind": "choice", "choices": choices, "value": str(knob.value)}
    if not isinstance(knob.value, int | float):
        return shown | {"kind": "text"}
    low, high, step = slider(knob, scenario.size)
    permitted = ""
    if knob.low is not None and knob.high is not None:
        permitted = f"{_figure(knob.low)} to {_figure(knob.high)}"
    elif knob.low is not None:
        permitted = f"below {_figure(knob.below)}" if knob.below is not None else f"{_figure(knob.low)} or more"
    return shown | {"kind": "number", "low": low, "high": high, "step": step, "permitted": permitted,
                    "whole": isinstance(knob.value, int)}  # fmt: skip


def slider(knob: Knob, size: int) -> tuple[float, float, float]:
    """(low, high, step) of the slider of a number: the declared interval, or where it is huge a usual one.

    Whole numbers but the size of the population itself count individuals, so they end there.

    >>> from coop_abm.scenario.library import named
    >>> next(slider(knob, 100) for knob in knobs(named("network")) if knob.path == "game.benefit")
    (0, 10.0, 0.1)
    """
    whole = isinstance(knob.value, int)
    low = knob.low if knob.low is not None else min(0, knob.value)
    high = knob.high if knob.high is not None else knob.below
    step = knob.step or (1 if whole else (high - low) / 100 if high is not None else 0.01)
    if low < 0 and high is not None and (high - low) / step > MOST_STEPS:  # payoffs of either sign
        reach = _round_up(max(2 * abs(knob.value), 50 * step))
        return -reach, reach, step
    if high is None or (high - low) / step > MOST_STEPS:
        high = max(_round_up(low + 100 * step), _round_up(knob.value))
    if high - low > MOST_STEPS * step:
        step = max(step, 10.0 ** math.floor(math.log10((high - low) / 100)))
        step = round(step) if whole else step
    if whole and knob.path != "size":
        high = min(high, size)
    if knob.path == "size":
        low = 0 if low < step else low
    return low, max(high, knob.value), step


def _round_up(number: float) -> float:
    """The least of 1, 2, 5, 10, 20, 50 ... that is not below a number."""
    if number <= 0:
        return 1.0
    ten = 10.0 ** math.floor(math.log10(number))
    return next(factor * ten for factor in (1, 2, 5, 10) if factor * ten >= number * (1 - 1e-12))


def _figure(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:g}"


def changes(scenario: Scenario, path: str, value: Any) -> dict[str, Any]:
    """What moving one control changes.

    It is the knob itself, and: the other share, where a population starts with two strategies; and
    the knobs of a rule that is switched on while they say nothing, which then take the values of the
    named scenario of that rule, because a rule whose knobs are neutral is a rule that is off.
    """
    moved = {path: value}
    if path == "players.0.share" and len(scenario.players) == 2 and _is_number(value):
        moved["players.1.share"] = 1 - value
    rule, _, last = path.partition(".")
    if last == "enabled" and value is True and rule in RULES and rule in NAMED:
        now = getattr(scenario, rule)
        if now.model_copy(update={"enabled": True}) == type(now)(enabled=True):
            moved |= _telling(scenario, rule)
    return moved


def _telling(scenario: Scenario, rule: str) -> dict[str, Any]:
    part = getattr(named(rule), rule)
    if rule == "group":
        sizes = [n for n in range(2, scenario.size // 2 + 1) if scenario.size % n == 0]
        near = min(sizes, key=lambda n: abs(n - math.sqrt(scenario.size)), default=0)
        part = part.model_copy(update={"size": near})
    return {f"{rule}.{name}": getattr(part, name) for name in type(part).model_fields if name != "enabled"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
