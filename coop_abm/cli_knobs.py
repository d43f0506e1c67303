"""Knobs as they stand on a command line."""

from __future__ import annotations

from typing import Any


def changes(arguments: list[str]) -> dict[str, Any]:
    """Knobs from the command line: ``--kin.relatedness 0.3`` or ``--kin.relatedness=0.3``.

    Raises
    ------
    ScenarioError
        if a value is missing, or a knob is given twice
    """
    from coop_abm.core.errors import ScenarioError, quoted
    from coop_abm.scenario.knobs import dotted, parsed

    found: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--") or len(word) < 3:
            raise ScenarioError(f"{quoted(word)}: a knob is set by --name value")
        name, given, text = word[2:].partition("=")
        if not given:
            if not rest:
                raise ScenarioError(f"{quoted(word)}: a value is missing")
            text = rest.pop(0)
        path = dotted(name.replace("-", "_"))
        if path in found:
            raise ScenarioError(f"{quoted(path)[1:-1]}: given twice")
        found[path] = parsed(text)
    return found
