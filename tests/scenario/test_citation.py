"""Whom a world cites: the papers of the parts it uses, no others, as BibTeX that a stranger cannot break."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import coop_abm
from coop_abm import games, mechanisms, norms, strategies, structures, updates
from coop_abm.core.errors import ScenarioError
from coop_abm.core.part import Part, kind_of
from coop_abm.mechanisms import Direct, Indirect, Kin, Network
from coop_abm.norms import SternJudging
from coop_abm.scenario import Players, Scenario
from coop_abm.scenario.bibliography import bibliography, entries, entry, plain, reference
from coop_abm.scenario.citation import citation, cited, used
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.strategies import AllD, WinStayLoseShift
from coop_abm.structures import BarabasiAlbert

EVERY = pytest.mark.parametrize("name", NAMED)
BIB = (Path(coop_abm.__file__).parent / "references.bib").read_text(encoding="utf-8")


def parts():
    """Every class of part that the package has, however deep it is declared."""
    for module in (games, mechanisms, norms, strategies, structures, updates):
        assert module.__all__
    found, todo = [], [Part]
    while todo:
        below = todo.pop().__subclasses__()
        found += [part for part in below if part.__module__.startswith("coop_abm.")]
        todo += below
    return sorted(set(found), key=lambda part: (part.__module__, part.__name__))


# ------------------------------------------------------------------------------------ the bibliography


@pytest.mark.parametrize("part", parts(), ids=lambda part: part.__name__)
def test_every_reference_of_every_part_stands_in_the_bibliography(part):
    assert [key for key in part.references if key not in bibliography()] == []


@EVERY
def test_every_reference_of_theory_stands_in_the_bibliography(name):
    assert [key for key in expectation(named(name)).references if key not in bibliography()] == []


def test_all_entries_are_found_and_have_keys_of_their_own():
    keys = re.findall(r"^@\w+\{([^,]+),", BIB, flags=re.MULTILINE)
    assert list(bibliography()) == keys
    assert "\n\n".join(found.text for found in bibliography().values()) == BIB.strip()


@pytest.mark.parametrize("key", bibliography())
def test_an_entry_can_be_put_into_words(key):
    found = reference(entry(key))
    assert found.authors and found.title and found.source
    assert re.fullmatch(r"(18|19|20)\d\d", found.year)
    assert not re.search(r"[\\{}]|--", "".join(found)), "TeX that `plain` does not know"


@pytest.mark.parametrize(
    ("key", "authors"),
    [
        ("Hamilton1964", "Hamilton, W. D."),
        ("Chen2013", "Chen, Y.-T."),
        ("NowakMay1992", "Nowak, M. A. & May, R. M."),
        ("BarabasiAlbert1999", "Barabási, A.-L. & Albert, R."),
        ("ErdosRenyi1959", "Erdős, P. & Rényi, A."),
        ("BroomRychtar2008", "Broom, M. & Rychtář, J."),
        ("OhtsukiHauertLiebermanNowak2006", "Ohtsuki, H., Hauert, C., Lieberman, E. & Nowak, M. A."),
    ],
)
def test_authors_are_surnames_and_initials(key, authors):
    assert reference(entry(key)).authors == authors


@pytest.mark.parametrize(
    ("tex", "printed"),
    [
        (r"{\'e}\'{e}\'e", "ééé"), (r"{\H{o}}{\v{c}}{\c{c}}", "őčç"), (r'{\"o}\~n', "öñ"), ("1--2 --- 3", "1–2 — 3"),
        ("`small-world' ``x''", "‘small-world’ “x”"), (r"A \& B \% \_", "A & B % _"),
        ("{I} in {Prisoner's}", "I in Prisoner’s"),
    ],
)  # fmt: skip
def test_tex_is_printed(tex, printed):
    assert plain(tex) == printed


def test_braces_inside_values_are_kept_and_lines_joined():
    (found,) = entries("@Article{A1, title = {One {Two\n   {Three}}}, Year={1999}}\n% the rest")
    assert (found.kind, found.fields) == ("article", {"title": "One {Two {Three}}", "year": "1999"})


def test_an_entry_that_is_not_closed_is_refused():
    with pytest.raises(ScenarioError, match="the braces of 'A1' are not closed"):
        list(entries("@article{A1, title = {One {Two}"))


def test_a_key_that_is_not_there_is_refused():
    with pytest.raises(ScenarioError, match=r"references: must be keys of references\.bib; got 'Nobody2000'"):
        entry("Nobody2000")


# --------------------------------------------------------------------------------------- what is cited


@EVERY
def test_each_key_comes_once_and_theory_is_among_them(name):
    keys = cited(named(name))
    assert len(set(keys)) == len(keys)
    assert set(expectation(named(name)).references) <= set(keys)


def test_parts_of_a_rule_that_is_off_are_not_cited():
    on = Scenario(
        size=12,
        players=(Players(share=0.5, strategy=WinStayLoseShift()), Players(share=0.5, strategy=AllD())),
        indirect=Indirect(enabled=True, assessment=SternJudging()),
        network=Network(enabled=True, graph=BarabasiAlbert()),
        kin=Kin(enabled=True),
        direct=Direct(enabled=True),
    )
    own = {
        "indirect": {"NowakSigmund1998", "PachecoSantosChalub2006", "OhtsukiIwasa2004"},
        "network": {"BarabasiAlbert1999", "SantosPacheco2005", "OhtsukiHauertLiebermanNowak2006"},
        "kin": {"Hamilton1964"},
        "direct": {"AxelrodHamilton1981"},
    }
    for rule, keys in own.items():
        assert keys <= set(cited(on))
        assert not keys & set(cited(replace(on, {f"{rule}.enabled": False})))
    assert set(WinStayLoseShift.references) <= set(cited(on))


def test_the_parts_that_are_used_are_those_that_are_declared():
    kinds = [kind_of(type(part)) for part in used(named("network")) if "kind" in type(part).model_fields]
    assert kinds == ["donation", "death_birth", "reciprocator", "table", "alld", "table", "torus", "same"]


# --------------------------------------------------------------------------------------------- BibTeX


@EVERY
def test_bibtex_holds_the_package_and_what_is_cited_as_it_stands(name):
    found = {e.key: e for e in entries(citation(named(name)))}
    assert tuple(found) == ("coop_abm", *cited(named(name)))
    assert all(found[key].text == entry(key).text for key in cited(named(name)))
    assert found["coop_abm"].fields["version"] == coop_abm.__version__


def test_the_package_is_cited_as_its_citation_file_says():
    cff = (Path(coop_abm.__file__).parents[1] / "CITATION.cff").read_text(encoding="utf-8")
    (own,) = (found for found in entries(citation(named("kin"))) if found.key == "coop_abm")
    assert own.fields["year"] == re.search(r"^date-released: (\d{4})", cff, flags=re.MULTILINE)[1]
    assert f'title: "{plain(own.fields["title"])}"' in cff
    assert f'- name: "{plain(own.fields["author"])}"' in cff


STRANGE = [
    "}", "{", "}}}", "\\", "\\}", "a\n}\n@article{Evil2000,\n title = {x}}", "100% $x$ #1 & a_b ~ ^", "%", "@", '"',
    "\x1b[2J", "\\input{/etc/passwd}", "x" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("name", STRANGE, ids=range(len(STRANGE)))
def test_a_strangers_name_ends_no_entry(name):
    text = citation(Scenario(name=name, size=10))
    assert [found.key for found in entries(text)] == ["coop_abm", *cited(Scenario(size=10))]
    (note,) = (found.fields["note"] for found in entries(text) if found.key == "coop_abm")
    assert note.count("{") == note.count("}") and note.isprintable()
    assert not re.search(r"(?<!\\)[%$#&_~^]", note)
    assert not re.search(r"\\(?![%$#&_]|text[a-z]+\{\})", note), "only marks of our own follow a backslash"


def test_the_face_offers_both():
    world = coop_abm.world("direct")
    assert coop_abm.citation(world) == citation(world)
    assert coop_abm.cited(world) == cited(world)
