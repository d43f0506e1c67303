"""What every part promises: a name, a title, a source, a frozen record that survives a file."""

from __future__ import annotations

import re
from pathlib import Path

import pydantic
import pytest

import coop_abm
from coop_abm.core.part import kind_of
from coop_abm.mechanisms import RULES
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.files import dumps, load
from coop_abm.scenario.knobs import digest

from .families import FAMILIES, GIVEN, every_part, made, world_with

BIBLIOGRAPHY = set(
    re.findall(r"^@\w+\{(\w+),", (Path(coop_abm.__file__).parent / "references.bib").read_text(), flags=re.MULTILINE)
)


@pytest.mark.parametrize("family", FAMILIES)
def test_kinds_of_a_family_have_names_of_their_own(family):
    names = [kind_of(kind) for kind in FAMILIES[family]]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("family", FAMILIES)
def test_kinds_of_a_family_have_titles_of_their_own(family):
    titles = [kind.title for kind in FAMILIES[family]]
    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.parametrize("kind", [p for p in every_part() if "mechanisms" not in p.id])
def test_its_kind_is_a_word_in_snake_case(kind):
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", kind_of(kind))


@pytest.mark.parametrize("kind", every_part())
def test_it_has_a_title(kind):
    assert kind.title.strip() == kind.title != ""


@pytest.mark.parametrize("kind", every_part())
def test_its_docstring_begins_with_a_sentence(kind):
    first = " ".join((kind.__doc__ or "").strip().split("\n\n")[0].split())
    assert re.match(r"[A-Z0-9].*[.:]", first), first


@pytest.mark.parametrize("kind", every_part())
def test_it_builds_with_no_argument_and_the_result_is_its_own_equal(kind):
    assert made(kind) == made(kind)


@pytest.mark.parametrize("kind", every_part())
def test_no_knob_can_be_written_once_it_is_made(kind):
    part = made(kind)
    for name in type(part).model_fields:
        with pytest.raises(pydantic.ValidationError, match="frozen"):
            setattr(part, name, getattr(part, name))


@pytest.mark.parametrize("kind", every_part())
def test_a_misspelt_knob_is_refused(kind):
    with pytest.raises(pydantic.ValidationError, match="extra_forbidden"):
        kind(**GIVEN.get(made(kind).model_dump().get("kind", ""), {}), no_such_knob=1)


@pytest.mark.parametrize("kind", every_part())
def test_its_references_stand_in_the_bibliography(kind):
    cited = set(re.findall(r"\b([A-Z][A-Za-z]+(?:19|20)\d\d)\b", kind.__doc__ or "")) | set(kind.references)
    assert cited <= BIBLIOGRAPHY


# A user's own graph rests on no paper.
@pytest.mark.parametrize("kind", [p for p in every_part() if p.id != "structures-edges"])
def test_it_names_its_source(kind):
    assert kind.references


@pytest.mark.parametrize("kind", every_part())
def test_every_knob_has_words_for_a_control(kind):
    silent = [knob.path for knob in knobs(made(kind)) if knob.path != "kind" and not (knob.title and knob.help)]
    assert not silent


@pytest.mark.parametrize("kind", every_part())
def test_every_number_has_a_lower_bound_and_every_bound_holds_the_default(kind):
    for knob in knobs(made(kind)):
        if isinstance(knob.value, (int, float)) and not isinstance(knob.value, bool) and not knob.choices:
            assert knob.low is not None and knob.low <= knob.value, knob.path
            assert knob.high is None or knob.value <= knob.high, knob.path


@pytest.mark.parametrize("kind", every_part())
def test_a_world_that_uses_it_survives_a_toml_file(kind, tmp_path):
    world = world_with(made(kind))
    (tmp_path / "world.toml").write_text(dumps(world), encoding="utf-8")
    assert load(tmp_path / "world.toml") == world


@pytest.mark.parametrize("kind", every_part())
def test_a_world_that_uses_it_keeps_its_digest_through_a_toml_file(kind, tmp_path):
    world = world_with(made(kind))
    (tmp_path / "world.toml").write_text(dumps(world), encoding="utf-8")
    assert digest(load(tmp_path / "world.toml")) == digest(world)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_answers_one_question_of_the_round(rule):
    assert RULES[rule].question.endswith("?")
    assert [other.question for other in RULES.values()].count(RULES[rule].question) == 1
