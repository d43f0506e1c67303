"""Matches and tournaments against what is known of them exactly [PressDyson2012, NowakSigmund1993]."""

import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.core.kernel import engine
from coop_abm.experiments.tournament import tournament
from coop_abm.games import Donation, Snowdrift
from coop_abm.strategies import Discriminator, GenerousTitForTat, MemoryOne, TitForTat, ZeroDeterminant
from coop_abm.strategies.field import AXELROD, FIELD
from coop_abm.theory.automata import match_payoffs, stationary_payoffs
from tests.validation.rows import estimate

PAYOFFS = np.array([[3.0, 0.0], [5.0, 1.0]])
EXTORT_3, EXTORT_2, ZDGTFT_2 = (11 / 13, 1 / 2, 7 / 26, 0), (8 / 9, 1 / 2, 1 / 3, 0), (1, 1 / 8, 1, 1 / 4)
#: Slope and baseline of the line that each enforces, as published.
LINES = {"extort_3": (EXTORT_3, 3.0, 1.0), "extort_2": (EXTORT_2, 2.0, 1.0), "zdgtft_2": (ZDGTFT_2, 2.0, 3.0)}
#: Nobody who locks a pair into one outcome, where both sides of the line are 0.
OPPONENTS = {
    "random": FIELD["random"], "wild": MemoryOne(start=0.5, cc=0.9, cd=0.3, dc=0.6, dd=0.2),
    "mild": MemoryOne(start=0.5, cc=0.7, cd=0.4, dc=0.8, dd=0.5),
    "stubborn": MemoryOne(start=0.5, cc=0.8, cd=0.8, dc=0.2, dd=0.3),
}  # fmt: skip


def against(played, first, second):
    """The mean payoff of a turn to the first and to the second, each over all repetitions."""
    s, t = played.names.index(first), played.names.index(second)
    return played.scores[:, s, t], played.scores[:, t, s]


def probabilities(strategy):
    row = strategy.automaton(PAYOFFS)
    return tuple(row.cooperate[0, 1:, 2, 0, 1].tolist())


# ------------------------------------------------------------------------------- known matches


@pytest.mark.parametrize(
    ("first", "second", "scores"),
    [("tft", "alld", (0.995, 1.02)), ("wsls", "alld", (0.5, 3.0)), ("allc", "alld", (0, 5))],
)
def test_two_hundred_turns_without_chance_are_known(first, second, scores):
    played = tournament([first, second], turns=200, repetitions=3)
    for sampled, expected in zip(against(played, first, second), scores, strict=True):
        assert sampled.tolist() == [pytest.approx(expected, abs=1e-12)] * 3
    assert [played.exact[0, 1], played.exact[1, 0]] == pytest.approx(list(scores), abs=1e-12)


def plays(strategy, mine, theirs):
    """What a strategy of the field does, written anew from its description: the chance to cooperate."""
    last, before = (theirs[-1], theirs[-2:]) if theirs else ("", "")
    return {
        "allc": lambda: 1, "alld": lambda: 0, "random": lambda: 0.5,
        "alternator": lambda: 1 if not mine or mine[-1] == "D" else 0,
        "tft": lambda: last != "D", "suspicious_tft": lambda: last == "C", "bully": lambda: last == "D",
        "tf2t": lambda: before != "DD", "ttft": lambda: "D" not in before, "grim": lambda: "D" not in theirs,
        "gtft": lambda: 1 if last != "D" else 1 / 3,
        "joss": lambda: 0 if last == "D" else (0.9 if theirs else 1),
        "soft_joss": lambda: 1 if last != "D" else 0.1,
        "firm_but_fair": lambda: 1 if not mine else {"CC": 1, "CD": 0, "DC": 1, "DD": 2 / 3}[mine[-1] + last],
        "wsls": lambda: 1 if not mine else mine[-1] == last,
        "win_shift_lose_stay": lambda: 0 if not mine else mine[-1] != last,
        **{name: lambda p=line[0]: 1 if not mine else p[("CC", "CD", "DC", "DD").index(mine[-1] + last)]
           for name, line in LINES.items()},
    }[strategy]()  # fmt: skip


def expected_by_hand(first, second, turns):
    """Mean payoffs of a turn by following every history of a short match with its probability."""
    earned = np.zeros(2)
    histories = {("", ""): 1.0}
    for _ in range(turns):
        after = {}
        for (mine, yours), share in histories.items():
            x, y = float(plays(first, mine, yours)), float(plays(second, yours, mine))
            for a, p in (("C", x), ("D", 1 - x)):
                for b, q in (("C", y), ("D", 1 - y)):
                    if p * q > 0:
                        own, other = "CD".index(a), "CD".index(b)
                        earned += share * p * q * np.array([PAYOFFS[own, other], PAYOFFS[other, own]])
                        key = (mine + a, yours + b)
                        after[key] = after.get(key, 0.0) + share * p * q
        histories = after
    return earned / turns


