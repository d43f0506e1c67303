"""The colours of the tokens: what has to be read, or told apart, differs enough from what it stands on."""

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "coop_abm" / "dashboard" / "views" / "style" / "10_tokens.css"
RULES = ("rule-network", "rule-kin", "rule-direct", "rule-indirect", "rule-group")
GROUNDS = ("page", "panel", "chosen")
#: Words, which need 4.5 to 1 (WCAG 1.4.3), and what they are written on.
WORDS = {
    **dict.fromkeys(("ink", "muted", "cooperate-ink", "defect-ink", "error", "warning", "good", "focus"), GROUNDS),
    "on-cooperate": ("main", "main-over"), **dict.fromkeys(RULES, ("panel",)),
}  # fmt: skip
#: Marks, lines and borders that say something, which need 3 to 1 (WCAG 1.4.11).
MARKS = {
    **dict.fromkeys(("cooperate", "defect-ring", "theory", "border", "limit", "focus"), GROUNDS),
    **dict.fromkeys(("third", "fourth", "before", "edge"), ("panel",)),
}


def tokens(dark):
    """Name -> colour."""
    light, in_the_dark = TOKENS.read_text(encoding="utf-8").split(".coop-dark .coop {")
    pattern = r"--([\w-]+): (#[0-9A-F]{6})"
    return {**dict(re.findall(pattern, light)), **(dict(re.findall(pattern, in_the_dark)) if dark else {})}


def luminance(colour):
    """Relative luminance by WCAG 2.2, of "#RRGGBB"."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """From 1, the same, to 21, black on white."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_measure_is_the_one_of_the_standard():
    assert contrast("#000000", "#FFFFFF") == 21
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)  # the well-known grey that just fails


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(WORDS, 4.5), (MARKS, 3.0)], ids=["words", "marks"])
def test_what_has_to_be_seen_stands_out(dark, pairs, least):
    colours = tokens(dark)
    weak = {
        f"{name} on {ground}": round(contrast(colours[name], colours[ground]), 2)
        for name, grounds in pairs.items()
        for ground in grounds
        if contrast(colours[name], colours[ground]) < least
    }
    assert weak == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_banners_can_be_read(dark):
    colours = tokens(dark)
    for name in ("error", "warning"):
        assert contrast(colours[name], colours[f"{name}-ground"]) >= 4.5


def test_cooperators_and_defectors_differ_in_lightness_too():
    for dark, least in ((False, 2.3), (True, 2.6)):
        colours = tokens(dark)
        assert contrast(colours["cooperate"], colours["defect"]) >= least


def test_each_colour_has_one_for_the_dark():
    light, dark = tokens(False), tokens(True)
    kept = {name for name in light if light[name] == dark[name]}
    assert kept == {"on-cooperate", "third", "fourth"}
