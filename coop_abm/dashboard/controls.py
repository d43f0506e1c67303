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

#: Above the rules, and below them, section by section; a word stands for every knob whose path begins with it.
ABOVE = (("Game", ("game",)),)  # the two numbers that every rule is held against, in reach on a small screen
BELOW = (
    ("Selection", ("update", "payoff", "clock", "partners")),
    ("Population", ("size", "players")),
    ("Errors", ("execution_error", "slips")),
)

#: What a number counts, where its knob does not say so itself: by the last word of its path.
UNITS = {
    "benefit": "payoff", "cost": "payoff", "temptation": "payoff", "reward": "payoff", "punishment": "payoff",
    "sucker": "payoff", "relatedness": "share", "share": "share", "size": "people", "family": "people",
    "founders": "people", "intensity": "per payoff", "replacements": "a round", "radius": "of the side",
    "neighbours": "each", "degree": "each", "links": "each", "branches": "each", "rows": "rows", "clique": "people",
}  # fmt: skip

#: Knobs that are not on the page, and why: (beginning or end of a path, reason).
ELSEWHERE = {
    "name": "a word, not a part of the world",
    "description": "a word, not a part of the world",
    "talk": "for language models and people: the pages Transcripts and Play",
    "talk_limit": "for language models and people: the pages Transcripts and Play",
    "policy": "for language models and people: the pages Transcripts and Play",
}

#: The third, fourth ... strategy can be "none": then that entry goes.
NONE = "none"
#: At most so many strategies are added on the page, and what a new one starts with.
MOST_PLAYERS, NEWCOMERS = 4, 0.2

#: Kinds that are data of the user's own and cannot be switched to by name.
OWN_DATA = frozenset({"edges"})

#: Whole numbers that do not count individuals of a world end here at the latest.
MOST_COUNTED = 10_000_000
#: A slider has at most this many steps.
MOST_STEPS = 1000


def sections(scenario: Scenario) -> list[dict[str, Any]]:
    """Everything at the left of the page: the game, five rules, then selection and population.

    Each section is a dict of plain values: ``title``, ``question`` and ``toggle`` (path, on) for a
    rule, and ``controls``.
    """
    declared = {knob.path: knob for knob in knobs(scenario)}
    rules = dict.fromkeys(rule for rule in (*ORDER, *RULES) if rule in RULES)
    return [
        *(_section(title, wanted, declared, scenario) for title, wanted in ABOVE),
        *(_of_rule(rule, declared, scenario) for rule in rules),
        *(_section(title, wanted, declared, scenario) for title, wanted in BELOW),
    ]


def _of_rule(rule: str, declared: dict[str, Knob], scenario: Scenario) -> dict[str, Any]:
    own = [knob for path, knob in declared.items() if path.startswith(f"{rule}.") and path != f"{rule}.enabled"]
    own = [knob for knob in own if _tells(knob, scenario)]
    mechanism = getattr(scenario, rule)
    return {
        "rule": rule, "title": type(scenario).model_fields[rule].title or rule, "question": mechanism.question,
        "toggle": {"path": f"{rule}.enabled", "on": mechanism.enabled},
        "controls": [control(knob, scenario) for knob in own] if mechanism.enabled else [],
    }  # fmt: skip


def _section(title: str, wanted: tuple[str, ...], declared: dict[str, Knob], scenario: Scenario) -> dict[str, Any]:
    own = [knob for path, knob in declared.items() if any(path == w or path.startswith(f"{w}.") for w in wanted)]
    drawn = [control(knob, scenario) for knob in own if _tells(knob, scenario)]
    if "players" in wanted and _may_grow(scenario):
        drawn.append(_newcomer(scenario))
    return {"title": title, "controls": drawn}


def _may_grow(scenario: Scenario) -> bool:
    return len(scenario.players) < MOST_PLAYERS and not any(entry.nodes for entry in scenario.players)


def _newcomer(scenario: Scenario) -> dict[str, Any]:
    """The choice of one more strategy."""
    at = len(scenario.players)
    kinds = next(knob.choices for knob in knobs(scenario) if knob.path == "players.0.strategy")
    return {
        "path": f"players.{at}.strategy", "kind": "choice", "title": f"{ORDINALS[at]} strategy", "unit": "",
        "value": NONE, "choices": [NONE, *kinds],
        "help": f"one more; it starts with {NEWCOMERS:.0%}, taken from the others in proportion",
    }  # fmt: skip


#: What the entries of the population are called.
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _tells(knob: Knob, scenario: Scenario) -> bool:
    """Does this knob do anything in this world?"""
    if knob.path in ("partners", "update.replacements"):
        return scenario.clock == "round"
    if knob.path.startswith("players."):
        return _player_tells(knob.path, scenario)
    if knob.path == "slips":
        return scenario.execution_error > 0
    rule, _, name = knob.path.partition(".")
    if rule in RULES and name.partition(".")[0] in getattr(scenario, rule).unread:
        return False
    # A graph of the user's own is data: there is nothing to move in it.
    network, own = scenario.network, ("network.graph.", "network.replacement.")
    kinds = (network.graph.kind, network.replacement.kind)
    return not any(kind in OWN_DATA and knob.path.startswith(start) for kind, start in zip(kinds, own, strict=True))


def _player_tells(path: str, scenario: Scenario) -> bool:
    """Of each entry the strategy with its knobs, and the share where it can be moved; who decides is set elsewhere."""
    _, number, name = path.split(".", 2)
    if name == "share":
        several = 1 < len(scenario.players) and not any(entry.nodes for entry in scenario.players)
        return several and not (number == "1" and len(scenario.players) == 2)  # two shares are one number
    return name.partition(".")[0] == "strategy"


