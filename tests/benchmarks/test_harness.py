"""The benchmarks measure what they say: turns alternate, ratios are paired, and nothing is left out in silence."""

import json
import math
import time
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import native, rows, table
from benchmarks.harness import (
    Benchmark,
    Bout,
    Disagreement,
    Goal,
    Skipped,
    Spent,
    agree,
    cores_here,
    fresh,
    measure,
    on_cores,
    same,
)


def told(costs):
    """Work that says itself what it cost, one number after the other."""
    going = iter(costs)
    return lambda: Spent(2.0, next(going))


TWICE = Goal("faster", 2.0)


def tiny(goal=TWICE, *, ours=(9.0, 1.0, 2.0, 4.0), peer=(9.0, 8.0, 8.0, 8.0), **changes):
    bout = Bout(told(ours), told(peer) if peer else None, "checked by hand")
    given = {"unit": "s per thing", "per_second": 1.0, "pairs": 3, "prepare": lambda quick: bout}
    return Benchmark("tiny", "a tiny thing", "a slow one", goal, **{**given, **changes})


def test_the_figure_is_the_median_of_paired_ratios_after_a_warm_up():
    result = measure(tiny())
    assert result.figure == 4.0  # of 8, 4 and 2, not of 8/2.33
    assert (result.low, result.high) == (3.0, 6.0)
    assert (result.ours, result.peer) == (1.0, 4.0)
    assert result.reached is True and result.pairs == 3 and result.agreement == "checked by hand"


def test_a_cost_may_be_at_most_so_many_times_the_other():
    assert measure(tiny(Goal("within", 0.2))).reached is False
    assert measure(tiny(Goal("within", 0.25))).reached is True


def test_a_goal_without_a_yardstick_is_about_our_own_cost():
    result = measure(tiny(Goal("below", 1.0), peer=None))
    assert result.figure == 1.0 and result.reached is True and math.isnan(result.peer)


def test_the_sides_take_turns_and_swap_places():
    seen = []

    def side(name):
        def work():
            seen.append(name)
            return 1.0

        return work

    measure(tiny(prepare=lambda quick: Bout(side("ours"), side("peer"), "")))
    assert "".join(name[0] for name in seen) == "op" + "op" + "po" + "op"


def test_time_is_measured_of_the_work_and_not_of_what_is_made_for_it():
    def make():
        time.sleep(0.001)
        return sum(range(200_000))

    spent = fresh(make, lambda subject: 4.0)()
    assert spent.amount == 4.0
    began = time.process_time()
    make()
    assert spent.cost < time.process_time() - began


@pytest.mark.parametrize(
    ("error", "said"),
    [(Skipped("no compiler"), "skipped: no compiler"), (Disagreement("1 and 2"), "DISAGREES: 1 and 2")],
)
def test_what_cannot_be_measured_is_said(error, said):
    def prepare(quick):
        raise error

    result = measure(tiny(prepare=prepare))
    assert result.trouble == said and math.isnan(result.figure) and result.reached is None
    assert said in table.line(tiny(), result)


def test_a_peer_that_stops_halfway_is_said_and_let_go():
    closed = []

    def stops():
        raise Skipped("it stopped")

    bout = Bout(told([1.0]), stops, "", lambda: closed.append(True))
    assert measure(tiny(prepare=lambda quick: bout)).trouble == "skipped: it stopped"
    assert closed == [True]


def test_more_cores_than_there_are_is_said():
    assert measure(tiny(cores=10_000)).trouble.startswith("skipped: needs 10000 cores")


def test_a_measurement_keeps_to_one_core_and_gives_the_others_back():
    before = cores_here()
    with on_cores(1):
        assert cores_here() == 1
    assert cores_here() == before


