"""Presets from papers: worlds to open with one click, each with what to expect and a check that our run shows it.

A new preset is one record in the file of its theme.
"""

from __future__ import annotations

from coop_abm.core.errors import InputError, quoted
from coop_abm.presets import networks, relatives, repeated, reputation
from coop_abm.presets.base import THEMES, Check, Outcome, Preset, Ran, run, verify

#: Every preset by name, theme by theme.
PRESETS: dict[str, Preset] = {
    preset.name: preset
    for theme in THEMES
    for preset in (*networks.PRESETS, *repeated.PRESETS, *reputation.PRESETS, *relatives.PRESETS)
    if preset.theme == theme
}


def preset(name: str) -> Preset:
    """The preset of this name.

    Raises
    ------
    InputError
        listing the names there are
    """
    if name not in PRESETS:
        raise InputError(f"preset must be one of {', '.join(PRESETS)}; got {quoted(name)}")
    return PRESETS[name]


__all__ = ["PRESETS", "THEMES", "Check", "Outcome", "Preset", "Ran", "preset", "run", "verify"]
