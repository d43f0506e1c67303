"""Results do not change unnoticed: who changes them says so in CHANGELOG.md."""

import pytest

from coop_abm.scenario.library import NAMED
from tests.tools.canaries import SEEDS, announced, digest, golden

CHANGED = (
    "This scenario gives other results for the same seed than it did. If that is meant, say so under Results-changing "
    "in CHANGELOG.md, in a version that is not released, then: uv run python -m tests.tools.canaries 'that line'"
)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NAMED)
def test_a_scenario_gives_what_it_gave(name, seed):
    assert digest(name, seed) == golden()["sha256"].get(f"{name} {seed}"), CHANGED


def test_the_last_change_of_results_was_announced_in_the_version_that_made_it():
    _unreleased, reasons = announced(golden()["version"])
    assert golden()["reasons"][-1] in reasons
    assert len(golden()["sha256"]) == len(NAMED) * len(SEEDS)