def test_numbers_that_differ_by_more_than_chance_disagree():
    assert agree("shares", 0.5, 0.51, 0.01) == "shares 0.5 and 0.51 (z = -1.0)"
    with pytest.raises(Disagreement):
        agree("shares", 0.5, 0.6, 0.01)
    with pytest.raises(Disagreement):
        agree("shares", 0.5, math.nan, 0.01)
    assert same("moves", [1, 2], [1, 2])
    with pytest.raises(Disagreement):
        same("moves", [1, 2], [1, 3])


def test_the_table_is_written_between_its_markers_and_nothing_else_is_touched(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n\n{table.BEGIN}\nold\n{table.END}\n\nAfter.\n", encoding="utf-8")
    results = [(tiny(), measure(tiny()))]
    table.write_page(page, results, ["A machine."])
    table.write_page(page, results, ["A machine."])
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Before\n\n") and text.endswith("\n\nAfter.\n") and "old" not in text
    assert text.count("4.00x (3.00 to 6.00)") == 1 and "at least 2x | reached |" in text
    assert "checked by hand" in text and "A machine." in text


def test_a_page_that_does_not_exist_is_made(tmp_path):
    page = tmp_path / "new.md"
    table.write_page(page, [(tiny(), measure(tiny()))], [])
    assert page.read_text(encoding="utf-8").startswith(table.BEGIN)


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, "-"), (0.01234, "0.0123"), (1.0, "1.00"), (12.345, "12.3"), (1234.5, "1,234")]
)
def test_figures_have_three_digits(value, text):
    assert table.number(value) == text


def ran(monkeypatch, tmp_path, benchmarks, *arguments):
    monkeypatch.setattr(rows, "BENCHMARKS", tuple(benchmarks))
    page, saved = tmp_path / "page.md", tmp_path / "figures.json"
    status = command.main([*arguments, "--out", str(page), "--json", str(saved)])
    return status, page.read_text(encoding="utf-8"), json.loads(saved.read_text(encoding="utf-8"))


def test_the_command_measures_prints_and_saves(monkeypatch, tmp_path, capsys):
    status, page, saved = ran(monkeypatch, tmp_path, [tiny()], "--quick", "--pairs", "3")
    assert status == 0 and "4.00x" in page and "4.00x" in capsys.readouterr().out
    assert saved["results"][0]["figure"] == 4.0 and saved["machine"]


def test_a_run_that_is_interrupted_keeps_what_is_done(monkeypatch, tmp_path):
    def interrupted(quick):
        raise KeyboardInterrupt

    status, page, saved = ran(monkeypatch, tmp_path, [tiny(), tiny(prepare=interrupted), tiny()])
    assert status == 130 and page.count("4.00x") == 1
    assert [entry["trouble"] for entry in saved["results"]] == ["", *["stopped: by the user"] * 2]


def test_a_disagreement_is_an_error_of_the_command(monkeypatch, tmp_path):
    def wrong(quick):
        raise Disagreement("1 and 2")

    status, page, _saved = ran(monkeypatch, tmp_path, [tiny(prepare=wrong)])
    assert status == 1 and "DISAGREES" in page


def test_an_unknown_name_is_refused_in_one_line(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--only", "death-brith"])
    assert ended.value.code == 2
    assert "no benchmark is called 'death-brith'; there are death-birth" in capsys.readouterr().err


def test_every_benchmark_has_a_name_of_its_own_and_says_what_it_is():
    names = [benchmark.name for benchmark in rows.BENCHMARKS]
    assert len(set(names)) == len(names) > 15
    assert all(b.work and b.against and b.unit and "|" not in b.work + b.against for b in rows.BENCHMARKS)


def test_the_c_yardstick_agrees_with_our_engine():
    try:
        native.compiler()
    except Skipped as reason:
        pytest.skip(str(reason))
    benchmark = next(b for b in rows.BENCHMARKS if b.name == "death-birth-half")
    result = measure(benchmark, quick=True)
    assert result.trouble == "" and result.figure > 0


def test_the_package_is_no_part_of_the_wheel():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'packages = ["coop_abm"]' in text
