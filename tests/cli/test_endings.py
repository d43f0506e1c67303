"""How a command ends: where results may go, what a stranger may put on the screen, and every exit code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coop_abm.scenario.files import dumps
from coop_abm.scenario.library import NAMED, named

from .terminal import assert_refused, in_shell, results

# ------------------------------------------------------------------------------------- places


def test_results_cannot_go_where_a_file_is(terminal, tmp_path):
    (tmp_path / "out").write_text("mine")
    assert_refused(terminal("run", "kin", "--steps", "2", "--out", "out"), "--out 'out' cannot be written to")
    assert (tmp_path / "out").read_text() == "mine"


def test_results_cannot_go_below_a_file(terminal, tmp_path):
    (tmp_path / "file").write_text("mine")
    assert_refused(terminal("five-rules", "--out", "file/out"), "--out 'file/out' cannot be written to")


def test_results_cannot_go_where_the_system_refuses(terminal):
    assert_refused(
        terminal("run", "kin", "--steps", "2", "--out", "/proc/out"), "--out '/proc/out' cannot be written to"
    )


def test_results_cannot_go_to_a_name_with_a_nul(terminal):
    assert_refused(terminal("run", "kin", "--steps", "2", "--out", "a\x00b"), "--out")


def test_a_disk_that_fills_up_leaves_the_results_of_before(terminal, tmp_path, monkeypatch):
    terminal("run", "kin", "--steps", "1", "--out", "out", "--quiet")
    before = (tmp_path / "out" / "series.csv").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    end = terminal("run", "kin", "--steps", "3", "--out", "out", "--quiet")
    assert_refused(end, "series.csv' cannot be written (No space left on device)")
    assert (tmp_path / "out" / "series.csv").read_bytes() == before
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".")]


def test_a_disk_that_fills_up_leaves_the_figure_of_before(terminal, tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    terminal("run", "kin", "--steps", "1", "--out", "out", "--quiet")
    before = (tmp_path / "out" / "run.png").read_bytes()

    def half(_figure, path, **_):
        Path(path).write_bytes(b"half a picture")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", half)
    end = terminal("run", "kin", "--steps", "3", "--out", "out", "--quiet")
    assert_refused(end, "run.png", "cannot be written (No space left on device)")
    assert (tmp_path / "out" / "run.png").read_bytes() == before


# ------------------------------------------------------------------- words of a stranger on the screen


STRANGER = """
name = "mine\\u0007\\nkin.relatedness = 0.9"
size = 3
[network]
enabled = true
graph = {kind = "edges", size = 3, edges = [[0, 1, 1.0], [1, 2, 1.0]], notes = ["a\\u0007\\ncoop-abm: forged"]}
"""


def test_a_name_cannot_forge_a_line_among_the_knobs(terminal, tmp_path):
    (tmp_path / "world.toml").write_text(STRANGER)
    out = terminal("knobs", "world.toml").out
    assert "kin.relatedness = 0.9" not in out.splitlines() and "\x07" not in out


def test_a_note_in_a_file_cannot_forge_a_line_of_the_program(terminal, tmp_path):
    (tmp_path / "world.toml").write_text(STRANGER)
    end = terminal("run", "world.toml", "--clock", "event", "--steps", "0", "--quiet", "--out", "out")
    assert len(end.notes) == 1 and end.notes[0].isprintable() and end.lines == []


@pytest.mark.parametrize("name", ["$\\foo$", "$x_$", "漢字", "\u202e", "a\x01b"], ids=ascii)
def test_any_name_can_stand_in_a_title(name, terminal):
    end = terminal("run", "kin", "--name", name, "--steps", "1", "--quiet")
    assert (end.code, end.lines) == (0, [])


# ------------------------------------------------------------------------------------- endings


def test_without_a_command_the_help_is_printed(terminal):
    end = terminal()
    assert end.code in (0, 2)
    assert "Usage: coop-abm" in end.out and "five-rules" in end.out and end.lines == []


def test_an_interrupt_while_measuring_ends_with_130_and_writes_nothing(terminal, tmp_path, monkeypatch):
    from coop_abm.experiments.five_rules import FiveRules

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(FiveRules, "measure", interrupted)
    assert_refused(terminal("five-rules", "--out", "out", "--quiet"), "interrupted", code=130)
    assert results(tmp_path) == []


def test_an_interrupt_under_the_progress_bar_is_still_one_line(terminal, monkeypatch):
    from coop_abm.experiments.five_rules import FiveRules

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(FiveRules, "measure", interrupted)
    assert_refused(terminal("five-rules", "--out", "out"), "interrupted", code=130)


def test_a_silent_theory_ends_with_1(terminal, monkeypatch):
    from coop_abm import lab
    from coop_abm.core.errors import TheoryError

    def silent(*_, **__):
        raise TheoryError("theory is silent: no formula is known")

    monkeypatch.setattr(lab, "run", silent)
    assert_refused(terminal("run", "kin", "--quiet"), "theory is silent", code=1)


def test_a_bug_is_called_a_bug_and_ends_with_70(terminal, monkeypatch):
    from coop_abm import lab

    def broken(*_, **__):
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.delenv("COOP_ABM_DEBUG", raising=False)
    monkeypatch.setattr(lab, "run", broken)
    end = terminal("run", "kin", "--quiet")
    assert (end.code, len(end.lines)) == (70, 1)
    assert end.lines[0].startswith("coop-abm: a bug in coop-abm (ZeroDivisionError: division\\nby zero)")


# ----------------------------------------------------------------------- through the real program


def test_the_real_program_refuses_bad_input_in_one_line(tmp_path):
    assert_refused(
        in_shell(tmp_path, "run", "kin", "--kin.relatedness", "1.3"), "kin.relatedness must be a number in [0, 1]"
    )
    assert results(tmp_path) == []


def test_the_real_program_refuses_a_bad_option_in_one_line(tmp_path):
    assert_refused(in_shell(tmp_path, "five-rules", "--seed", "abc"), "--seed")


def test_the_real_program_refuses_a_name_that_would_repaint_the_terminal(tmp_path):
    assert_refused(in_shell(tmp_path, "run", "\x1b[31mred\x07"), r"got '\x1b[31mred\x07'")


def test_a_run_of_the_real_program_says_nothing_on_standard_error(tmp_path):
    end = in_shell(tmp_path, "run", "kin", "--steps", "1")
    assert (end.code, end.lines, end.notes) == (0, [], [])


@pytest.mark.parametrize("name", NAMED)
def test_a_named_scenario_written_to_a_file_shows_the_same_knobs(name, terminal, tmp_path):
    (tmp_path / "copy.toml").write_text(dumps(named(name)), encoding="utf-8")
    assert terminal("knobs", "copy.toml").out == terminal("knobs", name).out
