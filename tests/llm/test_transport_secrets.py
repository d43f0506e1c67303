"""No key is shown: not in logs, output, exceptions, tracebacks with locals, pickles or replies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coop_abm.llm.redaction import one_line, redacted, secrets, without

CANARY = "canary/7f3a9c51e2b84d06"  # of no shape that a pattern could know
ROOT = Path(__file__).parents[2]


def everything_shown(ways, **more):
    """All that the program of ``leaking.py`` writes, as bytes."""
    keys = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HOSTED_VLLM_API_KEY"), CANARY)
    environment = {**os.environ, **keys, "LITELLM_LOG": "DEBUG", "PYTHONUNBUFFERED": "1", **more}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-m", "tests.llm.leaking", str(ways)],
        capture_output=True, cwd=ROOT, env=environment, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:].decode().replace(CANARY, "KEY")
    return done.stdout + done.stderr


@pytest.mark.parametrize("ways", [2, pytest.param(4, marks=pytest.mark.validate)])
def test_a_key_that_is_sent_and_echoed_is_shown_nowhere(ways):
    shown = everything_shown(ways, PLANT="1")
    found = [line for line in shown.splitlines() if CANARY.encode() in line or CANARY[8:].encode() in line]
    assert found == [f"planted: {CANARY}".encode()], "the planted one, and no other"
    carried = int(shown.rsplit(b"carried ", 1)[1].split()[0])
    assert carried > 60 * ways, "the key was on the wire, and the server echoed it"
    assert shown.count(b"***") > 100 and shown.count(b"DEBUG") > 100


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh12345678",
        '{"authorization": "Bearer abcdefgh12345678"}',
        "Incorrect API key provided: sk-" + "abcdefgh12345678. Find yours at",  # nobody's key, and no text like one
        "x-api-key: abcdefgh12345678",
        '{\\"x-api-key\\": \\"abcdefgh12345678\\"}',
        "api_key=abcdefgh12345678&alt=json",
        "bearer abcdefgh12345678",
        "key AIzaSyabcdefgh12345678901234 is not valid",
    ],
)
def test_what_looks_like_a_key_is_masked_though_it_is_none_of_ours(text):
    assert "12345678" not in redacted(text, ()) and "***" in redacted(text, ())


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "action_a", "reasoning": "My key consideration is their reputation."}',
        "The bearer of good reputation cooperates; I ask-for nothing.",
        "The authorization to punish is given by the norm.",
    ],
)
def test_ordinary_words_stay(text):
    assert redacted(text, ()) == text


def test_a_key_is_masked_in_each_form_that_it_takes(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", 'a"b/c+d=e f')
    forms = ['a"b/c+d=e f', r"a\"b/c+d=e f", "a%22b%2Fc%2Bd%3De%20f"]
    assert [without(f"<{form}>", secrets()) for form in forms] == ["<***>"] * 3


def test_short_values_and_other_variables_are_no_secrets(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "act")
    monkeypatch.setenv("KEYBOARD", "cooperate")
    assert without("act, cooperate", secrets()) == "act, cooperate"


def test_text_of_a_provider_becomes_one_short_printable_line():
    hostile = "\x1b[31m" * 50 + "\n\u202e" + "<html>" * 1000
    line = one_line(hostile)
    assert len(line) <= 200 and line.isprintable()
