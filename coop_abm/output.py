"""Writing results: a folder that is really there, files that are whole or not there at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coop_abm.core.errors import OutputError, quoted


def folder(path: str | Path) -> Path:
    """The folder, made if it is missing.

    Raises
    ------
    OutputError
        if it cannot be made or written to
    """
    place = Path(path)
    try:
        place.mkdir(parents=True, exist_ok=True)
        probe = place / f".coop-abm-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise OutputError(f"--out {quoted(str(path))} cannot be written to ({said})") from None
    return place


def write(path: Path, writer: Callable[[Path], Any]) -> Path:
    """Let `writer` write beside the path and move the finished file there.

    Raises
    ------
    OutputError
        if the disk refuses; what stood at the path before is still there
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        writer(beside)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OutputError(f"{quoted(str(path), 200)} cannot be written ({error.strerror})") from None
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return path


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text, whole or not at all."""
    return write(path, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))


def write_page(path: Path, text: str) -> Path:
    """Write UTF-8 text to the file that the user named; its folder is made if it is missing.

    Raises
    ------
    OutputError
        if that is no name of a file, or the disk refuses
    """
    if not path.name or "\x00" in path.name:
        raise OutputError(f"--out {quoted(str(path))} must be the name of a file")
    folder(path.parent)
    return write_text(path, text)


def cell(value: Any) -> str:
    """A value as a cell of a CSV file: six decimals, and text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6f}"
    return guarded(str(value))


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write_json(path: Path, tree: Any) -> Path:
    """Write a tree of plain values as JSON; infinities and NaN become null."""
    return write_text(path, json.dumps(_finite(tree), indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def _finite(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _finite(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_finite(value) for value in tree]
    if isinstance(tree, float) and not (-float("inf") < tree < float("inf")):
        return None
    return tree