@pytest.mark.parametrize("first", FIELD)
def test_every_strategy_of_the_field_plays_as_it_is_described(first):
    played = tournament(turns=5, repetitions=1)
    for second in ("alld", "alternator", "random", "grim", "ttft", "bully", "firm_but_fair", first):
        s, t = played.names.index(first), played.names.index(second)
        by_hand = expected_by_hand(first, second, 5)
        assert [played.exact[s, t], played.exact[t, s]] == pytest.approx(by_hand.tolist(), abs=1e-12), second


def test_axelrod_knows_the_field_by_these_names():
    assert set(AXELROD) < set(FIELD)
    assert len(set(AXELROD.values())) == len(AXELROD)


# ------------------------------------------------------------------------------- sampled against exact


@pytest.mark.parametrize(
    ("noise", "game"), [(0.0, None), (0.05, None), (0.1, Snowdrift()), (0.02, Donation(benefit=3))]
)
def test_every_match_of_the_field_is_sampled_without_bias(noise, game):
    with engine("compiled"):
        played = tournament(turns=40, repetitions=400, noise=noise, game=game, seed=3)
    mean, error = played.scores.mean(axis=0), played.scores.std(axis=0, ddof=1) / 400**0.5
    far = np.abs(mean - played.exact) / np.maximum(error, 1e-9)
    certain = error < 1e-12
    assert np.abs(mean - played.exact)[certain].max(initial=0) < 1e-9
    assert far[~certain].max() < 5
    assert np.sqrt((far[~certain] ** 2).mean()) == pytest.approx(1.0, abs=0.2)


def test_P21_a_zero_determinant_strategy_holds_everybody_on_its_line_exactly():
    others = np.random.default_rng(5).uniform(0.05, 0.95, (25, 4))
    for name, (p, slope, base) in LINES.items():
        assert probabilities(FIELD[name]) == pytest.approx(p, abs=1e-12)
        for q in others:
            own, other = stationary_payoffs(p, q, PAYOFFS)
            assert own - base == pytest.approx(slope * (other - base), abs=1e-9)
    own, other = stationary_payoffs(EXTORT_3, others[0], PAYOFFS)
    assert (own - 1) / (other - 1) == pytest.approx(3.0, abs=1e-9)


@pytest.mark.parametrize("name", LINES)
def test_P21_and_in_simulation_within_two_percent(name, holds):
    _p, slope, base = LINES[name]
    with engine("compiled"):
        played = tournament({name: FIELD[name], **OPPONENTS}, turns=20_000, repetitions=200, seed=21)
    for opponent in OPPONENTS:
        own, other = (side - base for side in against(played, name, opponent))
        found = own.mean() / other.mean()
        error = (own - found * other).std(ddof=1) / abs(other.mean()) / len(own) ** 0.5
        holds(
            estimate(found, error, slope, at_least=0.02 * slope, statistic="ratio of mean payoffs above the baseline",
                     n="200 matches of 20,000 turns", null=f"the slope of the enforced line is {slope:g}",
                     reason="2 % or 3 standard errors (acceptance table)"),
            id=f"P21.{name}.{opponent}", claim=f"{name} against {opponent} in simulation: the enforced line", seed=21,
            source="PressDyson2012, StewartPlotkin2012",
        )  # fmt: skip


FIXED = {"tft": 2.25, "gtft": 2.970322, "wsls": 2.951092}


def test_P22_memory_one_strategies_with_errors_earn_what_is_known_exactly():
    for name, expected in FIXED.items():
        p = probabilities(FIELD[name])
        assert stationary_payoffs(p, p, PAYOFFS, error=0.01).own == pytest.approx(expected, abs=1e-6)
    own, other = stationary_payoffs((0, 0, 0, 0), (1, 0, 0, 1), PAYOFFS, error=0.01)
    assert (own, other) == pytest.approx((2.985, 0.535), abs=1e-6)


def test_P22_and_in_simulation_within_one_percent(holds):
    with engine("compiled"):
        played = tournament(list(FIXED), turns=20_000, repetitions=40, noise=0.01, seed=22)
    for name, expected in FIXED.items():
        mean = np.mean(against(played, name, name), axis=0)
        holds(
            estimate(mean.mean(), mean.std(ddof=1) / len(mean) ** 0.5, expected, at_least=0.01 * expected,
                     statistic="mean payoff per turn of both players", n="40 matches of 20,000 turns",
                     reason="1 % or 3 standard errors (acceptance table)"),
            id=f"P22.{name}.simulated", claim=f"{name} with itself in simulation, errors of 0.01", seed=22,
            source="NowakSigmund1992, NowakSigmund1993",
        )  # fmt: skip


