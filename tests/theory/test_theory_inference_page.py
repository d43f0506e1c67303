"""What docs/inference.md shows is so, and its tables are written by the commands that it names."""

import doctest
import re
from pathlib import Path

import pytest

from benchmarks import inference as calibration
from benchmarks import recognition as recognised
from benchmarks.pages import replace
from coop_abm.theory import inference, recognition

PAGE = Path(__file__).parents[2] / "docs" / "inference.md"
TEXT = PAGE.read_text(encoding="utf-8")


def block(name, text=TEXT):
    return text.split(f"<!-- {name} -->\n")[1].split(f"<!-- end of {name} -->")[0]


def test_its_examples_can_be_run():
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert tried >= 8 and not failed


def test_every_function_that_it_recommends_is_there():
    section = TEXT.split("## Which test when")[1].split("\n## ")[0]
    named = re.findall(r"^\| [^|]+\| `(\w+)` \|", section, flags=re.MULTILINE)
    assert len(named) == 11 and set(named) <= set(inference.__all__)
    section = TEXT.split("## Which strategy is it?")[1].split("\n## ")[0]
    named = re.findall(r"^\| `(\w+)`", section, flags=re.MULTILINE)
    assert len(named) == 4 and set(named) <= set(recognition.__all__)


def test_its_calibration_is_whole_and_nothing_but_the_planted_errors_is_outside():
    rows = [line for line in block("calibration").splitlines() if "rejects" in line or "holds the truth" in line]
    assert len(rows) == len(calibration.TESTS) + len(calibration.PLANTED) + 3 + 7
    outside = [row for row in rows if "**outside**" in row]
    assert len(outside) == len(calibration.PLANTED) and all("*not to do*" in row for row in outside)


def test_a_row_of_its_calibration_is_what_is_measured():
    for question in calibration.TESTS[:2]:
        row = calibration.rejections(question)
        assert f"| {row.what} | {row.data} | rejects 3% to 7% | {row.found:.1%} |" in TEXT


def test_a_cell_of_its_recognition_is_what_is_measured():
    strategies = recognition.library(*recognised.canon(recognised.PAYOFFS))
    found = recognition.judge(strategies, 10, 0.1, each=recognised.EACH, seed=recognised.SEED)
    row = next(line for line in block("recognition").splitlines() if line.startswith("| 10 | 0.1 |"))
    assert row.split(" | ")[3] == f"{found.accuracy:.0%} ({found.tied.mean():.0%})"


def test_the_commands_replace_their_own_tables_and_nothing_else(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text(TEXT, encoding="utf-8")
    replace(page, "calibration", ["| new |"])
    text = page.read_text(encoding="utf-8")
    assert block("calibration", text) == "| new |\n"
    assert text.replace("| new |\n", block("calibration")) == TEXT
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match=r"page\.md must have the marks"):
        replace(page, "calibration", [])


@pytest.mark.parametrize(("main", "option"), [(calibration.main, "--repeats"), (recognised.main, "--each")])
def test_a_command_refuses_what_it_cannot_do(main, option, capsys):
    with pytest.raises(SystemExit) as caught:
        main([option, "0"])
    assert caught.value.code == 2 and f"{option} must be at least 1" in capsys.readouterr().err
