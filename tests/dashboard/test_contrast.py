"""The colours of the tokens: what has to be read, or told apart, differs enough from what it stands on."""

import re
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from coop_abm.dashboard.views.network import strategies

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


#: How linear red, green and blue look to those who lack one kind of cone (Machado, Oliveira & Fernandes 2009).
EYES = {
    "all three": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]


def seen(colour, eye):
    """CIE L*a*b* of "#RRGGBB"; two that are 10 apart are told apart at a glance."""
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(EYES[eye]) @ linear, 0, 1) / (0.95047, 1, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def looks(helper, dark):
    """The strategies of a world as they are drawn."""
    scenario = SimpleNamespace(inherited=[(SimpleNamespace(kind="s"), None)] * len(helper))
    world = SimpleNamespace(names=[f"s{k}" for k in range(len(helper))], helper=helper, scenario=scenario)
    return [{**s, **(s["dark"] if dark else {})} for s in strategies(world)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("helpers", range(9))
def test_each_of_eight_strategies_has_a_look_of_its_own(dark, helpers):
    shown = looks([1] * helpers + [0] * (8 - helpers), dark)
    for what in ("shape", "dash"):
        assert len({(s["colour"], s[what]) for s in shown}) == 8, what
    assert not {s["shape"] for s in shown if s["helper"]} & {s["shape"] for s in shown if not s["helper"]}
    for one, other in combinations(shown, 2):
        if one["colour"] != other["colour"] and one["shape"] == other["shape"]:
            near = {eye: np.linalg.norm(seen(one["colour"], eye) - seen(other["colour"], eye)) for eye in EYES}
            assert min(near.values()) > 10, (one, other, near)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_strategies_stand_out_from_the_ground_and_their_names_can_be_read(dark):
    ground = tokens(dark)["panel"]
    for s in looks([1] * 4 + [0] * 4, dark):
        assert max(contrast(s["colour"], ground), contrast(s["ring"], ground)) >= 3, s
        assert contrast(s["ink"], ground) >= 4.5, s
