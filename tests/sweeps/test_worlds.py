"""Runs of declared worlds in a sweep: the rows of ``mesa.batch_run(CoopModel, ...)`` without Mesa."""

from __future__ import annotations

import multiprocessing
import pickle

import numpy as np
import pytest
from mesa.batchrunner import batch_run

import coop_abm
from coop_abm import CoopModel, lab
from coop_abm.core.errors import GraphError, InputError, ScenarioError
from coop_abm.engine.history import look
from coop_abm.games import Donation
from coop_abm.policies.means import Means
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Human, Model, Scripted, Team
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import AllC, AllD, TitForTat
from coop_abm.sweeps.work import Task
from coop_abm.sweeps.worlds import WorldWork

STEPS = 7
SMALL = Scenario(size=12)
ON = {"network.enabled": True, "update": "death_birth"}
KINDS = {
    "mixed": {},
    "groups": {"group.enabled": True, "group.size": 4, "group.split": 0.3},
    "kin": {"kin.enabled": True, "kin.relatedness": 0.3},
    "torus": {**ON, "network.graph": "torus"},
    "random": {**ON, "network.graph": "random_regular"},
}
SEEDS = [3, 2**62 + 5]


@pytest.fixture
def rows_of_mesa(monkeypatch):
    """Mesa's own batch_run, kept from changing how this process starts others."""
    monkeypatch.setattr(multiprocessing, "set_start_method", lambda *_given, **_named: None)

    def rows(scenario, period, more, seeds):  # a scenario can be iterated over, which Mesa would do
        return batch_run(
            CoopModel, {"scenario": [scenario], **more}, rng=seeds, data_collection_period=period,
            max_steps=STEPS, display_progress=False,
        )  # fmt: skip

    return rows


def equal(theirs, table, *others):
    """The same rows in the same order, to the type and to the last bit."""
    left_out = {"RunId", "iteration", "scenario", "rng", *others}
    theirs = [{name: value for name, value in row.items() if name not in left_out} for row in theirs]
    ours = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    assert [list(row) for row in theirs] == [list(row) for row in ours]
    for one, other in zip(theirs, ours, strict=True):
        for name, value in one.items():
            assert type(value) is type(other[name])
            assert value == other[name] or (value != value and other[name] != other[name]), name


def performed(work, runs, parameters=None, first=0):
    return work.perform(Task(work.cell(parameters or {}), first, runs))


@pytest.mark.parametrize("clock", ["round", "event"])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_those_of_batch_run_for_the_same_seeds(rows_of_mesa, clock, kind):
    scenario = replace(SMALL, {"clock": clock, **KINDS[kind]})
    for period in (-1, 1, 3):
        work = WorldWork(scenario, steps=STEPS, period=period, rng=SEEDS)
        outcomes = performed(work, 2, {"game__benefit": 4.0})
        theirs = rows_of_mesa(scenario, period, {"game__benefit": 4.0}, SEEDS)
        for run, outcome in enumerate(outcomes):
            assert (outcome.replicate, outcome.seed, outcome.cause) == (run, SEEDS[run], "")
            equal([row for row in theirs if row["iteration"] == run], outcome.tables[0], "game__benefit")


@pytest.mark.parametrize("clock", ["round", "event"])
@pytest.mark.parametrize("graphs", ["each", "one"])
def test_replicate_r_is_replicate_r_of_the_seed(clock, graphs):
    scenario = replace(SMALL, {"clock": clock, **KINDS["random"]})
    work = WorldWork(scenario, steps=STEPS, seed=11, graphs=graphs, measures=["assortment"])
    for outcome in performed(work, 3, first=1):
        assert outcome.seed == 11
        number = outcome.replicate if graphs == "each" else 0
        going = lab.start(scenario, 11, replicate=outcome.replicate, graph=number)
        for _ in range(STEPS):
            going.step()
        last = look(going, scenario.repertoire().names, ["assortment"])
        assert repr(outcome.tables[0].rows) == repr([(float(STEPS), *last.values())])