def control(knob: Knob, scenario: Scenario | None = None) -> dict[str, Any]:
    """One control as plain values: what the browser needs to draw it; without a scenario a knob of another part."""
    shown: dict[str, Any] = {
        "path": knob.path, "title": knob.title.lower() if knob.title.istitle() else knob.title, "help": knob.help,
        "unit": unit_of(knob), "value": knob.value,
    }  # fmt: skip
    if knob.path.startswith("players.") and scenario is not None:
        shown |= _player_words(knob.path, scenario)
    if isinstance(knob.value, bool):
        return shown | {"kind": "switch"}
    if knob.choices:
        choices = [c for c in knob.choices if c not in OWN_DATA or c == knob.value]
        if scenario is not None and _removable(knob.path, scenario):
            choices = [NONE, *choices]
        return shown | {"kind": "choice", "choices": choices, "value": str(knob.value)}
    if not isinstance(knob.value, int | float):
        return shown | {"kind": "text"}
    low, high, step = slider(knob, MOST_COUNTED if scenario is None else scenario.size)
    permitted = ""
    if knob.low is not None and knob.high is not None:
        permitted = f"{_figure(knob.low)} to {_figure(knob.high)}"
    elif knob.low is not None:
        permitted = f"below {_figure(knob.below)}" if knob.below is not None else f"{_figure(knob.low)} or more"
    return shown | {"kind": "number", "low": low, "high": high, "step": step, "permitted": permitted,
                    "whole": isinstance(knob.value, int)}  # fmt: skip


def unit_of(knob: Knob) -> str:
    """What the number of a knob counts; "" for words and switches."""
    if isinstance(knob.value, bool) or not isinstance(knob.value, int | float):
        return ""
    last = knob.path.rpartition(".")[2]
    if knob.unit or last in UNITS:
        return knob.unit or UNITS[last]
    return "count" if isinstance(knob.value, int) else "chance"


def _player_words(path: str, scenario: Scenario) -> dict[str, str]:
    _, number, name = path.split(".", 2)
    entry, at = scenario.players[int(number)], int(number)
    kind = entry.strategy.kind
    if name == "share":
        others = ", ".join(o.strategy.kind for k, o in enumerate(scenario.players) if k != at)
        return {"title": f"{kind} at the start", "help": f"share of {kind}; the rest is {others}"}
    if name == "strategy":
        return {"title": f"{ORDINALS[at % len(ORDINALS)]} strategy", "help": type(entry.strategy).title}
    return {}


def _removable(path: str, scenario: Scenario) -> bool:
    words = path.split(".")
    return (
        words[0] == "players" and words[2:] == ["strategy"] and int(words[1]) >= 2
        and not any(entry.nodes for entry in scenario.players)
    )  # fmt: skip


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
    moved = _moved_players(scenario, path, value)
    if moved is not None:
        return moved
    moved = {path: value}
    rule, _, last = path.partition(".")
    if last == "enabled" and value is True and rule in RULES and rule in NAMED:
        now = getattr(scenario, rule)
        if now.model_copy(update={"enabled": True}) == type(now)(enabled=True):
            moved |= _telling(scenario, rule)
    return moved


def _moved_players(scenario: Scenario, path: str, value: Any) -> dict[str, Any] | None:
    """Shares add up to 1, so the others follow one that moves; None where this is about something else."""
    words = path.split(".")
    if words[0] != "players" or len(words) != 3 or not words[1].isdecimal():
        return None
    at, shares = int(words[1]), [entry.share for entry in scenario.players]
    if words[2] == "share" and at < len(shares) > 1 and _is_number(value):
        return {f"players.{k}.share": share for k, share in enumerate(_rescaled(shares, at, value))}
    if words[2] != "strategy":
        return None
    entries = [entry.model_dump() for entry in scenario.players]
    if at == len(entries) and value != NONE and _may_grow(scenario):
        entries.append({"strategy": {"kind": value}})
        shares = _rescaled([*shares, 0.0], at, NEWCOMERS)
    elif value == NONE and at < len(entries) and _removable(path, scenario):
        shares = _rescaled(shares, at, 0.0)
        del entries[at], shares[at]
    else:
        return {} if value == NONE and at == len(entries) else None
    return {"players": [entry | {"share": share} for entry, share in zip(entries, shares, strict=True)]}


def _rescaled(shares: list[float], at: int, value: float) -> list[float]:
    """One share set, the others in the proportions that they had; they add up to 1."""
    rest = sum(shares) - shares[at]
    found = [round((1 - value) * (s / rest if rest > 0 else 1 / (len(shares) - 1)), 9) for s in shares]
    found[at] = value
    last = next(k for k in range(len(found) - 1, -1, -1) if k != at)
    found[last] = round(1 - sum(s for k, s in enumerate(found) if k != last), 9)
    return found


def _telling(scenario: Scenario, rule: str) -> dict[str, Any]:
    part = getattr(named(rule), rule)
    if rule == "group":
        sizes = [n for n in range(2, scenario.size // 2 + 1) if scenario.size % n == 0]
        near = min(sizes, key=lambda n: abs(n - math.sqrt(scenario.size)), default=0)
        part = part.model_copy(update={"size": near})
    return {f"{rule}.{name}": getattr(part, name) for name in type(part).model_fields if name != "enabled"}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
