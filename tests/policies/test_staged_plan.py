"""What a staged world would ask: low is certain, high is never passed, expected is what its own rules ask."""

import pytest

from coop_abm.core.errors import ScenarioError
from coop_abm.engine.staged import play
from coop_abm.llm.budget import Rate, worst_case
from coop_abm.policies.cast import Cast
from coop_abm.policies.means import Means
from coop_abm.policies.plan import Range
from coop_abm.policies.staged_plan import plan, total
from coop_abm.scenario.minds import Model, Table, Team
from tests.llm import small_dialect
from tests.policies.village import Villager, WellTeller, WellWorld

WORLD = WellWorld()
PAID = {"price_input": 1.0, "price_output": 4.0, "max_tokens": 100}


@pytest.fixture(autouse=True, scope="module")
def well():
    with small_dialect.spoken():
        yield


def spent(declared, replicates=1):
    """(calls, tokens in, tokens in of the largest) of real runs, as budgets reserve them."""
    requests = []
    for replicate in range(replicates):
        world = declared.start(3, replicate)
        means = Means(mode="off", transport="slim", max_cost=100.0)
        cast = Cast(world, declared.minds(), declared.table(), WellTeller(world), means=means)
        client = cast.line.client
        ask = client.ask
        client.ask = lambda batch, ask=ask: requests.extend(batch) or ask(batch)
        play(world, cast)
        cast.close()
    tokens = [worst_case(request._replace(max_tokens=0), Rate(0, 0)).tokens for request in requests]
    return len(requests), sum(tokens)


def test_tables_ask_for_nothing():
    found = plan(WORLD)
    assert found.rows == () and found.lines()[1] == "no language model is asked"
    assert total([found, found]) == (Range(0, 0, 0),) * 4


@pytest.mark.parametrize("replicates", [1, 2, 5])
def test_what_the_stand_in_is_asked_is_what_was_expected(replicates):
    declared = WORLD.of(lambda v: Model(model=f"stand-in/{v.strategy}", **PAID))
    found = plan(declared, seed=3, replicates=replicates)
    both = total([found])
    calls, tokens = spent(declared, replicates)
    assert both.calls.expected == calls == 32 * replicates
    assert both.calls.low == 4 * replicates
    assert both.input_tokens.low < both.input_tokens.expected < tokens < both.input_tokens.high
    money = both.input_tokens.high * 1e-6 + both.output_tokens.high * 4e-6
    assert both.money.high == pytest.approx(money) and both.money.low < both.money.expected < both.money.high


@pytest.mark.parametrize("name", ["leaky", "mumbling", "silent", "puppet", "random"])
def test_no_model_passes_the_high_bound(name):
    def mind(villager):
        model = Model(model=f"stand-in/{name}", fallback="random", **PAID)
        return Team(inner=model, every=2, critiques=2, limit=300)

    declared = WORLD.of(mind)
    both = total([plan(declared, seed=3)])
    calls, tokens = spent(declared)
    assert both.calls.low <= calls <= both.calls.high
    assert tokens <= both.input_tokens.high
    assert both.output_tokens.high == both.calls.high * 100


def test_planners_are_expected_to_plan():
    declared = WORLD.of(lambda v: Team(inner=Model(model=f"stand-in/{v.strategy}"), every=3, critiques=1))
    found = plan(declared, seed=3)
    stages = {stage: sum(row.stages.get(stage, 0) for row in found.rows) for row in found.rows for stage in row.stages}
    assert stages == {"draw": 16, "judge": 16, "plan": 8, "critique": 8, "revise": 8}
    assert total([found]).calls.expected == spent(declared)[0]


def test_only_those_whom_models_decide_for_are_expected_to_be_asked():
    told = (Villager(policy=Model(model="stand-in/fair")), *WORLD.villagers[1:])
    found = plan(WORLD.model_copy(update={"villagers": told}), seed=3)
    assert total([found]).calls == Range(1, 8, 64)


def test_a_price_that_is_not_known_is_said():
    found = plan(WORLD.with_policy("somebody/some-model"))
    assert found.rows[0].money is None and total([found]).money is None
    assert "no price is known for somebody/some-model" in found.notes[0]
    assert any("US dollars" in line and "?" in line for line in found.lines())


def test_a_long_world_is_rehearsed_in_part(monkeypatch):
    from coop_abm.policies import staged_plan

    monkeypatch.setattr(staged_plan, "MOST_REHEARSED", 30)
    declared = WORLD.with_policy("stand-in").model_copy(update={"rounds": 100})
    found = plan(declared, seed=3)
    assert found.rehearsed == 4 and total([found]).calls.expected == 800
    assert "4 rounds that were rehearsed" in found.notes[-1]


def test_a_world_that_says_nothing_has_no_plan_for_models():
    class Silent(WellWorld):
        teller = ""

    villagers = tuple(each.model_copy(update={"policy": Model()}) for each in WORLD.villagers)
    with pytest.raises(ScenarioError, match="policy must be table: nothing of Silent is told in words"):
        plan(Silent(villagers=villagers))
    assert plan(Silent(villagers=(Villager(policy=Table()),))).rows == ()
