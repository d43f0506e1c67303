"""What every experiment keeps: a question, options, worlds, a table with named columns, a figure, a quick form."""

from __future__ import annotations

import csv

import pytest

from coop_abm.core.errors import InputError
from coop_abm.core.part import Part
from coop_abm.experiments import EXPERIMENTS, experiment
from coop_abm.experiments.base import Column
from coop_abm.scenario.catalogue import knobs

#: Quick forms that take longer than a fast test may, because kernels are compiled for them.
LONG = {"five-rules", "image-scoring"}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in EXPERIMENTS]
each = pytest.mark.parametrize("name", EXPERIMENTS)


@each
def test_it_asks_a_question_under_the_name_of_its_line(name):
    kind = experiment(name)
    assert kind.name == name and kind.question.endswith("?") and kind.__doc__


@each
def test_its_options_are_knobs_that_say_what_they_are(name):
    kind = experiment(name)
    assert issubclass(kind.options, Part)
    found = list(knobs(kind.options()))
    assert found and all(knob.title != knob.path or knob.path.isalpha() for knob in found)
    assert all(knob.help for knob in found) and len({knob.path for knob in found}) == len(found)
    assert "seed" in kind.options.model_fields


@each
def test_its_columns_have_names_titles_and_known_roles(name):
    columns = experiment(name).columns
    assert all(isinstance(column, Column) and column.title for column in columns)
    assert len({column.name for column in columns}) == len(columns)
    roles = [column.role for column in columns]
    assert roles.count("ours") >= 1 and roles.count("low") == roles.count("high")


@each
def test_its_worlds_are_declared_before_anything_runs(name):
    kind = experiment(name)
    worlds = kind.chosen(kind.options(**kind.quick)).scenarios()
    assert all(isinstance(world, Part) for world in worlds.values())


@pytest.mark.parametrize("name", NAMES)
def test_its_quick_form_fills_table_words_figure_and_files(name, tmp_path):
    kind = experiment(name)
    chosen, told, so_far = kind.chosen(kind.options(**kind.quick)), [], []
    results = chosen.measure(lambda words, share: told.append((words, share)), so_far.append)
    rows = chosen.table(results)
    assert rows and all(list(row) == [column.name for column in kind.columns] for row in rows)
    assert all(words and 0 <= share <= 1 for words, share in told)
    assert all(chosen.table(some)[0].keys() == rows[0].keys() for some in so_far)
    assert len(chosen.reading(results)) > 80
    saved = chosen.save(results, tmp_path)
    files = {path.suffix: path for path in saved if path.name != "payoffs.csv" and not path.name.endswith("_runs.csv")}
    assert {".csv", ".png", ".svg", ".json"} <= set(files)
    with files[".csv"].open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(rows)


def test_an_unknown_experiment_is_refused_in_one_line():
    with pytest.raises(InputError, match=r"experiment must be one of .*five-rules, "):
        experiment("six-rules")
