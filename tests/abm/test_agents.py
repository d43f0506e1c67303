"""Agents are windows on the table: what they read is there, what they assign is there, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import coop_abm
from coop_abm import CoopAgent, CoopModel
from coop_abm.abm import AGENT_REPORTERS, AgentView
from coop_abm.core.errors import InputError, PolicyError, ScenarioError
from coop_abm.engine.events import columns_of
from coop_abm.engine.history import EventWorld, RoundWorld

FEW = settings(deadline=None, max_examples=25)


def first(model: CoopModel) -> CoopAgent:
    return next(iter(model.agents))


# --------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize("name", ["all_five", "stern_judging", "network", "group", "well_mixed"])
@given(seed=st.integers(0, 2**63 - 1), steps=st.integers(0, 4))
@FEW
def test_what_agents_read_is_what_the_table_holds(name, seed, steps):
    model = CoopModel(name, rng=seed)
    model.agents
    model.run_for(steps)
    now = model.snapshot()
    assert sorted(agent.row for agent in model.agents) == np.flatnonzero(now.alive[0]).tolist()
    for agent in model.agents:
        at = 0, agent.row
        assert agent.strategy_index == now.strategy[at] and agent.strategy == model.strategies[now.strategy[at]]
        assert agent.cooperates == bool(now.helper[now.strategy[at]])
        assert (agent.payoff, agent.group) == (now.payoff[at], now.group[at])
        assert agent.standing == ("bad", "good")[now.standing[at]]
        assert agent not in agent.neighbors and model.agent_at(agent.row) is agent
        assert all(near.group == agent.group for near in agent.neighbors)


def test_all_that_is_easily_asked_of_agents_can_be_collected():
    model = CoopModel("stern_judging", rng=1, agent_reporters=AGENT_REPORTERS)
    model.run_for(2)
    of_agents = model.datacollector.get_agent_vars_dataframe()
    assert list(of_agents) == ["strategy", "cooperates", "payoff", "standing", "group"]
    good = (of_agents.loc[2.0, "standing"] == "good").mean()
    assert good == pytest.approx(model.frame()["good_standing"].iloc[-1])


def test_mesas_agent_sets_work_on_them():
    model = CoopModel("network", rng=1)
    defectors = model.agents.select(lambda agent: not agent.cooperates)
    assert len(defectors) == 50 and set(defectors.get("strategy")) == {"alld"}
    assert model.agent_types == [CoopAgent] and len(model.agents_by_type[CoopAgent]) == 100
    assert {agent.unique_id for agent in model.agents} == set(range(1, 101))
    with pytest.raises(AttributeError, match=r"You are trying to set model.agents"):
        model.agents = []


# --------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("name", ["all_five", "stern_judging", "network", "group"])
@given(
    seed=st.integers(0, 1000),
    changes=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 2)), min_size=1, max_size=8),
    before=st.integers(0, 3),
)
@FEW
def test_what_is_assigned_is_there_and_nothing_else_changes(name, seed, changes, before):
    model = CoopModel(name, rng=seed)
    model.run_for(before)
    held = model.snapshot().strategy[0].copy()
    for row, wanted in changes:
        agent = model.agent_at(row)
        if agent is None:
            continue
        name_of = model.strategies[wanted % len(model.strategies)]
        agent.strategy = name_of
        held[row] = model.strategies.index(name_of)
        assert agent.strategy == name_of
    assert model.snapshot().strategy[0].tolist() == held.tolist()
    model.step()


@given(rows=st.lists(st.integers(0, 99), min_size=1, max_size=30), back=st.booleans())
@FEW
def test_on_a_round_an_assignment_is_the_world_that_would_have_been_placed_so(rows, back):
    """Strategies are changed while the first question is already open: its views must follow."""
    model, other = CoopModel("all_five", rng=2), CoopModel("all_five", rng=2)
    before = model.snapshot().strategy[0].tolist()
    for row in rows:
        model.agent_at(row).strategy_index = 1 - before[row]
        if back:
            model.agent_at(row).strategy_index = before[row]
    if not back:
        # The slow way: write the columns, and open the round by hand.
        state = other.world.play.state
        for row in rows:
            state.strategy[0, row] = 1 - before[row]
        other.world.play._open()
        assert np.array_equal(model.snapshot().standing, state.standing)
    for world in (model, other):
        world.run_for(3)
    assert np.array_equal(model.snapshot().payoff, other.snapshot().payoff)
    assert np.array_equal(model.snapshot().strategy, other.snapshot().strategy)
    assert model.world.play.question.view.strategy.tolist() == other.world.play.question.view.strategy.tolist()


@given(rows=st.lists(st.integers(0, 99), min_size=1, max_size=30))
@FEW
def test_on_a_graph_of_the_event_clock_what_follows_from_strategies_is_renewed(rows):
    model = CoopModel("network", rng=2)
    world = model.world
    assert isinstance(world, EventWorld)
    for row in rows:
        model.agent_at(row).strategy_index = 1 - model.agent_at(row).strategy_index
    kept = [part.copy() for part in world.changing]
    again = columns_of(world.process, world.strategy.copy(), world.count)
    for part, renewed in zip(kept, again, strict=True):
        assert np.array_equal(part, renewed)


def test_a_world_of_converts_to_one_strategy_stays_there():
    for name in ("all_five", "network", "group"):
        model = CoopModel(name, rng=1)
        for agent in model.agents:
            agent.strategy = "alld"
        model.run_for(5)
        assert model.frame()["share_alld"].tolist()[1:] == [1.0] * 5, name


def test_a_name_that_is_lost_is_known_in_the_next_round():
    model = CoopModel("stern_judging", rng=1)
    for agent in model.agents:
        agent.standing = "bad"
    assert model.observed["good_standing"] == 0.0
    assert set(model.world.play.state.standing[0].tolist()) == {0}
    seen = []

    class Watching(CoopAgent):
        """Writes down what it sees."""

        def decide(self, view):
            seen.append(view.standing)
            return view.inherited

    watched = CoopModel("stern_judging", rng=1, agent_class=Watching)
    for agent in watched.agents:
        agent.standing = "bad"
    watched.step()
    assert set(seen) == {"bad"}  # visibility is 1


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("aldl", r"^strategy must be one of .*; got 'aldl'; did you mean alld\?$"),
        (7, r"^strategy must be one of .* or its index; got 7$"),
        (-1, r"or its index; got -1$"),
        (True, r"or its index; got True$"),
        (None, r"or its index; got None$"),
    ],
)
@pytest.mark.parametrize("name", ["all_five", "network"])
def test_a_strategy_that_is_none_is_refused_in_one_line_and_nothing_changes(name, value, said):
    model = CoopModel(name, rng=1)
    with pytest.raises(InputError, match=said) as caught:
        first(model).strategy = value
    assert "\n" not in str(caught.value)
    model.step()
    assert model.frame().equals(coop_abm.run(name, steps=1, seed=1).frame)


def test_a_standing_that_is_none_or_follows_from_the_strategy_is_refused():
    with pytest.raises(InputError, match=r"^standing must be bad or good; got 1$"):
        first(CoopModel("stern_judging", rng=1)).standing = 1
    for name in ("all_five", "network"):
        with pytest.raises(ScenarioError, match=r"^standing: in this world it is what a strategy is"):
            first(CoopModel(name, rng=1)).standing = "bad"


@pytest.mark.parametrize("name", ["well_mixed", "families"])
def test_in_a_mixed_or_diploid_population_on_the_event_clock_one_individual_cannot_be_changed(name):
    with pytest.raises(ScenarioError, match=r"^strategy: on the event clock an individual of a mixed population"):
        first(CoopModel(name, rng=1)).strategy = "alld"


def test_among_haploid_families_on_the_event_clock_an_individual_can_be_changed():
    model = CoopModel("families", rng=1, size=8, kin__pedigree="founders")
    before = model.observed["cooperators"]
    agent = first(model)
    agent.strategy = "alld" if agent.cooperates else "reciprocator"
    assert abs(model.snapshot().helper[model.snapshot().strategy].mean() - before) == 1 / 8
    mates = model.snapshot().strategy[0, 1:4]
    assert agent.payoff == (3 * (mates == 0).mean() - (1 if agent.cooperates else 0))
    model.step()


@pytest.mark.parametrize("attribute", ["payoff", "group", "cooperates", "row", "neighbors"])
def test_what_follows_from_the_world_cannot_be_assigned(attribute):
    with pytest.raises(AttributeError):
        setattr(first(CoopModel("all_five", rng=1)), attribute, 1)


# ---------------------------------------------------------------------------------- life and death


@pytest.mark.parametrize("clock", ["event", "round"])
def test_agents_appear_and_disappear_with_their_rows(clock):
    model = CoopModel("group", rng=3, clock=clock, size=30, group__split=0.5, agent_reporters=["group"])
    everybody, sizes, known = {}, set(), set()
    for _ in range(60):
        alive = {agent.row: agent for agent in model.agents}
        assert sorted(alive) == np.flatnonzero(model.snapshot().alive[0]).tolist()
        assert len(model.agents) == model.frame()["individuals"].iloc[-1]
        assert all(model.agent_at(row) is agent for row, agent in alive.items())
        assert {agent for cell in model.space.all_cells for agent in cell.agents} == set(alive.values())
        for agent in alive.values():
            assert everybody.setdefault(agent.unique_id, agent) is agent  # an id is never used twice
        known |= set(alive.values())
        sizes.add(len(alive))
        model.step()
    gone = known - set(model.agents)
    assert len(sizes) > 3 and gone and max(everybody) > 30
    for agent in gone:
        with pytest.raises(InputError, match=r"^agent \d+ is no longer in the model"):
            agent.strategy
        assert "dead" in repr(agent)
    agents = model.datacollector.get_agent_vars_dataframe()
    assert agents.groupby(level="Step").size().tolist() == model.frame()["individuals"].tolist()
    bare = coop_abm.run("group", steps=60, seed=3, clock=clock, size=30, group__split=0.5).frame
    assert model.frame().equals(bare)


def test_an_agent_that_is_removed_by_hand_closes_its_window_and_the_individual_lives_on():
    model = CoopModel("network", rng=1)
    agent = model.agent_at(5)
    model.space
    agent.remove()
    agent.remove()
    assert model.agent_at(5) is None and len(model.agents) == 99
    assert all(agent not in near.neighbors for near in model.agents)
    model.run_for(3)
    assert model.frame().equals(coop_abm.run("network", steps=3, seed=1).frame)


# -------------------------------------------------------------------------------- minds of their own


def test_agents_that_do_what_they_inherited_are_the_world_as_it_was():
    class Heir(CoopAgent):
        """Defines a mind, and does what its strategy says."""

        def decide(self, view):
            return super().decide(view)

    for name in ("all_five", "stern_judging"):
        model = CoopModel(name, rng=4, agent_class=Heir)
        model.run_for(4)
        assert model.frame().equals(coop_abm.run(name, steps=4, seed=4).frame)


@pytest.mark.parametrize(("answer", "share"), [("cooperate", 1.0), (0, 1.0), ("defect", 0.0), (np.int64(1), 0.0)])
def test_an_answer_is_a_name_or_a_position(answer, share):
    class Stubborn(CoopAgent):
        """Always answers alike."""

        def decide(self, view):
            return answer

    model = CoopModel("all_five", rng=1, agent_class=Stubborn)
    model.run_for(2)
    assert model.frame()["cooperation"].tolist()[1:] == [share, share]


@pytest.mark.parametrize("answer", ["help", None, True, 2, -1, 0.0, np.array([0, 1])], ids=repr)
def test_an_answer_that_is_no_action_is_refused_in_one_line_and_the_world_can_go_on(answer):
    class Confused(CoopAgent):
        """Loses its mind once, in round 2."""

        def decide(self, view):
            if view.round == 2 and not getattr(self.model, "warned", False):
                self.model.warned = True
                return answer
            return view.inherited

    model = CoopModel("all_five", rng=1, agent_class=Confused)
    with pytest.raises(PolicyError) as caught:
        model.run_for(5)
    said = str(caught.value)
    assert said.startswith("<Confused 1: row 0, ") and "must answer cooperate or defect, or 0 or 1; got" in said
    assert "\n" not in said and (model.time, model.steps) == (2.0, 2)
    model.run_for(3)
    assert model.frame().equals(coop_abm.run("all_five", steps=5, seed=1).frame)


def test_what_an_agent_sees_is_said_in_words():
    views = []

    class Curious(CoopAgent):
        """Writes down what it sees."""

        def decide(self, view):
            views.append((self.row, self.strategy, view))
            return view.inherited

    model = CoopModel("all_five", rng=1, agent_class=Curious, indirect__visibility=0.5)
    model.run_for(3)
    assert {view.standing for *_, view in views} == {"good", "bad", "unknown"}
    assert {view.round for *_, view in views} == {0, 1, 2}
    for row, strategy, view in views:
        assert isinstance(view, AgentView) and view.strategy == strategy and view.partner != row
        assert (view.last is None) == (view.turn == 0) and 0 <= view.draw < 1
        assert view.inherited in ("cooperate", "defect") and view.kin is False
        if view.last:
            assert set(view.last) <= {"cooperate", "defect"}
        if view.strategy == "alld":
            assert view.inherited == "defect"


def test_an_agent_may_remember_more_than_its_strategy():
    class Grudge(CoopAgent):
        """Never helps again whoever has refused it once, in any encounter."""

        def __init__(self, model, row):
            super().__init__(model, row)
            self.enemies = set()

        def decide(self, view):
            if view.last and view.last[1] == "defect":
                self.enemies.add(view.partner)
            return "defect" if view.partner in self.enemies else "cooperate"

    model = CoopModel("all_five", rng=1, agent_class=Grudge)
    model.run_for(10)
    again = CoopModel("all_five", rng=1, agent_class=Grudge)
    again.run_for(10)
    assert model.frame().equals(again.frame())
    assert isinstance(model.world, RoundWorld)


def test_on_the_event_clock_agents_cannot_decide():
    class Grumpy(CoopAgent):
        """Never helps."""

        def decide(self, view):
            return "defect"

    with pytest.raises(ScenarioError, match=r"^agent_class: Grumpy decides for itself, which needs clock = round"):
        CoopModel("network", rng=1, agent_class=Grumpy)
