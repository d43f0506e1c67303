"""The validation table itself: what passes, what does not, and when it is written."""

import math
from types import SimpleNamespace

import pytest

from coop_abm.engine.crossing import Measured
from coop_abm.engine.fixation import Fixation
from tests.validation import report, rows
from tests.validation.collecting import FOLDER, INSIDE, Collecting


def crossed(value, error):
    return Measured(value, error, value - 2 * error, value + 2 * error, (), (0.1,), 1000)


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [(4.0, 0.03, "agrees"), (4.079, 0.01, "agrees"), (4.081, 0.01, "differs"), (4.11, 0.037, "agrees"),
     (4.12, 0.037, "differs"), (4.0, 0.041, "too noisy"), (3.0, 0.01, "differs")],
)  # fmt: skip
def test_a_ratio_agrees_within_two_percent_or_three_errors_and_must_be_sharp(value, error, verdict):
    assert rows.ratio(crossed(value, error), 4.0).verdict == verdict


def test_every_kind_of_row_can_fail():
    words = {"statistic": "s", "n": "1", "null": "none"}
    for good, bad in [
        (rows.estimate(1.0, 0.1, 1.25, **words), rows.estimate(1.0, 0.1, 1.35, **words)),
        (rows.exact(1.0, 1.0, 0, statistic="s", n="1"), rows.exact(1.1, 1.0, 0.05, statistic="s", n="1")),
        (rows.below(-1, 0.2, 0, **words), rows.below(-1, 0.3, 0, **words)),
        (rows.p_value(0.02, 0.01, **words), rows.p_value(0.005, 0.01, **words)),
        (
            rows.many_z([1.0] * 9, 0.01, statistic="s", null="none"),
            rows.many_z([2.0] * 9, 0.01, statistic="s", null=""),
        ),
        (rows.defectors_win(*rivals(0.01, 0.03)), rows.defectors_win(*rivals(0.03, 0.01))),
        (rows.probability(rivals(0.5, 0)[0], 0.503), rows.probability(rivals(0.5, 0)[0], 0.6, counted=True)),
    ]:
        assert (good.verdict, bad.verdict) == ("agrees", "differs")
        assert (rows.planted(bad, "e").verdict, rows.planted(good, "e").passed) == ("caught", False)
    noisy = rows.ratio(crossed(4.0, 0.5), 4.0)
    assert not noisy.passed and not rows.planted(noisy, "e").passed  # nothing was seen, so nothing was caught


def rivals(*probabilities):
    blank = dict.fromkeys(Fixation._fields, 0)
    return [Fixation(**blank | {"probability": p, "error": 0.002, "counted": p, "runs": 10_000}) for p in probabilities]


def test_a_p_value_is_that_of_the_normal_distribution():
    row = rows.estimate(1.0, 0.1, 1.196, statistic="s", n="1")
    assert row.p == pytest.approx(0.05, abs=1e-4)
    assert rows.below(-1.96, 1.0, 0.0, statistic="s", n="1", null="").p == pytest.approx(0.025, abs=1e-4)


def some_rows():
    judged = rows.ratio(crossed(4.0, 0.03), 4.02)
    names = ("P10.drift", "P2.crossing", "law.torus.K", "control.a|b", "kin.value")
    return [judged._replace(id=name, claim="a claim", source="Allen2017", seed="1") for name in names]


def test_the_page_has_every_row_in_order_and_the_data_come_back(tmp_path):
    paths = report.write(some_rows(), [], tmp_path)
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    at = [
        page.index(f"| {name} |") for name in ("P2.crossing", "P10.drift", "law.torus.K", "kin.value", "control.a\\|b")
    ]
    assert at == sorted(at)
    assert "5 rows, 5 as they should be." in page
    assert {path.name for path in paths} >= {"README.md", "verdicts.csv", "verdicts.json", "acceptance.png"}
    again, _ = report.stored(tmp_path)
    assert sorted(row.id for row in again) == sorted(row.id for row in some_rows())
    assert math.isclose(again[0].tolerance, some_rows()[0].tolerance)


def test_a_partial_run_can_replace_its_own_rows(tmp_path):
    old, shown = some_rows(), {"name": "processors", "structure": "a", "unequal_floats": []}
    report.write(old, [shown, shown | {"structure": "b"}], tmp_path)
    report.merge([old[0]._replace(claim="another")], [shown | {"unequal_floats": ["x"]}], tmp_path)
    rows_now, exhibits = report.stored(tmp_path)
    assert {row.id: row.claim for row in rows_now} == {row.id: "a claim" for row in old} | {old[0].id: "another"}
    assert [exhibit["unequal_floats"] for exhibit in exhibits] == [["x"], []]


def heard_of(ids, finished, **chosen):
    options = {"keyword": "", "markexpr": "", "deselect": None} | chosen
    collecting = Collecting(SimpleNamespace(option=SimpleNamespace(**options), args=["tests/validation"]))
    collecting.collected, collecting.finished = set(ids), set(finished)
    return collecting


def test_only_a_run_of_everything_writes_the_page():
    every = [f"{INSIDE}{path.name}::test_a" for path in FOLDER.glob("test_*.py")]
    assert heard_of(every, every).whole
    assert heard_of([*every, "tests/core/test_dice.py::test_b"], every).whole  # what else runs does not matter
    assert not heard_of(every, every[1:]).whole
    assert not heard_of(every[1:], every[1:]).whole
    assert not heard_of(every, every, keyword="kin").whole
    assert not heard_of(every, every, markexpr="slow").whole