def test_a_replicate_is_what_run_and_a_model_show_of_it(rows_of_mesa):
    work = WorldWork(replace(SMALL, KINDS["random"]), steps=STEPS, seed=11, period=1)
    for outcome in performed(work, 2, {"game.benefit": 4.5}, first=1):
        r = outcome.replicate
        rows = rows_of_mesa(work.base, 1, {"game__benefit": 4.5, "replicate": r}, [11])
        equal(rows, outcome.tables[0], "game__benefit", "replicate")
        frame = coop_abm.run(work.base, steps=STEPS, seed=11, replicate=r, game__benefit=4.5).frame
        assert frame.rename(columns={"time": "Step"}).equals(
            frame.__class__(outcome.tables[0].rows, columns=list(outcome.tables[0].names))
        )


def test_any_split_into_tasks_gives_the_same_outcomes():
    work = WorldWork(replace(SMALL, {"clock": "event"}), steps=STEPS, measures=["cooperators"])
    parts = [outcome for first, runs in ((0, 2), (2, 2), (4, 1)) for outcome in performed(work, runs, first=first)]
    assert performed(work, 5) == parts


# ------------------------------------------------------------------------------- cells and seeds


def test_a_cell_is_what_can_change_its_results():
    work = WorldWork(SMALL, steps=STEPS)
    cell = work.cell({"game__benefit": 4.0})
    assert work.cell({"game.benefit": np.float64(4.0)}).hash == cell.hash
    parts = work.cell({"game": Donation(benefit=4.0)})
    assert work.scenario(parts) == work.scenario(cell)  # one world, and two points of a sweep
    assert parts.hash != cell.hash
    others = [work.cell({"game.benefit": 5.0}).hash, WorldWork(SMALL, steps=8).cell({"game.benefit": 4.0}).hash]
    assert len({cell.hash, *others}) == 3
    assert work.scenario(cell).game.benefit == 4.0


def test_identity_tells_sweeps_apart_and_is_plain():
    given = {"steps": 8, "measures": ["cooperators"], "period": 2, "seed": 1, "rng": [1], "pairing": "independent",
             "graphs": "one"}  # fmt: skip
    works = [WorldWork(SMALL, **({"steps": 7} | {name: value})) for name, value in given.items()]
    works += [WorldWork(SMALL, steps=7), WorldWork(replace(SMALL, {"size": 13}), steps=7)]
    assert len({str(work.identity) for work in works}) == len(works)
    assert len({work.cell({}).hash for work in works}) == len(works)


def test_cells_are_paired_unless_they_are_to_be_independent():
    for pairing, seeds in (("paired", 1), ("independent", 2)):
        work = WorldWork(SMALL, steps=1, seed=4, pairing=pairing)
        cells = [work.cell({"game.benefit": benefit}) for benefit in (4.0, 5.0)]
        assert len({work.source(cell, 0) for cell in cells}) == seeds
        assert work.source(cells[0], 0) == work.source(cells[0], 7)


