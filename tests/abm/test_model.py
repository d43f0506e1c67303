"""A Mesa model of a world is that world: the same rows, in Mesa's time, from one seed."""

from __future__ import annotations

import copy
import gc
import pickle
import tracemalloc
import weakref

import mesa
import networkx
import numpy as np
import pandas
import pytest
from mesa.time import Schedule

import coop_abm
from coop_abm import CoopAgent, CoopModel, Scenario, lab
from coop_abm.core.errors import CoopError, InputError, ReporterError, ScenarioError
from coop_abm.engine.history import RoundWorld, history
from coop_abm.engine.measures import MEASURES
from coop_abm.engine.rounds import Play
from coop_abm.policies.roster import roster
from coop_abm.scenario.library import NAMED, named

WORLDS = sorted(NAMED)


def same(one: pandas.DataFrame, other: pandas.DataFrame) -> None:
    pandas.testing.assert_frame_equal(one, other, check_exact=True)


# ------------------------------------------------------------------------------------ one world


@pytest.mark.parametrize("name", WORLDS)
def test_a_model_gives_the_rows_of_run_exactly(name):
    model = CoopModel(name, rng=7)
    for _ in range(6):
        model.step()
    same(model.frame(), coop_abm.run(name, steps=6, seed=7).frame)


@pytest.mark.parametrize("name", ["all_five", "stern_judging"])
def test_a_model_gives_the_rows_of_a_bare_play_exactly(name):
    scenario = named(name)
    play = Play(scenario, 7)
    bare = RoundWorld(play, roster(scenario, play.repertoire, play.answers))
    rows = pandas.DataFrame(list(history(bare, play.repertoire.names, 6)))
    model = CoopModel(scenario, rng=7)
    model.run_for(6)
    same(model.frame(), rows)
    assert np.array_equal(model.snapshot().strategy, play.state.strategy)


@pytest.mark.parametrize("name", WORLDS)
def test_looking_at_agents_and_space_changes_nothing(name):
    watched, alone = CoopModel(name, rng=3), CoopModel(name, rng=3)
    for _ in range(5):
        [(a.strategy, a.payoff, a.standing, a.group, a.cooperates, a.neighbors[:2], a.cell) for a in watched.agents]
        watched.rng.random(), watched.random.random()
        watched.step()
        alone.step()
    same(watched.frame(), alone.frame())


def test_row_0_is_the_start_and_there_is_a_column_for_each_measure_and_strategy():
    model = CoopModel("network", rng=1)
    assert list(model.frame()) == ["time", *MEASURES, "share_reciprocator", "share_alld"]
    assert list(model.datacollector.get_model_vars_dataframe()) == list(model.frame())[1:]
    assert model.frame()["share_alld"].tolist() == [0.5]


def test_knobs_graphs_and_numpy_scalars_reach_the_world():
    model = CoopModel("network", rng=np.int64(3), graph=networkx.cycle_graph(12), game__benefit=np.int64(7))
    assert (model.declared.size, model.declared.game.benefit, model.seed) == (12, 7, 3)
    same(model.frame(), coop_abm.run("network", steps=0, seed=3, graph=networkx.cycle_graph(12), game__benefit=7).frame)


def test_mesas_own_scenario_reads_every_flat_knob():
    model = CoopModel("kin", rng=4, kin__relatedness=0.3)
    assert model.scenario.kin__relatedness == 0.3 and model.scenario.update == "birth_death"
    assert (model.scenario.rng, model.scenario.players__0__share) == (4, 0.5)
    assert model.declared == lab.world("kin", kin__relatedness=0.3)
    assert next(iter(model.agents)).scenario.size == 50


def test_theory_is_that_of_the_world():
    model, run = CoopModel("network", rng=1), coop_abm.run("network", steps=0, seed=1)
    assert model.expected == run.expected and model.verdict == run.verdict


