"""What somebody at a terminal sees: the code, and every line of both streams."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from coop_abm import cli


class Seen(NamedTuple):
    """How a command ended.

    code : exit code; out, lines : standard output, and the lines of standard error but notes; notes : those
    """

    code: int
    out: str
    lines: list[str]
    notes: list[str]


def seen(code: int, out: str, err: str) -> Seen:
    lines = err.splitlines()
    notes = [line for line in lines if line.startswith("note: ")]
    return Seen(code, out, [line for line in lines if not line.startswith("note: ")], notes)


def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> Seen:
    """``coop-abm WORDS`` inside this process."""
    monkeypatch.setattr(sys, "argv", ["coop-abm", *words])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return seen(ended.value.code, *capsys.readouterr())


def in_shell(folder: Path, *words: str) -> Seen:
    """``coop-abm WORDS`` as its own process in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "coop_abm.cli", *words],
        cwd=folder, env={**os.environ, "MPLBACKEND": "agg"}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    return seen(done.returncode, done.stdout, done.stderr)


def assert_refused(end: Seen, *words: str, code: int = 2) -> None:
    """One printable line that holds these words, and the code."""
    assert end.code == code, end
    assert len(end.lines) == 1, end.lines
    line = end.lines[0]
    assert line.startswith("coop-abm: ") and line.isprintable() and len(line) < 500
    assert "bug in" not in line and "Traceback" not in end.out
    for word in words:
        assert word in line, line


def results(folder: Path) -> list[str]:
    """Every file below a folder of results."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
