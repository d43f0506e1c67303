"""A key is found nowhere but where it is sent: in no output, file, journal, log or crash report.

The provider is one with which everything goes wrong, and which echoes the key into its errors. That the key
was used, and that searching finds what is there, is checked first.
"""

import pytest

from coop_abm.core.machine_code import cache_folder
from tests.faults.commands import bytes_below, command, ran, scenario
from tests.llm.faulty import Faulty, mix

CANARY = "sk-canary-7f3a9b21d04e55c8"
PROMPT = "a persona that must be in the journal"

#: Faults after which a run goes on, and those that end it.
PASSING = [
    "rate_limit_after",
    "echo_error",
    "unavailable",
    "truncated",
    "echo_text",
    "echo_content",
    "dropped",
    "no_usage",
    "odd_text",
]


def everything(folder, fault, transport, *more, mind=""):
    """The command against a faulty provider, with as much said as can be said; all bytes that came of it."""
    with Faulty(fault) as server:
        mind = (
            f'model = "openai/some-model", api_base = "{server.base}", persona = "{PROMPT}", fallback = "random", '
            f"price_input = 0.0, price_output = 0.0, temperature = 0.5"
        )
        path, out, journal = scenario(folder, mind), folder / "out", folder / "journal.sqlite"
        done = ran(
            *command(path, out, journal, "--transport", transport, *more, steps=1),
            OPENAI_API_KEY=CANARY, COOP_ABM_DEBUG="1", LITELLM_LOG="DEBUG", PYTHONASYNCIODEBUG="1",
            HOME=str(folder / "home"), COOP_ABM_CACHE_DIR=str(cache_folder()),
        )  # fmt: skip
        keys = {seen.key for seen in server.seen}
    return done, keys, bytes_below(folder) | {"stdout": done.stdout.encode(), "stderr": done.stderr.encode()}


def holding(found, text):
    """Where a text stands, also as it looks in JSON or in base 64."""
    return sorted(place for place, data in found.items() if text.encode() in data)


@pytest.mark.parametrize(
    ("fault", "transport"),
    [("auth", "slim"), ("mixed", "litellm"), pytest.param("auth", "litellm", marks=pytest.mark.validate),
     pytest.param("mixed", "slim", marks=pytest.mark.validate)],
)  # fmt: skip
def test_the_key_is_found_nowhere_though_the_provider_echoes_it(fault, transport, tmp_path):
    (tmp_path / "home").mkdir()
    served = mix(7, 0.4, PASSING) if fault == "mixed" else fault
    done, keys, found = everything(tmp_path, served, transport, "--deadline", "2")
    assert any(CANARY in key for key in keys)  # it was truly used
    assert [place for place in holding(found, PROMPT) if "journal.sqlite" in place]  # what is there is found
    assert holding(found, CANARY) == []
    assert done.returncode == (0 if fault == "mixed" else 1), done.stderr
    assert "Traceback" not in done.stderr
