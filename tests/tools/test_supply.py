"""What is installed is what is pinned, what is shipped is what is meant to be, and nothing of ours is deprecated."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tools import pin

ROOT = Path(__file__).parents[2]
#: Endings of what a wheel holds beside modules.
DATA = {".bib", ".css", ".html", ".js", ".toml", ".vue"}


def test_what_is_installed_is_what_is_pinned():
    pinned = dict(entry.split(";")[0].strip().split("==") for entry in pin.pinned())
    installed = dict(entry.split("==") for entry in pin.installed())
    assert {name: version for name, version in installed.items() if pinned.get(name) != version} == {}


def test_a_wheel_holds_the_package_and_nothing_else(tmp_path):
    command = ["uv", "build", "--wheel", "--offline", "--quiet", "--out-dir", str(tmp_path)]
    built = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if built.returncode and "hatchling" in built.stderr:
        pytest.skip("hatchling is not in uv's cache, and a test fetches nothing")
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if ".dist-info/" not in name}
        about = {Path(name).name for name in opened.namelist() if ".dist-info/" in name}
    files = [path for path in (ROOT / "coop_abm").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert held == {path.relative_to(ROOT).as_posix() for path in files}
    assert {Path(name).suffix for name in held} == {".py", *DATA}
    assert about == {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "LICENSE"}


IMPORTS = """
import importlib, pathlib, pkgutil, warnings
import coop_abm
ours = str(pathlib.Path(coop_abm.__file__).parent)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    count = 0
    for module in pkgutil.walk_packages([ours], "coop_abm."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
            count += 1
print(count, *(f"{w.filename}:{w.lineno} {w.message}" for w in seen if w.filename.startswith(ours)), sep="\\n")
"""


def test_importing_everything_warns_of_nothing_of_ours():
    done = subprocess.run([sys.executable, "-X", "dev", "-c", IMPORTS], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    count, *warned = done.stdout.splitlines()
    assert int(count) > 200 and warned == []