def test_a_subclass_names_its_own_world():
    class Hamilton(CoopModel):
        """Half of the partner's payoff is felt."""

        default = "kin"

    assert Hamilton(rng=1).declared == named("kin")
    assert Hamilton("network", rng=1).declared == named("network")
    assert CoopModel(rng=1).declared == Scenario()


# ------------------------------------------------------------------------------------- the seed


def test_a_model_without_a_seed_can_be_repeated_from_the_one_it_recorded():
    first, other = CoopModel("all_five"), CoopModel("all_five")
    again = CoopModel("all_five", rng=first.seed)
    for model in (first, other, again):
        model.run_for(4)
    same(first.frame(), again.frame())
    assert first.rng.random() == again.rng.random() and first.seed != other.seed
    assert not first.frame().equals(other.frame())


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, True, "7", np.random.default_rng(1)])
def test_what_cannot_be_a_seed_is_refused_in_one_line(seed):
    with pytest.raises(InputError, match=r"^seed must be a whole number in \[0, 2\^63\); got"):
        CoopModel("kin", rng=seed)


def test_a_misspelt_knob_is_refused_with_the_close_match():
    with pytest.raises(ScenarioError, match="relatedness") as caught:
        CoopModel("kin", rng=1, kin__relatednes=0.3)
    assert "kin.relatednes" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("given", [3, {"size": 4}, networkx.path_graph(3)])
def test_what_is_no_scenario_is_refused_in_one_line(given):
    with pytest.raises(ScenarioError, match=r"^scenario must be a Scenario, the name of one or a TOML file; got"):
        CoopModel(given, rng=1)


# ------------------------------------------------------------------------------------------ time


class Diary:
    """Somebody who schedules events with Mesa, and writes down when they happened."""

    def __init__(self, model):
        self.model, self.pages = model, []

    def write(self):
        self.pages.append((self.model.time, self.model.steps, len(self.model.frame())))

    def convert(self):
        for agent in self.model.agents.to_list()[:20]:
            agent.strategy = "alld"


@pytest.mark.parametrize("name", ["all_five", "network", "group"])
def test_run_for_n_is_n_times_step(name):
    stepped, run = CoopModel(name, rng=5, agent_reporters=["strategy"]), CoopModel(name, rng=5)
    for _ in range(9):
        stepped.step()
    run.run_for(4)
    run.run_for(0)
    run.run_for(5.0)
    same(stepped.frame(), run.frame())
    assert (run.time, run.steps) == (stepped.time, stepped.steps) == (9.0, 9)
    run.step()
    assert (run.time, run.steps, len(run.frame())) == (10.0, 10, 11)


def test_a_scheduled_event_happens_at_its_time_in_either_way():
    stepped, run = CoopModel("all_five", rng=5), CoopModel("all_five", rng=5)
    diaries = [Diary(stepped), Diary(run)]
    for diary in diaries:
        diary.model.schedule_event(diary.write, at=2.5)
        diary.model.schedule_event(diary.convert, at=3.5)
        diary.model.schedule_event(diary.write, at=6.0)
        diary.model.schedule_recurring(diary.write, Schedule(interval=2.5, start=4.0))
    for _ in range(9):
        stepped.step()
    run.run_for(9)
    same(stepped.frame(), run.frame())
    assert diaries[0].pages == diaries[1].pages
    assert diaries[1].pages[:2] == [(2.5, 2, 3), (4.0, 4, 5)]
    assert run.time == stepped.time == 9.0


def test_an_event_that_a_step_schedules_happens_at_its_time_too():
    class Planning(CoopModel):
        """Schedules something for half a step after round 3, and for the end of round 6."""

        def step(self):
            super().step()
            if self.steps in (3, 6):
                self.schedule_event(self.note, after=0.5 if self.steps == 3 else 0.0)

        def note(self):
            self.noted = [*getattr(self, "noted", []), (self.time, self.steps)]

    stepped, run, short = Planning("kin", rng=1), Planning("kin", rng=1), Planning("kin", rng=1)
    for _ in range(8):
        stepped.step()
    run.run_for(8)
    short.run_for(6)
    assert run.noted == stepped.noted == short.noted == [(3.5, 3), (6.0, 6)]
    same(stepped.frame(), run.frame())


