"""What docs/dashboard/checks.md names is there."""

import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def named(line):
    """(file, test or "") of a line; `::test` goes with the file that was named last."""
    file = ""
    for words in re.findall(r"`([^`]+)`", line):
        if found := re.fullmatch(r"([\w/]*\w\.py)?(?:::(test_\w+))?", words):
            file = found[1] or file
            yield file, found[2] or ""


def place(file):
    return next((p for p in (HERE / file, ROOT / file, ROOT / "coop_abm" / "dashboard" / file) if p.is_file()), None)


def test_every_test_that_is_named_is_in_the_file_that_is_named():
    lines = (ROOT / "docs/dashboard/checks.md").read_text("utf-8").splitlines()
    pairs = [pair for line in lines for pair in named(line)]
    assert len(pairs) > 50
    lost = [
        pair for pair in pairs
        if place(pair[0]) is None or (pair[1] and f"def {pair[1]}(" not in place(pair[0]).read_text("utf-8"))
    ]  # fmt: skip
    assert lost == []
