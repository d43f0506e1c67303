"""Factorials that are shipped, as files, and the numbers of others that stand beside ours."""

from __future__ import annotations

from pathlib import Path

from coop_abm.core.errors import InputError, quoted

FACTORIALS = ("languages", "fairgame", "small")


def path(name: str) -> Path:
    """The file of a factorial that is shipped.

    Raises
    ------
    InputError
        if there is none of this name
    """
    if name not in FACTORIALS:
        raise InputError(f"factorial must be one of {', '.join(FACTORIALS)}, or a file; got {quoted(name)}")
    return Path(__file__).with_name(f"{name}.toml")
