"""A world that is played in stages as a Mesa model: steps, rows, knobs, Mesa's own batch_run and ours."""

from __future__ import annotations

import gc
import pickle
import weakref

import mesa
import pytest

import coop_abm
from coop_abm import StagedModel
from coop_abm.core.errors import CoopError, InputError, PolicyError, ScenarioError
from coop_abm.engine.staged import play
from coop_abm.policies.means import Means
from coop_abm.sweeps.store import Store
from tests.experiments.worlds import Pair

SLIPPING = Pair(slips=0.3, rounds=6)


class PairModel(StagedModel):
    """The match of the tests."""

    default = SLIPPING


def test_a_step_is_a_round_and_a_row_and_there_is_no_more_when_the_world_is_over():
    model = PairModel(rng=3)
    assert model.running and len(model.frame()) == 1
    for _ in range(10):
        model.step()
    frame = model.frame()
    assert list(frame["time"]) == [0, 1, 2, 3, 4, 5, 6] and not model.running
    assert list(frame) == ["time", "score", "cooperation"]
    assert frame["score"].iloc[0] != frame["score"].iloc[0]  # nothing to measure yet


def test_the_rows_are_those_of_the_world_itself():
    model, seen = PairModel(rng=3, replicate=2), []
    world = play(SLIPPING.start(3, 2), SLIPPING.table(), told=lambda w: seen.append(dict(w.measures())))
    while model.running:
        model.step()
    assert model.frame()[["score", "cooperation"]].iloc[1:].to_dict("records") == seen
    assert model.staged.story() == world.story()


def test_a_run_of_mesa_ends_with_the_world():
    model = PairModel(rng=1)
    model.run_model()
    assert model.steps == 6 and model.staged.over


def test_knobs_are_set_by_their_flat_names():
    model = PairModel(rng=1, rounds=2, first="alld")
    assert (model.declared.rounds, model.declared.first) == (2, "alld")
    assert model.scenario.rounds == 2


@pytest.mark.parametrize(
    ("knobs", "words"),
    [
        ({"round": 3}, r"round: no such knob; did you mean rounds\?"),
        ({"rounds__more": 3}, "rounds.more: no such knob"),
        ({"slips": 1.5}, r"slips must be a number in \[0, 1\]; got 1.5"),
        ({"first": "angel"}, "first must be one of allc, alld, tft; got 'angel'"),
    ],
)
def test_what_cannot_be_declared_is_refused_in_one_line(knobs, words):
    with pytest.raises(ScenarioError, match=words) as refused:
        PairModel(rng=1, **knobs)
    assert "\n" not in str(refused.value)


def test_a_model_without_a_world_a_wrong_measure_and_a_name_that_is_taken_are_refused():
    with pytest.raises(ScenarioError, match="declared must be a world that is played in stages; got None"):
        StagedModel()
    with pytest.raises(InputError, match="measures must be among score, cooperation; got 'happiness'"):
        PairModel(measures=["happiness"])
    with pytest.raises(InputError, match="score is collected already"):
        PairModel(model_reporters={"score": lambda model: 0})


def test_reporters_and_chosen_measures_are_collected():
    model = PairModel(rng=1, measures="score", model_reporters={"done": lambda model: model.staged.round})
    model.step()
    assert list(model.frame()) == ["time", "score", "done"] and model.frame()["done"].tolist() == [0, 1]


def test_a_round_that_fails_was_no_step_and_is_played_again():
    class Faltering:
        def __init__(self):
            self.refuses = True

        def decide(self, question):
            if self.refuses:
                raise PolicyError("not now")
            return SLIPPING.table().decide(question)

    model = PairModel(rng=3)
    model.policy = Faltering()
    with pytest.raises(PolicyError, match="not now"):
        model.step()
    assert model.steps == 0 and model.time == 0 and len(model.frame()) == 1
    model.policy.refuses = False
    while model.running:
        model.step()
    whole = PairModel(rng=3)
    whole.run_model()
    assert model.frame().equals(whole.frame())


def test_a_model_goes_at_once_and_cannot_be_copied():
    model = PairModel(rng=1)
    with pytest.raises(CoopError, match=r"PairModel\(model.declared, rng=model.seed\) makes it again"):
        pickle.dumps(model)
    gc.disable()
    try:
        gone = weakref.ref(model)
        del model
        assert gone() is None
    finally:
        gc.enable()


def test_a_model_whose_players_are_asked_in_words_has_the_rows_of_tables(tmp_path):
    means = Means(transport="slim", journal=tmp_path / "journal.sqlite")
    asked = PairModel(SLIPPING.with_policy("stand-in"), rng=5, means=means)
    asked.run_model()
    plain = PairModel(rng=5)
    plain.run_model()
    assert asked.frame().equals(plain.frame())
    assert asked.policy.replies.total.decisions == 12
    asked.close()
    again = PairModel(SLIPPING.with_policy("stand-in"), rng=5, means=Means(journal=means.journal, mode="replay"))
    again.run_model()  # nothing is sent
    assert again.frame().equals(plain.frame())


# ----------------------------------------------------------------------------------------- batches


def test_mesas_own_batch_run_runs_it():
    rows = mesa.batch_run(PairModel, {"slips": [0.0, 0.5]}, rng=[1, 2], display_progress=False)
    assert len(rows) == 4 and {row["Step"] for row in rows} == {6}
    steady = [row for row in rows if row["slips"] == 0.0]
    assert [row["score"] for row in steady] == [pytest.approx((0 + 1 * 5) / 6)] * 2  # tft against alld


def test_our_batch_run_keeps_its_runs_and_finds_them_again(tmp_path):
    store, axes = tmp_path / "runs.sqlite", {"slips": [0.1, 0.5], "second": ["tft", "alld"]}
    rows = coop_abm.batch_run(PairModel, axes, replicates=3, seed=7, store=store, display_progress=False)
    assert len(rows) == 12
    with Store(store, read_only=True) as kept:
        assert len(list(kept.cells())) == 4
    again = coop_abm.batch_run(PairModel, axes, replicates=3, seed=7, store=store, display_progress=False)
    assert again == rows
    one = next(row for row in rows if row["iteration"] == 2 and row["slips"] == 0.5 and row["second"] == "tft")
    alone = PairModel(rng=7, replicate=2, slips=0.5, second="tft")  # replicate r under the root seed
    alone.run_model()
    assert one["score"] == alone.observed["score"]


def test_a_misspelt_knob_ends_a_batch_before_its_first_run(tmp_path):
    with pytest.raises(ScenarioError, match=r"slip: no such knob; did you mean slips\?"):
        coop_abm.batch_run(PairModel, {"slip": [0.1]}, store=tmp_path / "runs.sqlite", display_progress=False)


@pytest.mark.validate
def test_worker_processes_give_the_same_rows(tmp_path):
    axes = {"slips": [0.1, 0.5]}
    one = coop_abm.batch_run(PairModel, axes, replicates=4, display_progress=False)
    two = coop_abm.batch_run(PairModel, axes, number_processes=2, replicates=4, display_progress=False)
    assert one == two