def test_part_of_a_time_unit_takes_the_steps_that_fall_into_it():
    model = CoopModel("kin", rng=1)
    model.run_for(2.5)
    assert (model.time, model.steps) == (2.5, 2)
    model.run_for(3)
    assert (model.time, model.steps) == (5.5, 5)
    model.run_until(7)
    same(model.frame(), coop_abm.run("kin", steps=7, seed=1).frame)


@pytest.mark.parametrize("duration", [-1, float("nan"), float("inf"), "3", True, None])
def test_what_is_no_duration_is_refused_in_one_line(duration):
    model = CoopModel("kin", rng=1)
    with pytest.raises(InputError, match=r"^run_for: the duration must be a finite number, at least 0; got"):
        model.run_for(duration)
    model.step()
    assert model.steps == 1


def test_a_subclass_may_do_more_in_a_step():
    class Watching(CoopModel):
        """Counts its steps itself."""

        watched = 0

        def step(self):
            super().step()
            self.watched += 1

    model = Watching("kin", rng=1)
    model.step()
    model.run_for(5)
    assert model.watched == model.steps == 6
    same(model.frame(), coop_abm.run("kin", steps=6, seed=1).frame)


# ------------------------------------------------------------------------------------- reporters


def test_reporters_of_the_user_join_in_every_form_that_mesa_takes():
    model = CoopModel(
        "network",
        rng=1,
        model_reporters={
            "twice": lambda m: 2 * m.steps,
            "when": "time",
            "listed": [max, [1, 2]],
        },
        agent_reporters={"strategy": "strategy", "rich": lambda a: a.payoff > 0},
    )
    model.run_for(2)
    assert model.frame()[["twice", "when", "listed"]].to_numpy().tolist() == [[0, 0, 2], [2, 1, 2], [4, 2, 2]]
    of_agents = model.datacollector.get_agent_vars_dataframe()
    assert of_agents.shape == (300, 2)
    share = (of_agents.loc[2.0, "strategy"] == "alld").mean()
    assert share == model.frame()["share_alld"].iloc[-1]


def test_names_alone_report_attributes():
    model = CoopModel("kin", rng=1, model_reporters="steps", agent_reporters=["payoff", "group"])
    assert list(model.frame())[-1] == "steps"
    assert list(model.datacollector.get_agent_vars_dataframe()) == ["payoff", "group"]


def test_nothing_is_collected_of_agents_unless_asked():
    model = CoopModel("kin", rng=1)
    model.run_for(3)
    assert not model.datacollector._agent_records and len(model._all_agents) == 0


@pytest.mark.parametrize("taken", ["cooperators", "share_alld", "time"])
def test_a_name_that_is_taken_is_refused(taken):
    with pytest.raises(InputError, match=f"^model_reporters: {taken} is collected already"):
        CoopModel("kin", rng=1, model_reporters={taken: lambda m: 1})


@pytest.mark.parametrize("advance", ["step", "run_for"])
@pytest.mark.parametrize("of", ["model_reporters", "agent_reporters"])
def test_a_reporter_that_raises_says_which_when_and_why_and_spoils_nothing(of, advance):
    def odd(asked):
        steps = getattr(asked, "model", asked).steps
        return 1 / (steps - 3)

    model = CoopModel("all_five", rng=1, **{of: {"steps": lambda a: 1, "odd": odd}})
    with pytest.raises(ReporterError) as caught:
        if advance == "run_for":
            model.run_for(10)
        for _ in range(10):
            model.step()
    assert str(caught.value) == "reporter 'odd' failed at step 3: ZeroDivisionError: division by zero"
    assert isinstance(caught.value, CoopError)
    assert model.frame()["time"].tolist() == [0.0, 1.0, 2.0]  # all columns are of one length, or pandas refuses
    assert (model.time, model.steps) == (3.0, 3)
    model.step()
    model.run_for(2)
    expected = coop_abm.run("all_five", steps=6, seed=1).frame
    kept = model.frame()[list(expected)]
    same(kept, expected[expected["time"] != 3.0].reset_index(drop=True))


