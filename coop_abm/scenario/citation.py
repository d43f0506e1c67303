"""Whom to cite for a world: the papers of exactly the parts that it uses, and of what theory says of it."""

from __future__ import annotations

from collections.abc import Iterator

from coop_abm._version import __version__
from coop_abm.core.errors import quoted
from coop_abm.core.part import Part
from coop_abm.mechanisms import Mechanism
from coop_abm.scenario.bibliography import entry
from coop_abm.scenario.expectation import Expectation, expectation
from coop_abm.scenario.knobs import digest
from coop_abm.scenario.scenario import Scenario

_YEAR = 2026  # of this version, as CITATION.cff says
# BibTeX counts braces behind a backslash too, so a single one may not stand in a value in any way.
_TEX = {character: f"\\{character}" for character in "$&#_%"} | {
    "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "\\": r"\textbackslash{}", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def used(part: Part) -> Iterator[Part]:
    """Every part that a part is made of, itself first; rules that are off are left out with all below them."""
    if isinstance(part, Mechanism) and not part.enabled:
        return
    yield part
    for name in type(part).model_fields:
        value = getattr(part, name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Part):
                yield from used(inner)


def cited(scenario: Scenario, seed: int = 0, *, expected: Expectation | None = None) -> tuple[str, ...]:
    """Keys of ``references.bib`` for the parts that are used and for what theory says of them, each once.

    Parameters
    ----------
    seed     : draws the graph if the graph is random: theory may answer for one and not for another
    expected : what theory says of it, if that is known already

    Raises
    ------
    GraphError
        if the declared graph cannot have this many nodes
    """
    keys = [key for part in used(scenario) for key in part.cites]
    expected = expected or expectation(scenario, seed)
    return tuple(dict.fromkeys([*keys, *expected.references]))


def citation(scenario: Scenario, seed: int = 0) -> str:
    """BibTeX for this package and for everything that :func:`cited` names.

    >>> from coop_abm.scenario.library import named
    >>> print(citation(named("kin")).splitlines()[0])
    @misc{coop_abm,

    Raises
    ------
    GraphError
        as :func:`cited`
    """
    about = f"Scenario {tex(scenario.name)}, " if scenario.name else "Scenario "
    own = (
        "@misc{coop_abm,\n"
        "  author = {{The coop\\_abm developers}},\n"
        "  title = {coop\\_abm: the laboratory for the evolution of cooperation},\n"
        "  howpublished = {Python package},\n"
        f"  version = {{{__version__}}},\n"
        f"  note = {{Version {__version__}. {about}digest {digest(scenario)[:12]}}},\n"
        f"  year = {{{_YEAR}}},\n"
        "}"
    )
    return "\n\n".join([own, *(entry(key).text for key in cited(scenario, seed))]) + "\n"


def tex(text: str) -> str:
    """A stranger's text as one line that TeX prints as it stands, and that cannot end a BibTeX value.

    >>> print(tex("50% of {a_b"))
    50\\% of \\textbraceleft{}a\\_b
    """
    line = quoted(" ".join(text.split()), 200)[1:-1]
    return "".join(_TEX.get(character, character) for character in line)