def test_a_long_match_earns_what_an_endless_one_does():
    rows = np.stack([FIELD[name].automaton(PAYOFFS).cooperate for name in ("gtft", "wsls")])
    total = match_payoffs(rows, np.zeros((2, 1, 4), np.int64), PAYOFFS, 100_000, execution_error=0.01)
    endless = stationary_payoffs(probabilities(FIELD["gtft"]), probabilities(FIELD["wsls"]), PAYOFFS, error=0.01)
    assert total[0, 1] / 100_000 == pytest.approx(endless.own, abs=1e-4)
    assert total[1, 0] / 100_000 == pytest.approx(endless.other, abs=1e-4)


# ------------------------------------------------------------------------------- the table


def test_a_match_does_not_depend_on_what_else_is_played():
    few, more = (tournament(["random", "joss"], turns=30, repetitions=n, noise=0.1, seed=8) for n in (3, 7))
    assert np.array_equal(few.scores, more.scores[:3])
    wider = tournament(["random", "joss", "wsls"], turns=30, repetitions=3, noise=0.1, seed=8)
    assert np.array_equal(few.scores, wider.scores[:, :2, :2])
    other = tournament(["random", "joss"], turns=30, repetitions=3, noise=0.1, seed=9)
    assert not np.array_equal(few.scores, other.scores)


def test_plain_and_compiled_matches_are_the_same():
    with engine("plain"):
        plain = tournament(["random", "tf2t", "wsls"], turns=40, repetitions=3, noise=0.1)
    with engine("compiled"):
        compiled = tournament(["random", "tf2t", "wsls"], turns=40, repetitions=3, noise=0.1)
    assert plain.scores.tobytes() == compiled.scores.tobytes()
    assert plain.helped.tobytes() == compiled.helped.tobytes()


def test_the_ranking_counts_matches_with_oneself_only_where_they_are_asked_for():
    with_oneself = tournament(["alld", "tft", "allc"], turns=200, repetitions=2)
    without = tournament(["alld", "tft", "allc"], turns=200, repetitions=2, self_play=False)
    assert [place.score for place in with_oneself.ranking] == pytest.approx([7.02 / 3, 6.995 / 3, 2.0])
    assert [(place.name, place.score) for place in without.ranking] == [
        ("alld", pytest.approx(3.01)), ("tft", pytest.approx(1.9975)), ("allc", pytest.approx(1.5)),
    ]  # fmt: skip
    assert [place.error for place in without.ranking] == [0, 0, 0]
    assert without.ranking[0].cooperation == 0 and without.ranking[2].cooperation == 1


def test_strategies_are_named_given_or_named_anew():
    knobs = GenerousTitForTat(generosity=0.2)
    assert tournament([TitForTat(), knobs, ZeroDeterminant()], repetitions=1).names == ("tft", "gtft", "extort_3")
    assert tournament({"mild": knobs, "milder": GenerousTitForTat(generosity=0.5)}, repetitions=1).names == (
        "mild",
        "milder",
    )
    assert tournament([Discriminator()], repetitions=1).exact.tolist() == [[3.0]]
    assert len(tournament(turns=2, repetitions=1).names) == len(FIELD)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strategies": ["tft", "titfortat"]}, "strategies must be among allc, alld"),
        ({"strategies": ["tft", "tft"]}, "'tft' is named twice"),
        ({"strategies": []}, "at least one"),
        ({"strategies": ["tft"], "self_play": False}, "at least two"),
        ({"turns": 0}, "turns must be a whole number, at least 1"),
        ({"repetitions": 1.5}, "repetitions must be a whole number"),
        ({"repetitions": 1_000_000}, "matches are too many"),
        ({"noise": 1.2}, "noise must be a finite number"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_cannot_be_played_is_refused(options, said):
    with pytest.raises(InputError, match=said):
        tournament(**options)


def test_a_tournament_is_saved(tmp_path):
    played = tournament(["tft", "alld", "random"], turns=20, repetitions=1)
    paths = played.save(tmp_path)
    assert [path.name for path in paths] == [
        "tournament.csv", "payoffs.csv", "provenance.json", "tournament.png", "tournament.svg",
    ]  # fmt: skip
    assert (tmp_path / "tournament.csv").read_text().splitlines()[0] == "rank,name,score,error,exact,cooperation"
    assert played.frame().shape == (3, 6)
    assert played.matrix().loc["tft", "alld"] == pytest.approx(0.95)
