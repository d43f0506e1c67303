"""Style sheets are put together, so a class that two pages style differently changes a page that nobody looks at."""

import collections
import re
from pathlib import Path

import coop_abm.dashboard

STYLE = Path(coop_abm.dashboard.__file__).parent / "views" / "style"
#: The Lab's own parts build on each other, as tokens and common parts do; the other files belong to one page each.
OF_THE_LAB = ("30_lab.css", "35_bench.css", "35_views.css", "40_session.css", "42_one.css")
OF_A_PAGE = sorted(path for path in STYLE.glob("[345]*.css") if path.name not in OF_THE_LAB)


def styled(path):
    """Classes that stand alone in a selector of this file."""
    found = set()
    for head in re.findall(r"^([.][^{@]+)\{", path.read_text(encoding="utf-8"), re.M):
        for selector in head.split(","):
            classes = re.findall(r"\.(coop-[a-z0-9-]+)", selector)
            found |= (
                set(classes) if len(classes) == 1 and "." + classes[0] == selector.strip().split(" ")[-1] else set()
            )
    return found


def test_no_class_is_styled_by_two_pages():
    where = collections.defaultdict(set)
    for path in OF_A_PAGE:
        for name in styled(path):
            where[name].add(path.name)
    assert {name: files for name, files in where.items() if len(files) > 1} == {}


def test_pages_do_not_restyle_the_parts_of_the_lab():
    lab = set().union(*(styled(STYLE / name) for name in OF_THE_LAB))
    assert {name: path.name for path in OF_A_PAGE for name in styled(path) & lab} == {}


def test_colours_come_from_the_tokens():
    for path in STYLE.glob("*.css"):
        if path.name != "10_tokens.css":
            loose = set(re.findall(r"#[0-9A-Fa-f]{3,8}\b", path.read_text(encoding="utf-8"))) - {"#FFFFFF", "#fff"}
            assert loose == set(), path.name
