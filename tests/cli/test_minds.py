"""The commands about minds: what a run would ask, what was said, what is kept, what is understood."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from coop_abm.llm.stand_in import StandIn

from .terminal import assert_refused, in_process

WORLD = """
name = "minds"
size = 10
players = [
  { share = 0.5, policy = "model", model = "MODEL", strategy = "tft", fallback = "random" },
  { share = 0.5, strategy = "alld" },
]

[direct]
enabled = true
continuation = 0.5
"""


@pytest.fixture
def world(tmp_path):
    """A scenario file, with the model that decides in it."""

    def write(model="stand-in/tft"):
        path = tmp_path / "world.toml"
        path.write_text(WORLD.replace("MODEL", model), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def shell(monkeypatch, capsys):
    return lambda *words: in_process(monkeypatch, capsys, *map(str, words))


def test_a_run_is_planned_run_shown_and_kept(shell, world, tmp_path):
    out, journal = tmp_path / "out", tmp_path / "journal.sqlite"
    planned = shell("plan", world(), "--steps", "3", "--json")
    assert planned.code == 0, planned
    calls = json.loads(planned.out)["rows"][0]["calls"]
    with StandIn() as server:
        told = shell("run", world(), "--steps", "3", "--out", out, "--journal", journal, "--transport", "slim",
                     "--stand-in", server.address)  # fmt: skip
        assert told.code == 0, told
        sent = server.stats()["requests"]
    assert calls["low"] <= sent <= calls["high"]
    assert f"{sent:,} decisions, 0 repaired, 0 fallbacks (0.0%)" in told.out
    assert "no language model" in told.out and f"{sent:,} requests sent, 0 replies read" in told.out
    again = shell(
        "run", world(), "--steps", "3", "--out", tmp_path / "again", "--journal", journal, "--journal-mode", "replay"
    )
    assert again.code == 0 and f"0 requests sent, {sent:,} replies read" in again.out
    assert (out / "series.csv").read_bytes() == (tmp_path / "again" / "series.csv").read_bytes()
    shown = shell("transcript", out)
    assert shown.code == 0 and f"{sent:,} calls" in shown.out and "stand-in/tft" in shown.out
    assert f"{sent:,} calls" in shell("journal", "runs", "--journal", journal).out
    assert f"{sent:,} calls" in shell("journal", "budgets", "--journal", journal).out
    assert shell("journal", "verify", "--journal", journal).out == "no row is damaged\n"


def test_under_replay_what_was_never_said_is_an_error(shell, world, tmp_path):
    end = shell("run", world(), "--steps", "1", "--out", tmp_path / "out", "--journal", tmp_path / "none.sqlite",
                "--journal-mode", "replay")  # fmt: skip
    assert_refused(end, "journal", code=1)


def test_who_understands_passes_the_gate_and_who_guesses_does_not(shell, world, tmp_path):
    with StandIn() as server:
        means = ("--journal", tmp_path / "j.sqlite", "--transport", "slim", "--stand-in", server.address)
        good = shell("comprehension", world(), "--questions", "30", *means)
        assert good.code == 0 and "stand-in/tft: 30 of 30 right" in good.out
        bad = shell(
            "run", world("stand-in/random"), "--steps", "1", "--min-comprehension", "0.9", "--out", tmp_path, *means
        )
        assert_refused(bad, "min-comprehension: stand-in/random answered", "below 0.9; nothing was run")
        assert not (tmp_path / "series.csv").exists()


def test_a_world_without_models_has_nobody_to_ask(shell):
    assert_refused(shell("comprehension", "nowak_may"), "players.policy: a language model must decide for somebody")
    assert "no language model is asked" in shell("plan", "nowak_may").out


def test_the_journal_that_is_not_there_and_the_word_that_is_none(shell, tmp_path):
    assert_refused(shell("journal", "runs", "--journal", tmp_path / "none"), "journal: ", "is not there")
    assert_refused(shell("journal", "burn"), "journal: must be runs, budgets, verify or discard; got 'burn'")
    (tmp_path / "text").write_text("not a journal")
    assert_refused(shell("journal", "runs", "--journal", tmp_path / "text"), code=1)


def test_a_stand_in_serves_until_it_is_interrupted_and_counts():
    command = [sys.executable, "-m", "coop_abm.cli", "stand-in", "--strategy", "grim", "--latency", "0.01"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said = process.stdout.readline()
    assert "not a language model" in said
    address = next(word for word in said.split() if word.startswith("http")).rstrip(";")
    with urllib.request.urlopen(address.removesuffix("/v1") + "/stats", timeout=30) as answer:
        assert json.load(answer)["requests"] == 0
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and "0 requests" in out and err == ""
