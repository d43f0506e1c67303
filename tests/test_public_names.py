"""The public face: its names, its words, what it loads, and the columns and verdicts of the five rules."""

from __future__ import annotations

import ast
import csv
import importlib
import io
import math
import os
import subprocess
import sys
from pathlib import Path

import networkx
import pytest

import coop_abm
from coop_abm import output
from coop_abm.engine.crossing import Measured, Point
from coop_abm.engine.fixation import Fixation
from coop_abm.experiments import five_rules
from coop_abm.experiments.five_rules import COLUMNS, FiveRules
from coop_abm.scenario.expectation import Expectation

PACKAGE = Path(coop_abm.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
#: Installed, or an extra, and heavy: loaded by the command that needs it and not before.
HEAVY = ("mesa", "solara", "litellm", "matplotlib", "pandas", "torch", "numba")


# ------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", coop_abm.__all__)
def test_every_public_name_resolves(name):
    assert getattr(coop_abm, name) is not None


def test_the_public_names_are_those_that_dir_shows():
    assert dir(coop_abm) == sorted(coop_abm.__all__) and len(set(coop_abm.__all__)) == len(coop_abm.__all__)


def test_every_name_that_is_reached_on_first_use_is_public():
    assert set(coop_abm._HOMES) | {"__version__"} == set(coop_abm.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'cooperate_harder'"):
        coop_abm.cooperate_harder


FOLDERS = ("games", "strategies", "norms", "updates", "structures", "mechanisms", "scenario")


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_name_that_a_folder_offers_resolves(folder):
    module = importlib.import_module(f"coop_abm.{folder}")
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


# ------------------------------------------------------------------------------------------- words


def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def defined(body: list[ast.stmt], inherits: bool = False):
    """Public functions, classes and methods that should speak for themselves.

    A method of a class with a base may keep the words of the base.
    """
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            if not inherits:
                yield node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node
            yield from defined(node.body, inherits=bool(node.bases))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_says_what_it_is(module):
    tree = tree_of(module)
    assert ast.get_docstring(tree) or not tree.body  # an empty file has nothing to say


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_public_function_and_class_of_a_module_says_what_it_is(module):
    assert [node.name for node in defined(tree_of(module).body) if not ast.get_docstring(node)] == []


# ------------------------------------------------------------------------------------ what is loaded


def loaded_by(code: str) -> set[str]:
    """The heavy modules that a fresh interpreter has loaded after this."""
    asked = f"import sys; {code}; print('LOADED', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", asked], env=os.environ, capture_output=True, text=True, timeout=120, check=True
    )
    return set(answer.stdout.rpartition("LOADED")[2].split())


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import coop_abm") == set()


@pytest.mark.parametrize(
    "words", [["--help"], ["run", "--help"], ["five-rules", "--help"], ["--version"]], ids=" ".join
)
def test_help_loads_nothing_heavy(words):
    played = (
        f"sys.argv = ['coop-abm', *{words!r}]\nfrom coop_abm import cli\ntry: cli.main()\nexcept SystemExit: pass\n"
    )
    assert loaded_by(f"exec({played!r})") == set()


def test_a_figure_does_load_matplotlib():
    assert loaded_by("import coop_abm.figures as f; f.drawing().__enter__()") >= {"matplotlib"}


# ------------------------------------------------------------------------- the table of five rules


def expected(value: float = 4.0, kind: str = "threshold") -> Expectation:
    return Expectation(value, kind, 4.0, "exact", "a reason", ("Nowak2006",))


def measured(value: float = 4.0, error: float = 0.01, half: float | None = None) -> Measured:
    half = 1.96 * error if half is None else half
    return Measured(value, error, value - half, value + half, (), (), 1000)


@pytest.mark.parametrize("kind", ["spite", "never"])
@pytest.mark.parametrize(
    "found", [None, measured(), measured(99.0), measured(half=3.0)], ids=["none", "near", "far", "wide"]
)
def test_without_a_threshold_nothing_that_is_measured_changes_the_verdict(kind, found):
    assert five_rules._verdict(expected(-9.0 if kind == "spite" else math.inf, kind), found) == "no threshold"


