"""``coop-abm image-scoring``: what it says, what it writes, what it refuses."""

import csv
import json
from pathlib import Path

import pytest

from coop_abm.experiments import image_scoring
from coop_abm.experiments.image_scoring import COLUMNS, ImageScoring


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Small enough for either engine."""
    for name, value in {
        "ENDINGS": 4,
        "SETTLING": 100,
        "ROWS": 10,
        "RUNS": 2,
        "SIZES": (12, 14, 16),
        "PER_HEAD": 1,
    }.items():
        monkeypatch.setattr(image_scoring, name, value)


SMALL = ("--size", "12", "--interactions", "6", "--generations", "50")


def test_it_prints_and_writes_every_condition(terminal):
    seen = terminal("image-scoring", *SMALL, "--seed", "3", "--out", "there")
    assert seen.code == 0, seen.lines
    rows = list(csv.DictReader(Path("there/image_scoring.csv").read_text("utf-8").splitlines()))
    assert tuple(rows[0]) == COLUMNS
    names = list(ImageScoring().scenarios())
    assert [row["condition"] for row in rows] == names
    assert all(name in seen.out for name in names)
    for row in rows:
        assert sum(float(row[f"k{k}"]) for k in range(-5, 7)) == pytest.approx(1, abs=1e-5)
        assert 0 <= float(row["low"]) <= float(row["cooperation"]) <= float(row["high"]) <= 1
    assert (Path("there/image_scoring.png")).stat().st_size > 10_000
    record = json.loads(Path("there/provenance.json").read_text(encoding="utf-8"))
    assert record["seed"] == 3 and record["societies"]["with mutation"]["size"] == 12


def test_the_same_seed_gives_the_same_table(terminal):
    for place in ("one", "two"):
        assert terminal("image-scoring", *SMALL, "--quiet", "--out", place).code == 0
    assert Path("one/image_scoring.csv").read_bytes() == Path("two/image_scoring.csv").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--size", "2"], "size must be a whole number in [3, 10,000]; got 2"),
        (["--mutation", "2"], "mutation must be a number in [0, 1]; got 2"),
        (["--interactions", "0"], "interactions must be a whole number in [1, 10,000,000]; got 0"),
        (["--generations", "0"], "generations must lie in [1, 1,000,000,000]; got 0"),
        (["--seed", "-1"], "seed"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(terminal, words, said):
    seen = terminal("image-scoring", *words)
    assert seen.code == 2 and len(seen.lines) == 1 and said in seen.lines[0]
