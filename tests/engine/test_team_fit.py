"""The fit of strategies to the moves of a tournament."""

from __future__ import annotations

import numpy as np
import pytest

from coop_abm.engine.staged import play
from coop_abm.engine.team_fit import fit
from coop_abm.engine.team_traits import WOULD
from coop_abm.engine.teams import Entry, TeamTournament
from coop_abm.strategies.library import AllC, AllD, TitForTat
from coop_abm.strategies.team import Coin
from coop_abm.theory.recognition import Evidence, strategy_shares


def with_a_coin(strategy):
    """Five who play a strategy and one who tosses a coin, so that strategies can be told apart."""
    entries = tuple(Entry(strategy=each) for each in (*[strategy] * 5, Coin(p=0.5)))
    declared = TeamTournament(players=entries, condition="ri", slips=0.05, rematches=2, budget=400)
    return play(declared.start(0), declared.table())


@pytest.mark.parametrize(("strategy", "name"), [(AllC(), "allc"), (AllD(), "alld"), (TitForTat(), "tft")])
def test_the_fit_finds_the_strategies_that_were_played_and_their_slips(strategy, name):
    found = with_a_coin(strategy).measures()
    assert found[f"fit_{name}"] > 0.6 and 0 < found["fit_noise"] < 0.25
    assert sum(found[f"fit_{k}"] for k in WOULD) == pytest.approx(1)


def test_before_the_end_there_is_no_fit():
    assert np.isnan(TeamTournament().start(0).measures()["fit_tft"])


def test_it_is_the_maximum_of_the_general_likelihood():
    # Twelve players, of whom each agrees with two strategies differently often, and one who slips much.
    rng = np.random.default_rng(5)
    played = np.full(12, 60)
    agreed = rng.binomial(60, 0.55, (12, len(WOULD)))
    agreed[np.arange(12), rng.integers(0, len(WOULD), 12)] = rng.binomial(60, 0.93, 12)
    # The same counts for the general fit: all that each strategy would have done is to cooperate.
    cooperated, defected = np.zeros((2, 12, len(WOULD), 2), int)
    cooperated[:, :, 1], defected[:, :, 1] = agreed, played[:, None] - agreed
    general = strategy_shares(Evidence(tuple(WOULD), np.array([0.0, 1.0]), cooperated, defected), draws=0)
    own = fit(agreed, played)
    assert [own[f"fit_{name}"] for name in WOULD] == pytest.approx(general.share.tolist(), abs=1e-4)
    assert own["fit_noise"] == pytest.approx(general.error, abs=1e-4)


def test_who_played_no_round_says_nothing():
    agreed, played = np.array([[20, 0, 0, 0, 0], [0] * 5]), np.array([20, 0])
    found = fit(agreed, played)
    assert found["fit_allc"] == pytest.approx(1, abs=1e-6) and found["fit_noise"] == 0.0
    assert all(np.isnan(value) for value in fit(agreed[1:], played[1:]).values())