def test_an_attribute_that_is_not_there_is_said_at_row_0():
    with pytest.raises(ReporterError, match=r"^reporter 'wealth' failed at step 0: AttributeError: .*wealth"):
        CoopModel("kin", rng=1, model_reporters=["wealth"])


# ---------------------------------------------------------------------------------------- memory


def test_a_model_that_nobody_refers_to_is_gone_at_once():
    gc.disable()
    try:
        for name in ("all_five", "network", "group", "well_mixed"):
            model = CoopModel(name, rng=1)
            model.run_for(3)
            gone = weakref.ref(model)
            del model
            assert gone() is None, name
    finally:
        gc.enable()


def test_a_method_of_a_model_that_is_gone_says_so():
    step = CoopModel("kin", rng=1).step
    with pytest.raises(CoopError, match=r"^the model of this method is gone"):
        step()


@pytest.mark.slow
def test_memory_is_flat_over_two_hundred_models():
    def build():
        model = CoopModel("group", rng=1, size=60, agent_reporters=["strategy"])
        model.run_for(2)
        assert len(model.space.all_cells) == 60

    for _ in range(20):
        build()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        build()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000  # a single such model with its agents takes more


# ----------------------------------------------------------------------------------------- space


def test_the_space_has_a_cell_for_each_row_and_the_connections_of_the_graph():
    model = CoopModel("network", rng=1)
    assert isinstance(model.space, mesa.discrete_space.Network) and model.space is model.space
    for agent in model.agents:
        assert agent.cell.agents == [agent] and agent.cell.coordinate == agent.row
        near = {other.row for other in agent.neighbors}
        assert near == {cell.coordinate for cell in agent.cell.connections.values()} and len(near) == 4
    assert all(cell.position is not None for cell in model.space.all_cells)


def test_a_well_mixed_population_has_cells_and_no_connections():
    model = CoopModel("well_mixed", rng=1)
    assert len(model.space.all_cells) == 50 and model.space.G.number_of_edges() == 0
    assert len(next(iter(model.agents)).neighbors) == 49


def test_weights_of_edges_come_along():
    graph = networkx.cycle_graph(6)
    networkx.set_edge_attributes(graph, {edge: 1.0 + edge[0] for edge in graph.edges}, "weight")
    model = CoopModel("network", rng=1, graph=graph)
    assert model.space.G[2][3]["weight"] == 3.0


def test_a_snapshot_stays_while_the_world_goes_on():
    model = CoopModel("all_five", rng=1)
    then = model.snapshot()
    before = then.strategy.copy()
    model.run_for(20)
    assert np.array_equal(then.strategy, before) and not np.array_equal(model.snapshot().strategy, before)
    with pytest.raises(ValueError, match="read-only"):
        then.strategy[0, 0] = 1


def test_a_model_is_made_again_not_copied():
    model = CoopModel("kin", rng=1)
    for copied in (copy.deepcopy, pickle.dumps):
        with pytest.raises(CoopError, match=r"^a model cannot be pickled or copied; CoopModel\(model.declared"):
            copied(model)


def test_an_agent_class_must_be_one():
    with pytest.raises(InputError, match=r"^agent_class must be a subclass of CoopAgent; got"):
        CoopModel("kin", rng=1, agent_class=mesa.Agent)
    assert issubclass(CoopAgent, mesa.Agent)
