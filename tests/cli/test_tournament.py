"""``coop-abm tournament``: a ranking on the screen, five files, bad input in one line."""

from __future__ import annotations

import pytest

from coop_abm.experiments.tournament import tournament

from .terminal import assert_refused, results


def test_the_ranking_is_printed_and_written(terminal, tmp_path):
    end = terminal("tournament", "tft", "alld", "--turns", "50", "--repetitions", "2", "--noise", "0.1", "--seed", "4")
    played = tournament(["tft", "alld"], turns=50, repetitions=2, noise=0.1, seed=4)
    assert (end.code, end.lines) == (0, [])
    assert end.out.startswith(played.text)
    lines = (tmp_path / "tournament_out" / "tournament.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in lines[1:]] == [place.name for place in played.ranking]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["titfortat"], "strategies must be among allc"),
        (["tft", "tft"], "named twice"),
        (["--turns", "0"], "turns must be a whole number"),
        (["--noise", "2"], "noise must be a finite number"),
        (["tft", "--no-self-play"], "at least two"),
        (["--repetitions", "999999"], "matches are too many"),
    ],
)
def test_what_cannot_be_played_is_one_line(terminal, tmp_path, words, said):
    end = terminal("tournament", *words)
    assert_refused(end, said)
    assert results(tmp_path) == []
