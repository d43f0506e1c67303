"""Experiments and sweeps as plain values: tables, options, stores, planes, orders. No browser."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.core.errors import CoopError, InputError, StoreError
from coop_abm.dashboard import forms, launching, links, planes, stores
from coop_abm.dashboard.experiment_words import described
from coop_abm.dashboard.experimenting import Experimenting
from coop_abm.dashboard.jobs import Progress
from coop_abm.dashboard.pages.experiments import SPECIAL, option_controls, option_sections, zipped
from coop_abm.dashboard.watching import Seen, Watching
from coop_abm.dashboard.work import work_shown
from coop_abm.experiments import EXPERIMENTS, experiment, tables
from coop_abm.experiments.base import Column
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.sweeps.orders import asked
from coop_abm.sweeps.sweep import sweep

from .serving import DEADLINE

GRID = ["kin.relatedness=0.2,0.8", "game.benefit=1:5:3"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of six cells of four runs."""
    path = tmp_path_factory.mktemp("store") / "small.sqlite"
    sweep(asked("kin", grid=GRID, settings={"replicates": 4, "steps": 20, "seed": 5}), store=path, workers=0)
    return path


def until(true):
    """Wait for something that another thread does."""
    end = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


# ------------------------------------------------------------------------------------ experiments


def test_the_two_ends_of_an_interval_are_one_column_beside_the_number():
    columns = [
        Column("rule", "rule"), Column("measured", "measured", "", "ours"), Column("low", "low", "", "low"),
        Column("high", "high", "", "high"), Column("verdict", "verdict", "", "verdict"),
    ]  # fmt: skip
    row = {"rule": "kin", "measured": 2.07654, "low": 2.0522, "high": 2.1008, "verdict": "agrees"}
    shown = tables.shown(columns, [row, row | {"measured": None, "low": None, "high": None, "verdict": "differs"}])
    assert [h["title"] for h in shown["head"]] == ["rule", "measured", "95 % interval", "verdict"]
    assert [c["text"] for c in shown["rows"][0]] == ["kin", "2.077", "2.052 … 2.101", "agrees"]
    assert [c["text"] for c in shown["rows"][1]] == ["kin", "", "", "differs"]
    assert shown["rows"][0][3]["mark"] != shown["rows"][1][3]["mark"]  # not by colour alone


