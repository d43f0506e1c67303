"""The program, called as a user calls it."""

import pytest

from .terminal import in_process


@pytest.fixture
def terminal(monkeypatch, capsys, tmp_path):
    """A function: words -> how ``coop-abm`` ended, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: in_process(monkeypatch, capsys, *words)
