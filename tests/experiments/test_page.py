"""What docs/experiments.md shows can be done as it stands there."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer.main

from coop_abm.cli import app
from coop_abm.core.part import Part
from coop_abm.experiments import EXPERIMENTS
from coop_abm.scenario.deciders import mind_of

PAGE = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")


def blocks(tag):
    return re.findall(rf"^```{tag}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_its_python_runs(number):
    exec(compile(blocks("python")[number], "docs/experiments.md", "exec"), {})


def test_its_policy_file_is_one(tmp_path):
    (told,) = blocks("toml")
    (tmp_path / "mine.toml").write_text(told, encoding="utf-8")
    mind = mind_of(str(tmp_path / "mine.toml"), "tft")
    assert isinstance(mind, Part) and mind.model == tomllib.loads(told)["model"]


def test_its_commands_are_commands_with_options_that_there_are():
    known = {o for p in typer.main.get_command(app).commands["experiment"].params for o in (*p.opts, *p.secondary_opts)}
    lines = [shlex.split(line, comments=True) for block in blocks("sh") for line in block.splitlines()]
    for words in lines:
        assert words[:2] == ["coop-abm", "experiment"] and {w for w in words if w.startswith("--")} <= known
        assert len(words) == 2 or words[2] in EXPERIMENTS or words[2] == "NAME"