def test_as_many_runs_are_together_as_memory_holds():
    def together(**knobs):
        work = WorldWork(replace(SMALL, knobs), steps=1)
        return work.most_together(work.cell({}))

    assert together(size=100) == 50 * together(size=5000) > 1000
    assert together(size=1000, partners="all") == 1
    assert (long := WorldWork(SMALL, steps=999, period=1)).most_together(long.cell({})) == 20
    assert together(size=100, partners="all", **ON, **{"network.graph": "torus"}) > 1000
    assert together(players=(Players(share=1, strategy=AllD(), policy=Scripted(moves="CD")),)) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"period": 0}, r"^period must be -1 .* got 0$"),
        ({"period": -2}, r"^period must be -1 .* got -2$"),
        ({"steps": -1}, r"^steps must be a whole number"),
        ({"seed": 2**63}, r"^seed must be a whole number"),
        ({"rng": [1, None]}, r"^seed must be a whole number .* got None$"),
        ({"pairing": "both"}, r"^pairing must be one of paired, independent; got 'both'$"),
        ({"graphs": "two"}, r"^graphs must be one of each, one; got 'two'$"),
        ({"measures": ["joy"]}, r"^measures: must be among .* got 'joy'$"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_one_line(given, said):
    with pytest.raises(InputError, match=said):
        WorldWork(SMALL, **({"steps": 1} | given))


def test_a_knob_that_is_wrong_is_refused_in_one_line():
    work = WorldWork(SMALL, steps=1, rng=[1])
    for knobs, kind, said in (
        ({"kin.relatednes": 0.1}, ScenarioError, "kin.relatednes"),
        ({"kin.relatedness": 7.0}, ScenarioError, r"^kin\.relatedness.* 7"),
        ({**ON, "network.graph": "torus", "size": 13}, GraphError, "torus"),
        ({"players": (Players(nodes=(0,), strategy=AllD(), policy=Human()), Players(share=1, strategy=AllC()))},
         ScenarioError, r"^players\.policy: nobody can be asked"),
    ):  # fmt: skip
        with pytest.raises(kind, match=said):
            work.cell(knobs)
    with pytest.raises(InputError, match="holds 1 seeds, so there is no run 1"):
        work.source(work.cell({}), 1)


# ------------------------------------------------------------------------------- where others decide


def test_worlds_that_are_asked_give_the_rows_of_batch_run(rows_of_mesa):
    players = (
        Players(share=0.5, strategy=TitForTat(), policy=Model(model="stand-in/tft")),
        Players(share=0.5, strategy=AllD(), policy=Scripted(moves="CD")),
    )
    scenario, means = replace(SMALL, {"size": 4, "players": players}), Means(mode="off", transport="slim")
    for period in (-1, 3):
        work = WorldWork(scenario, steps=STEPS, period=period, rng=[3], measures=["cooperation"], means=means)
        (outcome,) = performed(work, 1)
        assert outcome.tables[0].names[:3] == ("Step", "cooperation", "fallbacks")
        theirs = rows_of_mesa(scenario, period, {"means": means, "measures": [("cooperation",)]}, [3])
        equal(theirs, outcome.tables[0], "means", "measures")


def test_replicates_that_are_asked_one_by_one_draw_their_own_numbers():
    players = (
        Players(share=0.5, strategy=TitForTat()),
        Players(share=0.5, strategy=AllD(), policy=Scripted(moves="CD")),
    )
    work = WorldWork(replace(SMALL, {"players": players}), steps=STEPS, seed=2)
    outcomes = performed(work, 4)
    assert len({tuple(outcome.tables[0].rows) for outcome in outcomes}) > 1
    assert repr(performed(work, 1, first=2)) == repr(outcomes[2:3])


def test_work_travels_to_other_processes_without_those_who_watch():
    work = WorldWork(SMALL, steps=2, means=Means(mode="off", watch=print, begins=print))
    there = pickle.loads(pickle.dumps(work))
    assert there.means.watch is None and there.means.begins is None and there.identity == work.identity
    cell = work.cell({"game.benefit": 4.0})
    assert repr(there.perform(Task(cell, 0, 3))) == repr(work.perform(Task(cell, 0, 3)))


@pytest.mark.parametrize(
    ("means", "said"),
    [
        (Means(transport=type("Own", (), {"send": None})()), r"^transport: an object cannot be sent"),
        (Means(human=lambda asked: 0), r"^means\.human: "),
        (Means(policies={"mine": lambda view: 0}), r"^policies: cannot be sent to other processes"),
    ],
)
def test_what_cannot_travel_is_refused_in_one_line(means, said):
    with pytest.raises(InputError, match=said):
        pickle.dumps(WorldWork(SMALL, steps=2, means=means))


def test_a_cap_is_one_for_all_runs_unless_a_budget_is_named():
    works = [WorldWork(SMALL, steps=steps, means=Means(budget=name)) for steps in (1, 2) for name in ("", "mine")]
    assert [work.means.budget for work in works][1::2] == ["mine", "mine"]
    assert works[0].means.budget != works[2].means.budget


def test_a_planner_around_a_human_is_a_human():
    players = (Players(nodes=(0,), strategy=AllD(), policy=Team(inner=Human())), Players(share=1, strategy=AllC()))
    with pytest.raises(ScenarioError, match="nobody can be asked"):
        WorldWork(SMALL, steps=1).cell({"players": players})
