"""What docs/minds.md shows can be done as it stands there."""

import re
import tomllib
from pathlib import Path

import pytest

from coop_abm.core.part import kind_of
from coop_abm.scenario.minds import KINDS
from coop_abm.scenario.wording import validated

PAGE = (Path(__file__).parents[2] / "docs" / "minds.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_on_the_page_runs(block):
    exec(compile(block, "docs/minds.md", "exec"), {})


@pytest.mark.parametrize("block", blocks("toml"))
def test_the_scenario_on_the_page_is_one(block):
    assert len(validated(tomllib.loads(block)).players) == 3


def test_the_page_names_every_policy_and_every_knob_of_a_model():
    for kind in KINDS:
        assert f"| `{kind_of(kind)}` |" in PAGE
        for knob in kind.model_fields.keys() - {"kind"}:
            assert f"`{knob}`" in PAGE, f"{kind_of(kind)}.{knob}"
