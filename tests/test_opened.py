"""What a word on the command line of the dashboard means."""

import json

import pytest

from coop_abm import lab
from coop_abm.core.errors import InputError
from coop_abm.opened import opened


def test_a_run_brings_its_world_even_before_it_is_over(tmp_path):
    world = lab.world("kin", kin__relatedness=0.3)
    lab.mark_begun(tmp_path, world, 7, "journal.sqlite", "run")
    found = opened(str(tmp_path))
    assert (found.scenario, found.page, found.run) == (world, "transcripts", tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"scenarios": {}}', '{"scenarios": {"a": {"scenario": 3}}}', "{" * 99_999]
)
def test_a_folder_that_is_no_run_is_refused_and_nothing_else_is_shown_in_its_place(tmp_path, text):
    (tmp_path / "provenance.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="is no run"):
        opened(str(tmp_path))


def test_a_folder_of_an_experiment_is_no_run(tmp_path):
    two = {"scenarios": {name: {"scenario": {}} for name in ("kin", "network")}}
    (tmp_path / "provenance.json").write_text(json.dumps(two), encoding="utf-8")
    with pytest.raises(InputError, match="one world"):
        opened(str(tmp_path))


def test_nothing_is_home_and_a_knob_needs_a_world(tmp_path):
    assert opened(None).page == "home"
    lab.mark_begun(tmp_path, lab.world("kin"), 0, "", "")
    with pytest.raises(InputError, match="knobs belong to a scenario"):
        opened(str(tmp_path), size=9)