@pytest.mark.parametrize(
    ("theory", "found", "verdict"),
    [
        (expected(), None, "undecided"),
        (expected(math.nan, "silent"), measured(), "undecided"),
        (expected(), measured(4.0, half=0.081), "undecided"),  # wider than 2 % on either side
        (expected(), measured(9.0, half=0.081), "undecided"),  # and then far does not matter
        (expected(), measured(4.0, half=0.079), "agrees"),
        (expected(), measured(4.079), "agrees"),
        (expected(), measured(3.921), "agrees"),
        (expected(), measured(4.081), "differs"),
        (expected(), measured(3.919), "differs"),
        (expected(), measured(4.11, error=0.04, half=0.0784), "agrees"),  # beyond 2 %, within three standard errors
        (expected(), measured(4.13, error=0.04, half=0.0784), "differs"),
        (expected(400.0, "near_singular"), measured(400.0, half=7.0), "agrees"),
    ],
)
def test_the_verdict_is_undecided_where_blurred_and_else_what_the_distance_says(theory, found, verdict):
    assert five_rules._verdict(theory, found) == verdict


def row(**changes) -> five_rules.Row:
    usual = five_rules.Row("kin", "well-mixed, N = 50", expected(), measured(), None, "agrees", "")
    return usual._replace(**changes)


def written(*rows: five_rules.Row) -> list[list[str]]:
    """The cells of the CSV file, read back."""
    return list(csv.reader(io.StringIO(five_rules._csv(FiveRules().table(list(rows))))))


def test_the_columns_are_those_that_the_table_promises():
    assert ",".join(COLUMNS) == "rule,condition,exact,limit,measured,low,high,verdict"
    assert written(row())[0] == list(COLUMNS)


def test_a_row_holds_its_numbers_in_the_order_of_the_columns():
    cells = written(row(measured=Measured(4.01, 0.01, 3.99, 4.03, (), (), 9)))[1]
    assert cells == ["kin", "well-mixed, N = 50", "4.000000", "4.000000", "4.010000", "3.990000", "4.030000", "agrees"]


def test_what_was_not_measured_is_an_empty_cell():
    assert written(row(measured=None, verdict="undecided"))[1][4:] == ["", "", "", "undecided"]


def test_what_theory_does_not_know_is_an_empty_cell():
    assert written(row(expected=expected(math.nan, "silent")._replace(limit=math.nan)))[1][2:4] == ["", ""]


def test_a_star_has_no_threshold_an_infinite_ratio_and_nothing_measured():
    experiment = FiveRules(graph=networkx.star_graph(9))
    star = experiment._row("network", experiment.scenarios()["network"], None)
    cells = dict(zip(COLUMNS, written(star)[1], strict=True))
    assert (cells["exact"], cells["measured"], cells["low"], cells["high"]) == ("inf", "", "", "")
    assert cells["verdict"] == "no threshold"


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_text_of_a_stranger_becomes_a_formula_in_a_spreadsheet(start):
    assert written(row(condition=f"{start}, weighted"))[1][1].startswith("'")


def test_any_name_of_a_graph_file_can_stand_in_the_figure(tmp_path):
    both = Fixation(*(0.1 for _ in Fixation._fields))
    points = tuple(Point(ratio, ratio - 4.0, 0.1, both, both) for ratio in (3.2, 3.7, 4.3, 4.8))
    found = Measured(4.0, 0.01, 3.98, 4.02, (points,), (0.1,), 9)
    FiveRules().save([row(condition=r"$\foo$.edgelist, weighted", measured=found)], tmp_path)
    assert (tmp_path / "five_rules.svg").stat().st_size > 1000


def test_numbers_are_not_taken_for_text():
    assert output.cell(-1.5) == "-1.500000"


def test_the_five_rules_are_measured_in_the_order_of_the_title():
    assert list(FiveRules().scenarios()) == ["kin", "direct", "indirect", "network", "group"]


def test_a_graph_of_the_user_changes_the_row_of_the_network_only():
    usual, own = FiveRules().scenarios(), FiveRules(graph=networkx.cycle_graph(9)).scenarios()
    assert [rule for rule in usual if usual[rule] != own[rule]] == ["network"]
