"""Tables inside a page of prose: what a command measures replaces what stood there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def replace(page: Path, name: str, lines: Sequence[str]) -> None:
    """Put lines between ``<!-- name -->`` and ``<!-- end of name -->``; the rest of the page stays.

    Raises
    ------
    ValueError : the page has no such marks
    """
    text = page.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"{page.name} must have the marks {begin.strip()} and {end} once each")
    before, rest = text.split(begin)
    page.write_text(before + begin + "\n".join(lines) + "\n" + end + rest.split(end)[1], encoding="utf-8")
