"""What the rows about sweeps time does what they say; nothing here looks at a clock."""

import pytest

from benchmarks import sweep_sides
from benchmarks.beside import Beside
from benchmarks.harness import Disagreement
from benchmarks.rows import sweeps
from benchmarks.sweep_models import Nothing
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.work import performed


def test_both_sides_give_the_same_rows_in_a_process_of_their_own():
    process = Beside("benchmarks.sweep_sides")
    try:
        assert process.ask("same_rows", model="world", runs=2, steps=3) is True
        assert process.ask("same_rows", model="walk", runs=3, steps=2) is True
        with pytest.raises(Disagreement, match="such_thing"):
            process.ask("such_thing")
    finally:
        process.close()


def test_what_does_nothing_is_kept_found_and_exported(tmp_path):
    place = str(tmp_path / "store.sqlite")
    first = sweep_sides.swept(place, runs=200, cells=10, rows=2)
    with Store(place, read_only=True) as kept:
        assert sum(len(list(kept.outcomes(cell.hash))) for cell in kept.cells()) == 200
    again = sweep_sides.swept(place, runs=200, cells=10, rows=2)
    assert first["held"] > 0 and again["held"] > 0
    assert sweep_sides.export(place, "csv")["rows"] == 400


def test_a_coordinator_and_a_store_are_fed_what_was_asked_for():
    assert sweep_sides.keep(1_000, 1) >= 0 and sweep_sides.swept_anew(100, 10, 20) >= 0
    assert sweep_sides.bytes_kept(100, 1) > 0
    work = Nothing(rows=3)
    task = work.cell({"x": 1})
    assert [len(o.tables[0].rows) for o in performed(work, sweep_sides.Task(task, 0, 2))] == [3, 3]


def test_a_store_that_was_filled_is_what_the_command_would_go_on_with(tmp_path):
    from coop_abm.sweeps.orders import asked

    place = tmp_path / "kin.sqlite"
    cells = ["kin.relatedness=0:0.5:2", "game.benefit=1:8:2"]
    assert sweep_sides.fill(str(place), cells, 3) == 12
    order = asked("kin", grid=cells, settings={"replicates": 3, "steps": 10, "measures": "cooperators"})
    with Store(place) as kept:
        kept.open_for(order.work.identity)
        done = [len(kept.state(order.work.cell(parameters))[0]) for parameters in order.design.parameters()]
    assert done == [3] * 4


def test_tasks_reach_workers():
    found = sweep_sides.tasks("workers", 1, 5, 2)
    assert found["start"] > 0 and len(found["each"]) == 2


def test_rows_say_what_they_are():
    names = [row.name for row in sweeps.BENCHMARKS]
    assert all(name.startswith("sweep-") for name in names)
