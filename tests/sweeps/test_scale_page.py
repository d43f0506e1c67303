"""What docs/scale.md and the README show of sweeps can be done as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from coop_abm.sweeps.orders import asked
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_care import status

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("number", range(2))
def test_the_python_on_the_page_runs(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[number], "docs/scale.md", "exec"), {})


def test_the_clusters_on_the_page_are_python():
    for block in blocks("text"):
        if "import" in block:
            compile(block, "docs/scale.md", "exec")


def test_shards_on_the_page_come_together(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from coop_abm.cli import app

    monkeypatch.chdir(tmp_path)
    (block,) = (block for block in blocks("sh") if "--shard" in block)
    for line in block.splitlines():
        words = shlex.split(line.partition("#")[0])[1:]
        words += ["--workers", "0", "--quiet"] if words[0] == "sweep" else ["--quiet"]
        ended = CliRunner().invoke(app, words, catch_exceptions=False)
        assert ended.exit_code == 0, ended.output
    with Store("whole.sqlite", read_only=True) as kept:
        assert status(kept).done == 20


def sweeps_of(text):
    """Those in blocks of commands; the table of what was measured has names of commands too."""
    shown = re.findall(r"^(?:uv run )?(coop-abm sweep .*)$", text, flags=re.MULTILINE)
    return [shlex.split(line.partition("#")[0]) for line in shown]


@pytest.mark.parametrize("words", [w for w in sweeps_of(PAGE + README) if "..." not in w], ids=" ".join)
def test_every_sweep_that_is_shown_can_be_asked_for(words):
    words = words[words.index("sweep") + 1 :]
    given = dict(zip(words[1::2], words[2::2], strict=True))
    grid = [value for name, value in zip(words[1::2], words[2::2], strict=True) if name == "--grid"]
    settings = {name[2:]: given[name] for name in ("--replicates", "--steps", "--measures") if name in given}
    settings = {name: int(value) if value.isdecimal() else value for name, value in settings.items()}
    knobs = {name[2:]: value for name, value in given.items() if "." in name}
    assert len(asked(words[0], grid=grid, settings=settings, knobs=knobs).design) > 1


def test_the_readme_leads_here():
    assert "(docs/scale.md)" in README