def test_the_interval_of_any_other_number_stands_in_its_cell():
    names = ("survival", "low", "high", "gini", "gini_low", "gini_high")
    roles = ("ours", "low", "high", "", "low", "high")
    columns = [Column(name, name, "", role) for name, role in zip(names, roles, strict=True)]
    rows = [dict(zip(names, (30.0, 20.0, 40.0, 0.5, *ends), strict=True)) for ends in ((0.4, 0.6), (None, None))]
    shown = tables.shown(columns, rows)
    assert [h["title"] for h in shown["head"]] == ["survival", "95 % interval", "gini"]
    assert [[c["text"] for c in row] for row in shown["rows"]] == [
        ["30", "20 … 40", "0.5 (0.4 … 0.6)"], ["30", "20 … 40", "0.5"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_option_of_every_experiment_has_a_control(name):
    kind = experiment(name)
    controls = option_controls(kind.options())
    assert {c["path"].partition(".")[0] for c in controls} == set(kind.options.model_fields)
    own, inside = option_sections(kind.options())
    assert [*own["controls"], *(c for section in inside for c in section["controls"])] == sorted(
        controls, key=lambda control: "." in control["path"]
    )
    assert next(c for c in controls if c["path"] == "seed")["kind"] == "text"  # no slider to 2^63


def test_an_option_is_refused_in_one_line_and_the_others_stay():
    work = Experimenting("tournament")
    work.choose("turns", 50)
    with pytest.raises(InputError, match="turns"):
        work.choose("turns", 0)
    with pytest.raises(InputError, match="strategies must be among"):
        work.choose("strategies", "tft, nobody")
    work.choose("noise", 0)  # a whole number is a number
    work.choose("strategies", None)
    assert work.options.turns == 50 and work.options.noise == 0.0 and work.options.strategies == ""


def test_an_experiment_is_measured_in_a_process_of_its_own_and_its_results_are_those_of_this_one():
    changed = threading.Event()
    work = Experimenting("tournament", changed.set)
    work.choose("strategies", "tft, alld, allc")
    work.choose("repetitions", 1)
    work.run()
    until(lambda: not work.now.working)
    assert work.now.state == "done", work.now
    kind = experiment("tournament")
    rows = kind.chosen(work.options).table(kind.chosen(work.options).measure())
    assert [r["score"] for r in work.results.rows] == [r["score"] for r in rows]
    assert work.results.reading.startswith("alld comes first") and changed.is_set()
    assert {"tournament.csv", "tournament.png", "tournament.svg", "provenance.json"} <= set(work.results.files)
    assert work.results.file(".png").startswith(b"\x89PNG")
    assert {"commons", "languages", "super_additive", "tournament"} == set(SPECIAL)
    assert work.results.view["names"][0] == "alld"
    assert zipped(work.results.files) == zipped(work.results.files)


def test_a_measurement_that_is_stopped_leaves_no_process_and_can_begin_again():
    work = Experimenting("five-rules")
    work.run()
    until(lambda: work.now.words not in ("", "starting"))
    work.stop()
    assert work.now.state == "stopped"
    until(lambda: not [t for t in threading.enumerate() if t.name == "coop_abm-job"])
    assert not work.results.files


def test_work_under_way_says_share_words_and_time_left():
    shown = work_shown(Progress("working", "kin: near b/c = 2", 0.25, 40.0))
    assert shown["said"] == "25 % · kin: near b/c = 2 · about 40 s left"
    assert work_shown(Progress("failed", error="No."))["error"] == "No."


def test_worlds_of_an_experiment_open_in_the_lab_or_say_what_they_are():
    kind = experiment("five-rules")
    worlds = kind.chosen(kind.options()).scenarios()
    shown = described("network", worlds["network"], 3, True)
    assert links.read(shown["link"], named("kin"), 0).scenario == worlds["network"]
    society = experiment("image-scoring").chosen(experiment("image-scoring").options()).scenarios()["no mutation"]
    told = described("no mutation", society, 0, False)
    assert not told["able"] and not told["drawn"] and "individuals 100" in told["about"]


# ------------------------------------------------------------------------------------ stores


def test_a_store_is_looked_at_from_afar(store):
    found = stores.look(store)
    assert (found.name, found.cells, found.done, found.failed, found.asked) == ("kin", 6, 24, 0, 24)
    assert found.measure == "cooperators" and "share_alld" in found.measures and not found.sampled


def test_a_file_that_is_no_store_is_one_sentence(tmp_path):
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"SQLite format 3\0" + b"x" * 200)
    with pytest.raises(StoreError) as refusal:
        stores.look(other)
    assert "\n" not in str(refusal.value)


def test_a_damaged_store_is_one_sentence(store, tmp_path):
    import sqlite3

    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(store.read_bytes())
    with sqlite3.connect(damaged) as base:
        base.execute("UPDATE cells SET parameters = '{}'")
    base.close()
    with pytest.raises(StoreError, match=r"is damaged: cell [0-9a-f]{16} does not match its checksum"):
        stores.look(damaged)


def test_the_plane_has_the_colours_places_and_line_of_the_figure(store):
    found, table = stores.look(store), stores.cells(store, "cooperators")
    now = stores.chosen(table, "", "", {}, sampled=False)
    assert (now.x, now.y, now.rows) == ("kin.relatedness", "game.benefit", list(range(6)))
    drawn = planes.plane(table, found, "cooperators", now, {})
    assert drawn["kind"] == "cells" and len(drawn["cells"]) == len(drawn["tips"]) == 6
    assert all(0 <= share <= 1 for share, _text in drawn["x"]["ticks"] + drawn["y"]["ticks"])
    exact = drawn["lines"][-1]
    assert exact["name"].startswith("theory") and "Theory:" in drawn["said"]
    # At relatedness 0.8 the line passes through the exact critical ratio of that very world.
    world = replace(named("kin"), {"kin.relatedness": 0.8})
    critical = (expectation_of(world) - 0) * world.game.cost
    up = (critical - 0) / (6 - 0)  # cells at 1, 3, 5 end at 0 and 6
    across = (0.8 - -0.1) / (1.1 - -0.1)
    points = np.array([p for p in exact["points"] if p])
    assert np.interp(across, points[:, 0], points[:, 1]) == pytest.approx(up, abs=0.01)


def expectation_of(world):
    from coop_abm.scenario.expectation import expectation

    return expectation(world).value


def test_the_axes_change_places_and_a_curve_holds_the_other_parameter(store):
    found, table = stores.look(store), stores.cells(store, "cooperators")
    now = stores.chosen(table, "game.benefit", "-", {"kin.relatedness": "0.8"}, sampled=False)
    assert now.y == "" and now.at == {"kin.relatedness": "0.8"} and len(now.rows) == 3
    drawn = planes.plane(table, found, "cooperators", now, {})
    assert drawn["kind"] == "curve" and len(drawn["points"]) == 3 and len(drawn["lines"]) == 1
    names = [c["name"] for c in stores.choices(table, now)]
    assert names == ["x", "y", "at:kin.relatedness"]


def test_a_run_of_a_cell_is_the_run_that_its_link_shows(store):
    found = stores.look(store)
    cell = stores.one_cell(store, found, {"kin.relatedness": 0.8, "game.benefit": 3}, "cooperators", 0)
    assert [run["replicate"] for run in cell["runs"]] == [0, 1, 2, 3]
    last = cell["runs"][3]
    linked = links.read(last["link"], named("network"), 0)
    assert (linked.seed, linked.replicate, linked.error) == (5, 3, "")
    again = lab.run(linked.scenario, steps=20, seed=linked.seed, replicate=linked.replicate)
    assert tables.text(float(again.frame["cooperators"].iloc[-1])) == last["value"]


def test_a_link_with_a_replicate_that_cannot_be_is_refused_in_one_line():
    linked = links.read("scenario=kin&replicate=-1", named("network"), 0)
    assert linked.error.startswith("replicate must be a whole number") and linked.replicate == 0


def test_failed_runs_show_their_sentence(tmp_path):
    from coop_abm.sweeps.store import Store
    from coop_abm.sweeps.work import Outcome

    path = tmp_path / "failed.sqlite"
    order = asked("kin", grid=["game.benefit=2,3"], settings={"replicates": 2, "steps": 2})
    with Store(path) as kept:
        kept.open_for(order.work.identity)
        kept.remember(order.tree())
        cell = order.work.cell({"game.benefit": 2})
        kept.keep([(cell, [Outcome(0, 0, (), "MemoryError: no room")])])
    found = stores.look(path)
    shown = stores.one_cell(path, found, {"game.benefit": 2}, "cooperators", 0)
    assert shown["runs"][0]["error"] == "MemoryError: no room" and shown["runs"][0]["value"] == ""
    words = forms.progress(Seen(path, found), False)
    assert "1 of 4 runs" in words and "1 failed" in words


def test_a_tab_watches_its_store_and_says_what_is_wrong(store, tmp_path):
    changes = threading.Event()
    watching = Watching(store, changes.set)
    watching.open()
    try:
        until(lambda: watching.seen.plane)
        watching.choose_cell(0)
        until(lambda: watching.seen.cell)
        assert watching.seen.cell["total"] == 4 and "relatedness" in watching.seen.cell["toml"]
        watching.choose("measure", "share_alld")
        until(lambda: watching.seen.measure == "share_alld")
        watching.pick(tmp_path / "gone.sqlite")
        until(lambda: watching.seen.error)
        assert watching.seen.error == "gone.sqlite is not there"
    finally:
        watching.close()


def test_a_figure_and_the_rows_are_made_by_the_commands_of_the_command_line(store):
    given = {}
    watching = Watching(store, lambda: None)
    watching.open()
    try:
        until(lambda: watching.seen.plane)
        watching.save("cells.csv", given.__setitem__)
        until(lambda: not watching.seen.saving)
    finally:
        watching.close()
    assert watching.seen.error == "" and given["small.cells.csv"].count(b"\n") == 7


# ------------------------------------------------------------------------------------ new sweeps


def test_what_the_form_offers_is_what_a_sweep_takes(tmp_path):
    world = named("network")
    offered = forms.form(world, tmp_path, True)
    assert {"game.benefit", "update", "size"} <= {knob["path"] for knob in offered["knobs"]}
    for knob in offered["knobs"]:
        if ":" in knob["values"]:
            continue  # numbers may have conditions on each other, which the order says
        asked(world, grid=[f"{knob['path']}={knob['values']}"], settings={"replicates": 1, "steps": 1})
    made = forms.order_of(offered["usual"] | {"name": "mine", "knob2": "update", "values2": "death_birth,imitation"},
                          world, tmp_path)  # fmt: skip
    assert made.store == tmp_path / "mine.sqlite" and made.words[:2] == ("sweep", "network")
    assert "--grid game.benefit=0:10:9 --grid update=death_birth,imitation" in made.command


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": "../up"}, "name: at most 60"), ({"name": ""}, "name: at most 60"),
        ({"name": "there"}, "there is a file there.sqlite already"), ({"replicates": "many"}, "replicates: must be"),
        ({"values1": "1:2"}, "grid.game.benefit"), ({"values1": "1:2:100000"}, "are too many here"),
        ({"knob2": "game.benefit"}, "another knob than the first"), ({"knob1": "no.such"}, "must be a knob"),
        ({"measure": "luck"}, "measure: must be among"), ({"steps": "-1"}, "steps"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_is_named_in_one_line(changed, sentence, tmp_path):
    (tmp_path / "there.sqlite").touch()
    world = named("kin")
    usual = forms.form(world, tmp_path, True)["usual"] | {"name": "mine"}
    with pytest.raises(CoopError, match=sentence) as refusal:
        forms.order_of(usual | changed, world, tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_world_of_ones_own_goes_into_a_file_beside_its_store(tmp_path):
    world = named("kin").model_copy(update={"name": "ours"})
    made = launching.order(tmp_path, "mine", world, ["game.benefit=1,2"], {"replicates": 1, "steps": 1})
    assert made.words[1] == "mine.toml" and 'name = "ours"' in made.scenario


def test_a_sweep_is_started_stopped_and_gone_on_with_by_the_same_command(tmp_path):
    launcher = launching.Launcher()
    world = named("kin")
    made = launching.order(tmp_path, "mine", world, ["game.benefit=1,2"], {"replicates": 20000, "steps": 50})
    launched = launcher.start(made)
    try:
        with pytest.raises(InputError, match=r"mine\.sqlite is being made"):
            launcher.start(made)
        until(lambda: made.store.exists() and _done(made.store))
        launched.stop()
        until(lambda: not launched.working)
        assert launched.error == "" and launcher.busy == ""
        before = _done(made.store)
        assert 0 < before < 40000
        again = launcher.start(made)
        until(lambda: _done(made.store) > before)
        assert launcher.of(made.store) is again
    finally:
        launcher.close()
    assert launcher.busy == ""


def _done(path):
    try:
        return stores.look(path).done
    except StoreError:  # it is just being made
        return 0


def test_a_sweep_that_cannot_be_done_says_why(tmp_path):
    launcher = launching.Launcher()
    words = ("sweep", "kin", "--grid", "game.benefit=1,2", "--measure", "luck", "--store", "bad.sqlite")
    launched = launcher.start(launching.Order(words, tmp_path / "bad.sqlite"))
    until(lambda: not launched.working)
    assert "measure: must be among" in launched.error


def test_only_stores_of_the_folder_are_on_offer(tmp_path):
    for name in ("one.sqlite", "two.sqlite", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder.sqlite").mkdir()
    assert sorted(stores.stores_in(tmp_path)) == ["one.sqlite", "two.sqlite"]
