"""How experiments and their worlds are told on a page: what each does, why no world moves, worlds by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coop_abm.core.errors import InputError
from coop_abm.dashboard import links
from coop_abm.dashboard.living import can_be_drawn
from coop_abm.experiments import tables
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.library import NAMED
from coop_abm.scenario.scenario import Scenario

#: What each experiment does, for the list; another one is told by the first line of its docstring.
ABOUT = {
    "commons": "Users of one stock take from it, watch each other and agree on norms; how long the stock lasts is held "
    "against published results.",
    "five-rules": "Measures the critical benefit-to-cost ratio of each of the five rules, and holds it against theory.",
    "image-scoring": "Measures how much strangers help who know each other by repute, with and without mutation, and "
    "with few observers.",
    "languages": "Crosses games, languages, personalities and horizons, and holds what players do against what was "
    "published.",
    "super_additive": "Measures cooperation of teams that meet again, that compete as groups, both and neither.",
    "threshold": "Works out what one graph asks of cooperation under each update rule, and measures it.",
    "tournament": "A round robin: every strategy plays every other, and the ranking is held against exact expectation.",
}
#: Why no world moves on the page of an experiment, and what it shows instead.
STILL = {
    "commons": "No world moves here, because users of a commons share one stock and have no places; after a run its "
    "rounds are shown: stock, harvests, punishments and norms.",
    "languages": "No world moves here, because each game has only a few players; after a run a map of cooperation by "
    "game and language is shown, with the games behind each square.",
    "super_additive": "No world moves here, because teams play match after match and have no places; after a run the "
    "matches are shown move by move.",
    "tournament": "No world moves here, because everybody plays everybody; after a run it is shown who earned how much "
    "from whom.",
}
STILL_OTHERWISE = (
    "No world moves here, because these are not worlds that the Lab can draw; after a run the table and the figure "
    "are shown."
)
#: Worlds of a factorial that are listed, those that are named in the list of experiments, and more than which are
#: listed only when asked for.
MOST_LISTED, MOST_NAMED, MOST_OPEN = 40, 3, 5
#: Names of worlds that are short for something.
SHORT = {
    r"^none$": "neither", r"\bRI\b": "repeated interactions (RI)", r"\bGC\b": "group competition (GC)",
    r"\bSA\b": "both (SA)", r": full$": ": imitating and voting", r": learning only$": ": imitating only",
    r": vote only$": ": voting only",
}  # fmt: skip
TONGUES = {
    "en": "English", "fr": "French", "de": "German", "es": "Spanish", "ar": "Arabic", "zh": "Chinese",
    "vi": "Vietnamese",
}  # fmt: skip
#: Knobs that are told of one world.
MOST_TOLD = 8


def counted(names: list[str], crossed: Mapping[str, Any]) -> str:
    """How many worlds there are, and some of them; "" of none."""
    if not names:
        return ""
    few = names[:: -(-len(names) // MOST_NAMED)] if len(names) > MOST_OPEN else names
    said = "; ".join(spoken(name, crossed.get(name)) for name in few)
    return f"{len(names):,} world{'s' * (len(names) != 1)}{', such as' * (len(few) < len(names))}: {said}."


def plain(words: str) -> str:
    """Words of a docstring without their markup.

    >>> plain("Parameters of :func:`~coop_abm.run`, see ``run.py``.")
    'Parameters of coop_abm.run, see run.py.'
    """
    return re.sub(r":[a-z]+:`~?([^`]+)`|`+([^`]+)`+", lambda found: found[1] or found[2], words)


def spoken(name: str, cell: Any = None) -> str:
    """The name of a world in words.

    cell : of a factorial, what it is a combination of: :class:`~coop_abm.engine.factorial.Cell`
    """
    if cell is None:
        for short, long in SHORT.items():
            name = re.sub(short, long, name)
        return name.replace("_", " ")
    rule, _, knobs_of = cell.model.partition("?")
    known = {0: "not told of each other", 1: "told of each other"}
    words = [
        "prisoner's dilemma" if cell.game == "pd" else cell.game.replace("_", " "), f"{cell.level} payoffs",
        f"times {cell.stakes:g}" * (cell.stakes != 1), f"told as {cell.framing}" * (cell.framing != "native"),
        TONGUES.get(cell.language, cell.language), " and ".join(cell.personas),
        known.get(cell.knowledge, f"told of each other with probability {cell.knowledge:g}"), f"{cell.horizon} end",
        rule + f" ({knobs_of.replace('&', ', ').replace('=', ' ')})" * bool(knobs_of),
    ]  # fmt: skip
    return ", ".join(word for word in words if word).replace("_", " ")


def link_of(world: Any, seed: int) -> str:
    """The link of a world; "" where no link can carry it."""
    if not isinstance(world, Scenario) or world.name not in NAMED:
        return ""
    try:
        return links.write(world, seed)
    except InputError:
        return ""


def worlds_listed(
    worlds: Mapping[str, Any], seed: int, shown: str, crossed: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The worlds of an experiment as a list; of a large factorial the first, and how many more there are."""
    names, cells = list(worlds), crossed or {}
    listed = [
        described(name, worlds[name], seed, name == shown) | {"title": spoken(name, cells.get(name))}
        for name in names[:MOST_LISTED]
    ]
    if more := names[MOST_LISTED:]:
        rest = {"about": "", "link": "", "able": False, "drawn": False, "shown": False}
        listed.append({"name": f"and {len(more):,} more", "title": f"and {len(more):,} more", **rest})
    return listed


def described(name: str, world: Any, seed: int, shown: bool) -> dict[str, Any]:
    """One world in the list."""
    about, _, _keys = str(getattr(world, "description", "")).partition(" [")
    if not isinstance(world, Scenario) and not about:
        about = ", ".join(f"{knob.title} {tables.text(knob.value)}" for knob in _telling(world)).replace("_", " ")
    return {
        "name": name,
        "about": about,
        "link": link_of(world, seed),
        "able": isinstance(world, Scenario),
        "drawn": can_be_drawn(world),
        "shown": shown,
    }


def _telling(world: Any) -> list[Any]:
    """The knobs that say what a world is: all of a few, otherwise those that are not as usual."""
    found = [knob for knob in knobs(world) if not knob.path.endswith("kind")]
    if len(found) <= MOST_TOLD:
        return found
    usual = {knob.path: knob.value for knob in knobs(type(world)())}
    return [knob for knob in found if usual.get(knob.path) != knob.value][:MOST_TOLD]
