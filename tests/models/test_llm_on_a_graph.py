"""Language models on a graph: real requests to a real server, which plays strategies, and asks nothing twice."""

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.core.question import Options
from coop_abm.llm.stand_in import StandIn
from coop_abm.policies.means import Means
from coop_abm.policies.plan import plan
from coop_abm.policies.rule import TableReader
from coop_abm.scenario.knobs import replace
from coop_abm.transcript import Source, entries
from models.llm_on_a_graph.model import SCENARIO, LlmOnAGraph, modelled

STEPS = 6


def means(server, journal, **more):
    return Means(journal=journal, transport="slim", stand_in=server.address, **more)


def test_it_is_what_the_issue_asks_for():
    kinds = [entry.policy.kind for entry in SCENARIO.players]
    assert kinds.count("table") == kinds.count("model") == 2
    assert all(entry.policy.model.startswith("stand-in/") for entry in SCENARIO.players if entry.policy.kind == "model")
    assert SCENARIO.network.graph.kind == "watts_strogatz"
    assert set(SCENARIO.active) == {"direct", "indirect", "network"}


@pytest.mark.validate
def test_the_second_run_sends_nothing_and_is_the_same_and_the_plan_foretold_the_first(tmp_path):
    foretold = {row.model: row.calls.expected for row in plan(SCENARIO, steps=STEPS, seed=3).rows}
    with StandIn() as server:
        first = lab.run(SCENARIO, steps=STEPS, seed=3, means=means(server, tmp_path / "j"))
        asked = server.stats()["requests"]
        second = lab.run(SCENARIO, steps=STEPS, seed=3, means=means(server, tmp_path / "j"))
        assert server.stats()["requests"] == asked == first.minds.sent > 300
        replayed = lab.run(SCENARIO, steps=STEPS, seed=3, means=means(server, tmp_path / "j", mode="replay"))
        assert server.stats()["requests"] == asked
    for again in (second, replayed):
        assert again.frame.equals(first.frame)
        assert again.minds.sent == 0 and again.minds.replayed == asked
    assert {model: count.decisions for model, count in first.minds.by_model.items()} == foretold
    assert first.minds.money == 0
    assert "no language model" in first.caption
    told = list(entries(Source(tmp_path / "j", first.minds.run)))
    assert len(told) == asked
    assert {read["verdict"] for _call, read in told} == {"accepted"}
    rules = {(call.request.model, call.request.messages[0][1]) for call, _read in told}
    assert {model for model, text in rules if "you lose " in text} == {"stand-in/tft"}
    assert {model for model, text in rules if text.startswith("Vous ")} == {"stand-in/discriminator"}


def test_models_that_play_strategies_are_the_strategies_to_the_bit():
    """The same two entries, decided for by a policy that reads the tables: no prompt, no server."""

    class Tables:
        def __init__(self, repertoire):
            self.reader = TableReader(repertoire)

        def decide(self, question):
            assert isinstance(question.choices, Options)
            return self.reader.decide(question)

    mine = {"kind": "plugin", "name": "mine"}
    own = replace(SCENARIO, {"players.2.policy": mine, "players.3.policy": mine})
    with StandIn() as server:
        spoken = lab.run(SCENARIO, steps=STEPS, seed=5, means=means(server, None, mode="off"))
        assert server.stats()["requests"] > 300
    policies = {"mine": Tables(own.repertoire())}
    read = lab.run(own, steps=STEPS, seed=5, means=Means(mode="off", policies=policies))
    spoken_frame = spoken.frame.drop(columns=["fallbacks"])
    assert np.array_equal(spoken_frame.to_numpy(), read.frame.to_numpy(), equal_nan=True)
    assert spoken.frame["share_stand-in/tft"].nunique() > 1


def test_the_model_counts_for_whom_models_decide():
    with StandIn() as server:
        model = LlmOnAGraph(rng=1, means=means(server, None, mode="off"))
        assert modelled(model) == 0.5
        model.run_for(3)
        shares = model.datacollector.get_model_vars_dataframe()
        assert (shares["modelled"] == shares["share_stand-in/tft"] + shares["share_stand-in/discriminator"]).all()
        model.close()
