"""One row for each cell: what the runs of a cell say, and in which order cells stand."""

import math

import numpy as np
import pytest

from coop_abm.core.errors import InputError
from coop_abm.engine.statistics import bounded, mean, share
from coop_abm.sweeps.memory import Memory
from coop_abm.sweeps.table import Finals, finals, parameters_of, summary, varying
from coop_abm.sweeps.work import Cell, Outcome, Table


def test_binary_outcomes_of_a_share_have_wilsons_interval():
    values = np.r_[np.ones(7), np.zeros(33)]
    found, wilson = bounded(values), share(7, 40)
    assert found.value == wilson.value
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high))


def test_the_interval_of_a_share_stays_within_its_bounds_and_has_a_width():
    for values in (np.zeros(5), np.ones(5), np.full(1, 0.5)):
        found = bounded(values)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.high - found.low > 0.1
    assert math.isnan(bounded(np.empty(0)).value)
    with pytest.raises(InputError, match="in \\[0, 1\\]"):
        bounded(np.array([0.5, 1.2]))


def test_cells_stand_in_the_order_of_their_parameters_numbers_before_words():
    rows = [({"x": x, "y": y}, np.array([0.5])) for x in (10, 9.5, "ring") for y in (True, False)]
    table = summary(rows, "cooperators")
    assert list(table["x"]) == [9.5, 9.5, 10, 10, "ring", "ring"]
    assert list(table["y"]) == [False, True] * 3
    assert list(table.columns) == ["x", "y", "runs", "failed", "undefined", "mean", "low", "high", "error"]


def test_shares_are_bounded_and_everything_else_has_students_interval():
    values = np.array([0.0, 0.0, 1.0])
    as_share = summary([({"x": 1}, values)], "share_alld").iloc[0]
    other = summary([({"x": 1}, values)], "mean_payoff").iloc[0]
    assert tuple(as_share[["mean", "error", "low", "high"]]) == pytest.approx(tuple(bounded(values)))
    assert other["low"] == pytest.approx(mean(values).low)
    counted = summary([({"x": 1}, np.array([3.0, 4.0, 9.0]))], "cooperators").iloc[0]  # somebody else's count
    assert counted["mean"] == pytest.approx(16 / 3)


def test_failed_runs_and_runs_without_a_value_are_counted_and_no_part_of_the_mean():
    row = summary([Finals({"x": 1}, np.array([0.2, np.nan, 0.4]), failed=5)], "cooperators").iloc[0]
    assert (row["runs"], row["failed"], row["undefined"]) == (2, 5, 1)
    assert row["mean"] == pytest.approx(0.3)


def test_a_cell_without_runs_has_no_mean():
    row = summary([Finals({"x": 1}, np.empty(0), failed=3)], "cooperators").iloc[0]
    assert row["runs"] == 0
    assert np.isnan(row["mean"])


def test_the_table_says_what_varies():
    table = summary([({"x": x, "y": 2.0}, np.zeros(2)) for x in (1.0, 2.0)], "cooperators")
    assert parameters_of(table) == ["x", "y"]
    assert varying(table) == ["x"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([({"mean": 1}, np.zeros(1))], "none may be called"),
        ([({"x": 1}, np.zeros(1))] * 2, "every cell can be there once"),
    ],
)
def test_rows_that_make_no_table_are_refused(rows, said):
    with pytest.raises(InputError, match=said):
        summary(rows, "cooperators")


def test_the_last_values_come_from_where_outcomes_are_kept():
    cell, other = Cell({"x": 1}, b"a" * 32), Cell({"x": 2}, b"b" * 32)
    kept = Memory()

    def done(replicate, share):
        return Outcome(replicate, 1, (Table(("Step", "cooperators"), [(0, 0.5), (9, share)]),))

    kept.keep([(cell, [done(0, 0.25), Outcome(1, 1, (), "raised"), done(2, 1.0), done(4, 0.0)])])
    found = list(finals(kept, [cell, other], "cooperators"))
    assert found[0].values.tolist() == [0.25, 1.0]  # what comes after the gap is not read yet
    assert (found[0].failed, found[0].parameters) == (1, {"x": 1})
    assert len(found[1].values) == 0
