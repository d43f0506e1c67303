"""What every experiment of worlds in stages must hold to, found in the registry, also with cells that are missing."""

from __future__ import annotations

import numpy as np
import pytest

from coop_abm.engine.staged import play
from coop_abm.experiments import EXPERIMENTS, experiment
from coop_abm.experiments.runs import Run, Runs
from coop_abm.experiments.staged import NOTE, StagedExperiment, StagedOptions
from coop_abm.policies.staged import close, deciding
from tests.experiments.worlds import Pairs

STAGED = {"pairs": Pairs}
STAGED |= {name: kind for name in EXPERIMENTS if issubclass(kind := experiment(name), StagedExperiment)}
every_experiment = pytest.mark.parametrize("kind", STAGED.values(), ids=STAGED)
PARTS = pytest.mark.parametrize("share", [0.0, 0.5, 1.0])


def made(kind):
    return kind(kind.options(**kind.quick), store="", workers=0)


def invented(chosen, share):
    """Runs with made-up measures: this share of the cells is whole, each of the others lacks its last replication."""
    dice, cells = np.random.default_rng(1), list(chosen.worlds)
    names = {cell: tuple(world.start(chosen.seed).measures()) for cell, world in chosen.worlds.items()}
    whole = cells[: round(share * len(cells))]
    runs = tuple(
        Run(cell, r, {name: float(dice.random()) for name in names[cell]}, {})
        for cell in cells
        for r in range(chosen.replications - (cell not in whole))
    )
    return Runs(tuple(cells), chosen.replications, runs, {}), whole


@every_experiment
def test_its_options_have_what_all_have_and_its_last_column_says_what_is_missing(kind):
    assert issubclass(kind.options, StagedOptions) and set(StagedOptions.model_fields) <= set(kind.options.model_fields)
    assert kind.columns[-1] == NOTE and kind.question.endswith("?")
    assert len({column.name for column in kind.columns}) == len(kind.columns)


@every_experiment
@PARTS
def test_cells_that_are_missing_are_listed_and_have_no_numbers(kind, share):
    chosen = made(kind)
    results, whole = invented(chosen, share)
    rows = chosen.table(results)
    names = {column.name for column in kind.columns}
    assert all(set(row) <= names for row in rows)
    missing = [row for row in rows if str(row["note"] or "").startswith("missing: ")]
    first = kind.columns[0].name
    assert [row[first] for row in missing] == [cell for cell in results.cells if cell not in whole]
    assert all(row[name] is None for row in missing for name in names - {first, "note"})
    assert ("cells lack runs" in chosen.reading(results)) == bool(missing)


@every_experiment
@pytest.mark.filterwarnings("ignore:No artists with labels")  # a panel whose cells are all missing
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_its_figure_is_drawn_of_whatever_is_whole(kind, share):
    results, _whole = invented(chosen := made(kind), share)
    assert chosen.figure(results).axes


@every_experiment
def test_its_worlds_are_functions_of_seed_and_replicate_and_ask_no_more_than_they_say(kind):
    chosen = made(kind)
    for world in list(chosen.worlds.values())[:3]:
        asked: dict[str, int] = {}
        runs = []
        for _again in range(2):
            running = world.start(5, 1)
            policy = deciding(running)
            try:
                runs.append(play(running, Counting(policy, asked)))
            finally:
                close(policy)
        assert runs[0].story() == runs[1].story() and runs[0].over
        np.testing.assert_equal(dict(runs[0].measures()), dict(runs[1].measures()))
        most = world.most_questions()
        assert all(count <= 2 * most[stage] for stage, count in asked.items()), (asked, most)
        assert list(world.start(5, 1).measures()) == list(runs[0].measures())  # the same names from the start on


class Counting:
    """Whoever decides, and how many decisions of each stage were asked for."""

    def __init__(self, policy, asked):
        self.policy, self.asked = policy, asked

    def decide(self, question):
        self.asked[question.stage] = self.asked.get(question.stage, 0) + len(question)
        return self.policy.decide(question)


@every_experiment
def test_its_worlds_go_to_other_processes_and_play_as_stand_ins(kind):
    import pickle

    chosen = made(kind)
    for world in list(chosen.worlds.values())[:3]:
        assert pickle.loads(pickle.dumps(world)) == world
        asked = world.with_policy("stand-in")
        assert all(mind.tabled for mind in world.with_policy("table").minds())
        assert not any(mind.tabled for mind in asked.minds()) and len(asked.minds()) == len(world.minds())
