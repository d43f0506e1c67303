"""Pages of experiments whose worlds are played in stages: what runs there, and what is asked on the command line."""

from __future__ import annotations

import io
import json

import pytest
import reacton

from coop_abm import experiments
from coop_abm.core.errors import InputError
from coop_abm.dashboard import experiment_page  # first: it settles Solara's settings
from coop_abm.dashboard.experiment_words import MOST_LISTED, described, plain, spoken, worlds_listed
from coop_abm.dashboard.experimenting import Experimenting, without_models
from coop_abm.dashboard.living import can_be_drawn
from coop_abm.dashboard.pages.experiments import Shown, listed, option_controls
from coop_abm.dashboard.visit import Visit
from coop_abm.experiments import alone
from coop_abm.opened import Opened, opened_experiment
from coop_abm.scenario.library import named
from tests.experiments.worlds import Pair, PairOptions


@pytest.fixture(autouse=True)
def registered(monkeypatch, tmp_path):
    """The experiment of the tests is one of the registry, and what it keeps goes to a folder of the test."""
    monkeypatch.setitem(experiments.EXPERIMENTS, "pairs", "tests.experiments.worlds:Pairs")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_every_option_has_a_control():
    assert {c["path"] for c in option_controls(PairOptions())} == set(PairOptions.model_fields)


def test_a_model_that_may_cost_money_is_not_run_and_the_command_line_stands_there():
    work = Experimenting("pairs")
    assert work.command == ""
    work.choose("policy", "openai/gpt-4o-mini")
    work.choose("budget", 2)
    assert work.command == "coop-abm experiment pairs --policy openai/gpt-4o-mini --budget 2.0"
    work.run()
    assert work.now.state == "waiting"
    work.choose("policy", "stand-in")
    assert work.command == ""


def test_a_policy_file_is_not_read_by_the_page(tmp_path):
    (tmp_path / "secret.toml").write_text("no toml at all = [")
    work = Experimenting("pairs")
    work.choose("policy", str(tmp_path / "secret.toml"))
    assert "secret.toml" in work.command and without_models(work.options).policy == "table"


def test_an_option_that_cannot_be_had_is_refused_in_one_line():
    work = Experimenting("pairs")
    with pytest.raises(InputError, match=r"slips must be a number in \[0, 1\]"):
        work.choose("slips", 2)


