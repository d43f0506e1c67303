"""Every folder of models/ is a whole model: it builds, runs, shows itself, and its README tells the truth.

Models are found, not listed: a new folder with a model.py is under these tests.
"""

import doctest
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from coop_abm import CoopModel, cli
from coop_abm.abm import StagedModel
from coop_abm.core.kernel import current_engine
from coop_abm.dashboard import page  # first: it settles Solara's settings

ROOT = Path(__file__).parents[2]
MODELS = sorted(found.parent.name for found in (ROOT / "models").glob("*/model.py"))
KEYS = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "coop_abm" / "references.bib").read_text("utf-8"), re.MULTILINE))

SECTIONS = ("What it shows", "How to run", "Things to try", "References", "ODD protocol")
ODD = (
    "1 Purpose and patterns", "2 Entities, state variables and scales", "3 Process overview and scheduling",
    "4 Design concepts", "5 Initialization", "6 Input data", "7 Submodels",
)  # fmt: skip

#: Measures that are a number in every world, at every time.
ALWAYS = ("cooperators", "mean_payoff", "good_standing", "individuals", "groups", "largest_group")


@pytest.fixture(autouse=True)
def compiled():
    """Ten thousand cells are too many for the interpreter; tests/parity holds the two engines equal."""
    if current_engine() == "plain":
        pytest.skip("models are tested compiled")


every_model = pytest.mark.parametrize("name", MODELS)


def module(name, part="model"):
    return importlib.import_module(f"models.{name}.{part}")


def model_of(name):
    """The one model class that a folder defines."""
    defined = [
        value
        for value in vars(module(name)).values()
        if inspect.isclass(value)
        and issubclass(value, CoopModel | StagedModel)
        and value.__module__ == f"models.{name}.model"
    ]
    assert len(defined) == 1
    return defined[0]


def readme(name):
    return (ROOT / "models" / name / "README.md").read_text("utf-8")


def blocks(text, tag):
    """Code blocks whose fence says exactly `tag`."""
    return re.findall(rf"^```{tag}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_there_are_models_and_the_index_names_each():
    assert len(MODELS) >= 8
    index = (ROOT / "models" / "README.md").read_text("utf-8")
    linked = sorted(set(re.findall(r"\]\((\w+)/README\.md\)", index)))
    assert linked == MODELS


@every_model
def test_it_builds_with_no_argument_and_takes_ten_steps(name):
    model = model_of(name)()
    assert model.declared == module(name).SCENARIO
    for _ in range(10):
        model.step()
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 11
    if isinstance(model, CoopModel):  # a world that is played in stages has measures of its own
        shares = frame.filter(like="share_")
        assert np.isfinite(frame[list(ALWAYS)]).all(axis=None)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert model.steps == model.time == 10


@every_model
def test_run_for_gives_the_rows_of_steps(name):
    one, other = model_of(name)(rng=7), model_of(name)(rng=7)
    one.run_for(10)
    for _ in range(10):
        other.step()
    rows = [model.datacollector.get_model_vars_dataframe() for model in (one, other)]
    assert rows[0].equals(rows[1])


@every_model
def test_its_own_measures_are_collected_beside_those_of_the_user(name):
    class_ = model_of(name)
    base = next(kind for kind in (CoopModel, StagedModel) if issubclass(class_, kind))
    plain = base(module(name).SCENARIO, rng=1)
    measure = next(iter(plain.observed))
    model = class_(rng=1, model_reporters={"twice": lambda m: 2 * m.observed[measure]})
    columns = set(model.datacollector.get_model_vars_dataframe())
    own = set(class_(rng=1).datacollector.get_model_vars_dataframe())
    assert columns == own | {"twice"}
    assert own >= set(plain.datacollector.get_model_vars_dataframe())
    for extra in own - set(plain.datacollector.get_model_vars_dataframe()):
        assert f"`{extra}`" in readme(name), "a measure of its own is told of in its README"


@every_model
def test_the_examples_in_its_docstrings_are_true(name):
    tried = doctest.testmod(module(name))
    assert tried.attempted > 0
    assert tried.failed == 0


@every_model
def test_its_page_renders(name):
    import reacton

    Page = module(name, "app").Page
    box, context = reacton.render(Page(), handle_error=False)
    try:
        assert box.children
    finally:
        context.close()


def test_a_page_takes_a_model():
    assert callable(page(module(MODELS[0]).SCENARIO, model=model_of(MODELS[0])))


@every_model
def test_its_readme_has_every_section_and_known_references(name):
    text = readme(name)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == list(SECTIONS)
    assert re.findall(r"^### (.*)$", text, re.MULTILINE) == list(ODD)
    told = text.split("## References")[1].split("## ODD")[0]
    keys = re.findall(r"^- (\w+): ", told, re.MULTILINE)
    assert keys and set(keys) <= KEYS
    assert "Grimm2020" in keys
    assert "solara run" not in text
    assert "uv run coop-abm dashboard" in text


@every_model
def test_the_python_of_its_readme_runs(name):
    found = blocks(readme(name), "python")
    assert found
    for block in found:
        exec(compile(block, f"models/{name}/README.md", "exec"), {})


def test_the_python_of_the_index_runs():
    for block in blocks((ROOT / "models" / "README.md").read_text("utf-8"), "python"):
        exec(compile(block, "models/README.md", "exec"), {})


def commands(text):
    """The arguments of each `uv run coop-abm` in the blocks tagged sh."""
    lines = [shlex.split(line) for block in blocks(text, "sh") for line in block.splitlines()]
    assert lines and all(words[:3] == ["uv", "run", "coop-abm"] for words in lines)
    return [words[3:] for words in lines]


@pytest.mark.slow
@every_model
def test_the_commands_of_its_readme_run(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").symlink_to(ROOT / "models", target_is_directory=True)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # main() sets its own
    for arguments in commands(readme(name)):
        monkeypatch.setattr(sys, "argv", ["coop-abm", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert end.value.code == 0, capsys.readouterr().err
        out = tmp_path / arguments[arguments.index("--out") + 1]
        picture = f"{arguments[1].replace('-', '_')}.png" if arguments[0] == "experiment" else "run.png"
        assert (out / picture).stat().st_size > 10_000


@pytest.mark.slow
def test_the_commands_of_the_index_run_in_a_shell(tmp_path):
    found = blocks((ROOT / "models" / "README.md").read_text("utf-8"), "sh")
    assert found
    # `uv run` here is this very environment.
    script = 'set -e\nuv() { shift; "$@"; }\n' + "\n".join(found)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cooperation is favoured" in done.stdout
