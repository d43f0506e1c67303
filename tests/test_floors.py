"""The house stands: a package imports from floors below it, from siblings without a circle, never above."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

import coop_abm

PACKAGE = Path(coop_abm.__file__).parent
HOMES = {"__version__": "coop_abm._version"} | coop_abm._HOMES  # of the names that the face reaches on first use
FLOORS = (
    {"_version"},
    {"core", "theory"},
    {"games", "strategies", "updates", "structures", "norms"},
    {"mechanisms"},
    {"scenario"},
    {"engine", "llm"},
    {"policies"},
    {"sweeps", "training", "abm", "lab", "ratios", "figures", "opened", "output", "screen", "seat", "seat_words"}
    | {"presets", "saved", "sitting", "transcript"},
    {"experiments", "dashboard", "testing"},
    {"cli", "cli_class", "cli_experiment", "cli_knobs", "cli_minds", "cli_store", "cli_sweeps"},
)
WHY = {
    "core": "the ground carries everything and rests on nothing",
    "theory": "formulas know of no scenario and no simulation",
    "mechanisms": "an answer does not know who asked",
    "scenario": "a declaration knows nothing of running",
    "engine": "a round does not care who decides, or who watches",
    "llm": "a language model is talked to without a game in mind",
    "policies": "whoever decides does not know in which sweep or window",
}
HEAVY = ("mesa", "solara", "litellm", "matplotlib", "pandas", "torch")
#: Where a heavy package may be imported while the module itself is imported.
AT_HOME = {"mesa": ("abm/", "dashboard/"), "solara": ("dashboard/",)}


def floor_of(part):
    found = [number for number, parts in enumerate(FLOORS) if part in parts]
    assert found, f"{part} stands on no floor: give it one in tests/test_floors.py and docs/architecture.md"
    return found[0]


def imports(path, *, running=False):
    """(module, line) of every import in a file; `running`: only of those that importing it carries out."""

    def walk(node):
        for child in ast.iter_child_nodes(node):
            later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            checked = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if not (running and (later or checked)):
                yield child
                yield from walk(child)

    for node in walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides the floor that it goes to"
            face = node.module == "coop_abm"  # what is imported from the face is a part or a name that lives in one
            names = [f"coop_abm.{HOMES.get(a.name, '.' + a.name).split('.')[1]}" for a in node.names]
            yield from ((module, node.lineno) for module in (names if face else [node.module]))


def edges(package=None):
    """(importing part, imported part, where) between the parts of the house."""
    for path in sorted((package or PACKAGE).rglob("*.py")):
        here = path.relative_to(package or PACKAGE).parts[0].removesuffix(".py")
        for module, line in imports(path) if here != "__init__" else ():  # the face reaches everything, on first use
            if module.startswith("coop_abm."):
                yield here, module.split(".")[1], f"{path.name}:{line}"


def complaints(found):
    """One sentence for each import that goes up."""
    return [
        f"{here}/ may not import {there}/: {WHY.get(here, 'it stands on a higher floor')} ({where})"
        for here, there, where in found
        if here != there and floor_of(there) > floor_of(here)
    ]


def circles(found):
    """A circle among packages of one floor, if there is one."""
    graph = {}
    for here, there, _ in found:
        if here != there and floor_of(here) == floor_of(there):
            graph.setdefault(here, set()).add(there)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return " imports ".join(reversed(error.args[1]))
    return ""


def test_no_package_imports_from_a_floor_above_it():
    assert not complaints(edges()), "\n".join(complaints(edges()))


def test_no_packages_of_one_floor_import_each_other_in_a_circle():
    assert not circles(edges())


def test_an_import_that_goes_up_is_found_and_said_in_a_sentence():
    said = complaints([("scenario", "engine", "scenario.py:3"), ("engine", "scenario", "rounds.py:1")])
    assert said == ["scenario/ may not import engine/: a declaration knows nothing of running (scenario.py:3)"]


def test_a_circle_on_one_floor_is_found():
    assert circles([("games", "norms", ""), ("norms", "updates", ""), ("updates", "games", "")]).count("imports") == 3
    assert not circles([("games", "norms", ""), ("norms", "updates", ""), ("games", "updates", "")])


def test_the_imports_of_the_house_are_found():
    found = {(here, there) for here, there, _ in edges()}
    assert {("scenario", "mechanisms"), ("engine", "scenario"), ("policies", "core"), ("cli", "lab")} <= found


@pytest.mark.parametrize("heavy", HEAVY)
def test_a_heavy_package_is_imported_only_where_it_is_needed(heavy):
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).as_posix()
        if not inside.startswith(AT_HOME.get(heavy, ("-",))):
            loaded = [line for module, line in imports(path, running=True) if module.split(".")[0] == heavy]
            assert not loaded, f"{inside}:{loaded} imports {heavy} at module level; do it in the function that needs it"


def test_only_the_transport_knows_litellm():
    knowing = {p.relative_to(PACKAGE).as_posix() for p in PACKAGE.rglob("*.py")
               for module, _ in imports(p) if module.split(".")[0] == "litellm"}  # fmt: skip
    assert knowing <= {"llm/transport_litellm.py"}


@pytest.mark.parametrize("module", ["coop_abm", "coop_abm.scenario", "coop_abm.engine.rounds", "coop_abm.cli"])
def test_importing_the_package_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted(set({HEAVY!r}) & {{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
