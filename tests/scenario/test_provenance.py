"""A result says where it came from, and nothing about who made it or where."""

from __future__ import annotations

import getpass
import json
import re
import socket
from pathlib import Path

import pytest

from coop_abm import lab
from coop_abm._version import __version__
from coop_abm.scenario.files import load
from coop_abm.scenario.knobs import digest
from coop_abm.scenario.library import named
from coop_abm.scenario.provenance import provenance


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with the results of one run on the user's own graph."""
    folder = tmp_path_factory.mktemp("results")
    (folder / "mine.csv").write_text("a,b\nb,c\nc,a\n")
    lab.run("network", graph=folder / "mine.csv", steps=2, seed=5).save(folder / "out")
    return folder / "out"


def record(saved) -> dict:
    return json.loads((saved / "provenance.json").read_text(encoding="utf-8"))


def test_a_record_names_the_package_the_seed_and_the_digest(saved):
    found = record(saved)
    assert found["package"] == {"name": "coop-abm", "version": __version__}
    assert (found["seed"], found["steps"]) == (5, 2)
    assert found["scenarios"]["network"]["digest"] == digest(load(saved / "scenario.toml"))


def test_a_record_is_enough_to_run_the_same_again(saved):
    again = lab.run(load(saved / "scenario.toml"), steps=record(saved)["steps"], seed=record(saved)["seed"])
    assert again.frame.to_csv(index=False, lineterminator="\n") == (saved / "series.csv").read_text()


@pytest.mark.parametrize("name", ["provenance.json", "scenario.toml", "series.csv", "run.svg"])
def test_no_result_names_a_folder_a_host_or_a_user(name, saved):
    text = (saved / name).read_text(encoding="utf-8")
    private = {str(saved.parent), str(Path.home()) + "/", str(Path.cwd()), socket.gethostname(), getpass.getuser()}
    found = [word for word in private if re.search(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", text)]
    assert not found


@pytest.mark.parametrize("name", ["series.csv", "scenario.toml"])
def test_the_same_call_writes_the_same_bytes(name, saved, tmp_path):
    lab.run("network", graph=saved.parent / "mine.csv", steps=2, seed=5).save(tmp_path)
    assert (tmp_path / name).read_bytes() == (saved / name).read_bytes()


def test_details_are_added_as_they_are():
    found = provenance({"kin": named("kin")}, seed=1, steps=7, verdict="x")
    assert (found["steps"], found["verdict"]) == (7, "x")
