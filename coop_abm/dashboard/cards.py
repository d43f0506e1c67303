"""What Home shows: a card for each of the five rules, and the presets by theme. Plain values, ready for the browser."""

from __future__ import annotations

from typing import Any, NamedTuple

from coop_abm.dashboard import links
from coop_abm.presets import PRESETS, THEMES, Preset
from coop_abm.presets.words import cited, expected


class Card(NamedTuple):
    """One of the five rules.

    rule, title : the field of a scenario; what it is called
    formula  : the inequality of Nowak (2006), as HTML
    sentence : what it says
    here     : what its miniature shows, as HTML
    preset   : name of the preset that its miniature plays and its button opens
    """

    rule: str
    title: str
    formula: str
    sentence: str
    here: str
    preset: str


CARDS = (
    Card(
        "network", "Network reciprocity", "<i>b</i>/<i>c</i> &gt; <i>k</i>",
        "Helpers in clusters protect each other. The fewer neighbours one has, the better.",
        "<i>b</i>/<i>c</i> = 3, <i>k</i> = 4: defectors win", "neighbours",
    ),
    Card(
        "kin", "Kin selection", "<i>b</i>/<i>c</i> &gt; 1/<i>r</i>",
        "Help to a relative is, in part, help to one's own genes.",
        "<i>b</i>/<i>c</i> = 3, <i>r</i> = 1/2: cooperators win", "relatives",
    ),
    Card(
        "direct", "Direct reciprocity", "<i>b</i>/<i>c</i> &gt; 1/<i>w</i>",
        "I help you, and we are likely to meet again, so you can help me.",
        "<i>b</i>/<i>c</i> = 3, <i>w</i> = 0.9: reciprocators win", "meet_again",
    ),
    Card(
        "indirect", "Indirect reciprocity", "<i>b</i>/<i>c</i> &gt; 1/<i>q</i>",
        "I help you, and others hear of it, so they will help me.",
        "<i>b</i>/<i>c</i> = 3, <i>q</i> = 0.8: discriminators win", "a_good_name",
    ),
    Card(
        "group", "Group selection", "<i>b</i>/<i>c</i> &gt; 1 + <i>n</i>/<i>m</i>",
        "Defectors win within groups; groups of helpers grow and split.",
        "<i>b</i>/<i>c</i> = 3, <i>n</i> = 5, <i>m</i> = 40: helpers win", "groups",
    ),
)  # fmt: skip

_TITLES = {
    "network": "Networks and space", "kin": "Kin", "direct": "Meeting again", "indirect": "Reputation",
    "group": "Groups, and none of the rules",
}  # fmt: skip


def address(preset: Preset) -> str:
    """Where the Lab shows the world of a preset; the link says all of it.

    Raises
    ------
    ScenarioError
        if no link can carry it
    """
    return f"/lab?{links.write(preset.scenario, preset.seed)}"


def cards() -> list[dict[str, Any]]:
    """The five cards, in their order on the page."""
    return [{**card._asdict(), "href": address(PRESETS[card.preset])} for card in CARDS]


def themes() -> list[dict[str, Any]]:
    """The presets by theme."""
    return [
        {"name": theme, "title": _TITLES[theme], "presets": [tile(p) for p in PRESETS.values() if p.theme == theme]}
        for theme in THEMES
    ]


def tile(preset: Preset) -> dict[str, Any]:
    """One preset."""
    return {
        "name": preset.name, "title": preset.title, "sees": preset.sees, "href": address(preset),
        "papers": "; ".join(cited(key) for key in preset.references), "expect": expected(preset),
        "claim": preset.claim, "shows": preset.shows, "start": preset.start,
    }  # fmt: skip
