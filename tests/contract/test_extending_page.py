"""The worked example of docs/extending.md is real code."""

import re
from pathlib import Path

import numpy as np
import pytest

from coop_abm.games import Donation
from coop_abm.strategies import AllD, Strategy
from coop_abm.strategies.table import repertoire
from coop_abm.theory.automata import expected_payoffs

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.fixture
def written(monkeypatch):
    """The strategy class that the page shows."""
    names: dict = {"__name__": "two_tats"}
    exec(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)[0], names)
    (found,) = (v for v in names.values() if isinstance(v, type) and issubclass(v, Strategy) and v is not Strategy)
    return found()


def test_the_strategy_of_the_page_is_exploited_twice_and_never_again(written):
    payoffs = Donation(benefit=3.0, cost=1.0).payoffs()
    rows = repertoire(("tf2t", "alld"), (written.automaton(payoffs), AllD().automaton(payoffs)))
    matrix = expected_payoffs(rows.cooperate, rows.next_state, payoffs, continuation=0.9)
    assert matrix == pytest.approx(np.array([[20.0, -1.9], [5.7, 0.0]]))