def test_it_is_measured_beside_the_page_line_by_line(tmp_path):
    order = {"name": "pairs", "options": {"replications": 3, "policy": "stand-in"}, "folder": str(tmp_path / "out")}
    out = io.StringIO()
    alone.measure(order, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert ["9 of 9 runs", 1.0] in [line["said"] for line in lines if "said" in line]
    done = lines[-1]["done"]
    assert [row["cell"] for row in done["rows"]] == ["tft allc", "tft alld", "tft tft"]
    assert {"pairs.csv", "pairs.png", "provenance.json"} <= set(done["files"]) and done["reading"]


def test_a_model_that_a_file_of_lists_names_is_not_asked_by_the_page(tmp_path, monkeypatch):
    """A factorial of one's own can name models; nobody sits there who could permit what they cost."""
    monkeypatch.setattr(
        "coop_abm.experiments.staged.StagedExperiment.measure", lambda *_: pytest.fail("it was measured")
    )
    file = tmp_path / "mine.toml"
    file.write_text('rounds = 2\nlanguages = ["en"]\nmodels = ["openai/gpt-4o-mini"]\n\n[[games]]\ngame = "pd"\n')
    order = {"name": "languages", "options": {"factorial": str(file), "budget": 5.0}, "folder": str(tmp_path / "out")}
    with pytest.raises(InputError, match="openai/gpt-4o-mini may cost money, and is not asked from a page"):
        alone.measure(order, io.StringIO())


def test_worlds_in_stages_are_told_and_not_drawn():
    told = described("tft alld", Pair(), 0, False)
    assert "first player tft" in told["about"] and "rounds 5" in told["about"]
    assert not told["able"] and not told["drawn"] and not can_be_drawn(Pair())


def test_of_a_large_factorial_the_first_worlds_are_listed_and_the_rest_counted():
    worlds = {f"cell {n}": Pair(rounds=1 + n % 9) for n in range(MOST_LISTED + 1_500)}
    listed = worlds_listed(worlds, 0, "")
    assert len(listed) == MOST_LISTED + 1 and listed[-1]["name"] == "and 1,500 more"
    assert worlds_listed({"one": Pair()}, 0, "")[-1]["name"] == "one"


@pytest.mark.parametrize("name", [name for name in experiments.EXPERIMENTS if name != "pairs"])
def test_the_list_says_what_an_experiment_is_in_plain_words(name):
    visit = Visit(Opened(named("network")))
    told = listed(visit, name)
    visit.close()
    words = f"{told['about']} {told['worlds']}"
    for markup in ("`", ":func:", ".py", "_", "?", "=2.25", "x1", "q0", "parameters"):
        assert markup not in words, words
    assert told["about"].endswith(".") and len(words) < 500
    kind = experiments.experiment(name)
    count = len(kind.chosen(kind.options()).scenarios())
    assert told["worlds"].startswith(f"{count:,} worlds") if count else told["worlds"] == ""


def test_a_docstring_that_stands_in_for_a_summary_has_no_markup():
    assert plain("The worlds of ``cells.py``, held against :func:`tournament`.") == (
        "The worlds of cells.py, held against tournament."
    )


def test_worlds_of_a_factorial_are_named_in_words():
    kind = experiments.experiment("languages")
    chosen = kind.chosen(kind.options())
    name = next(n for n in chosen.scenarios() if "pd mild" in n and "softmax" in n)
    assert spoken(name, getattr(chosen, "crossed", {}).get(name)) == (
        "prisoner's dilemma, mild payoffs, English, cooperative and cooperative, not told of each other, known end, "
        "softmax (loss aversion 2.25)"
    )
    assert spoken("death_birth") == "death birth" and spoken("GC, all pairs") == "group competition (GC), all pairs"


def test_no_budget_is_none_and_can_be_set_and_taken_back():
    work = Experimenting("pairs")
    shown = next(c for c in option_controls(work.options) if c["path"] == "budget")
    assert (shown["value"], shown["kind"]) == ("none", "text") and "-1" not in shown["help"]
    page = Shown(Visit(Opened(named("network"))), "pairs")
    for text, value, said in (("2.5", 2.5, "2.5"), ("none", -1, "none"), ("", -1, "none")):
        page.on_control({"path": "budget", "text": text})
        assert page.work.options.budget == value and not page.errors
        control = next(c for c in option_controls(page.work.options) if c["path"] == "budget")
        assert str(control["value"]) == said
    page.close()


@pytest.mark.parametrize("name", ["commons", "languages", "super_additive", "image-scoring", "tournament"])
def test_where_no_world_moves_it_says_why_and_what_comes_instead(name):
    page = Shown(Visit(Opened(named("network"))), name)
    assert page.still.startswith("No world moves here") and "after a run" in page.still and page.still.endswith(".")
    page.close()


@pytest.mark.parametrize("name", ["five-rules", "threshold"])
def test_where_a_world_moves_nothing_is_excused(name):
    page = Shown(Visit(Opened(named("network"))), name)
    assert page.still == ""
    page.close()


def test_the_page_of_an_experiment_draws_itself():
    visit = Visit(Opened(named("network")))
    shown = Shown(visit, "pairs")
    shown.work.choose("policy", "openai/gpt-4o-mini")

    @reacton.component
    def Body():
        reacton.ipywidgets.VBox()
        shown.draw()

    box, context = reacton.render(Body(), handle_error=False)
    try:
        assert box.children
    finally:
        context.close()
        visit.close()


def test_a_model_folder_can_open_the_page_of_its_experiment():
    assert opened_experiment("pairs").experiment == "pairs"
    Page = experiment_page("pairs")
    box, context = reacton.render(Page(), handle_error=False)
    try:
        assert box.children
    finally:
        context.close()
    with pytest.raises(InputError, match="experiment must be one of"):
        experiment_page("pears")
