"""``coop-abm presets``: the presets from papers on the command line."""

from coop_abm.presets import PRESETS

from .terminal import assert_refused


def test_all_presets_are_listed_each_in_a_line(terminal):
    end = terminal("presets")
    assert end.code == 0
    assert [line.split()[0] for line in end.out.splitlines()] == list(PRESETS)


def test_one_preset_tells_its_claim_its_papers_and_its_command(terminal):
    out = terminal("presets", "spatial_chaos").out
    assert "12 ln 2 - 8" in out and "Nowak & May 1992, Nature" in out
    assert "coop-abm run nowak_may --steps 300 --seed 1" in out


def test_a_check_says_ours_against_the_expected_number(terminal):
    end = terminal("presets", "kaleidoscope", "--check")
    assert end.code == 0 and "our run agrees: 1.000 against 1.000, seed 1" in end.out


def test_several_seeds_are_counted(terminal):
    end = terminal("presets", "meet_again", "--check", "--seeds", "20")
    assert end.code == 0 and "of 20 seeds" in end.out


def test_a_run_that_differs_ends_with_code_1(terminal, monkeypatch):
    monkeypatch.setattr("coop_abm.presets.words.verify", lambda preset, seed=None: _Differs())
    end = terminal("presets", "kaleidoscope", "--check")
    assert end.code == 1 and "our run differs: 0.500 against 1.000" in end.out


class _Differs:
    ours, agrees, seed = 0.5, False, 1


def test_a_preset_that_is_not_there_is_refused_in_one_line(terminal):
    assert_refused(terminal("presets", "nobody"), "preset must be one of neighbours,")


def test_more_seeds_than_can_be_are_refused(terminal):
    assert_refused(terminal("presets", "cycle", "--check", "--seeds", "-1"), "seeds must lie in [0, 10,000]; got -1")
