"""The five-minute promise: a new part is one file and one line.

The package is copied, each kind of part gets one new file, and the ``__init__.py`` of its folder one
new line, the import. Then the copy must know the part everywhere: in its family, in a scenario file,
on both clocks, on the command line.
"""

from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import coop_abm

PACKAGE = Path(coop_abm.__file__).parent


class Newcomer(NamedTuple):
    """A part to add: its folder, the name of its file and class, its kind, its file."""

    folder: str
    module: str
    name: str
    kind: str
    text: str

    @property
    def line(self) -> str:
        """The one line."""
        return f"from coop_abm.{self.folder}.{self.module} import {self.name}"


NEWCOMERS = (
    Newcomer("strategies", "two_tats", "TitForTwoTats", "tf2t", '''
"""Tit-for-two-tats."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.strategies.table import Automaton, Strategy


class TitForTwoTats(Strategy):
    """Defects only after two defections of its partner in a row.

    Names: TF2T, Tit For Two Tats [Axelrod1984].
    """

    title = "tit-for-two-tats"
    references = ("Axelrod1984",)
    kind: Literal["tf2t"] = "tf2t"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        cooperate = np.ones((3, 5, 3, 2, 2))
        cooperate[2] = 0.0
        refusals = [[0, 1, 0, 1], [0, 2, 0, 2], [0, 2, 0, 2]]
        return Automaton(cooperate, np.array(refusals, np.int64))
'''),
    Newcomer("norms", "staying", "Staying", "staying", '''
"""Staying, one of the leading eight."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.norms.base import Norm


class Staying(Norm):
    """Toward the good, helping is good and refusing is bad; toward the bad, one stays what one was.

    Names: staying, L7 [OhtsukiIwasa2004].
    """

    title = "staying"
    references = ("OhtsukiIwasa2004",)
    kind: Literal["staying"] = "staying"

    def table(self) -> np.ndarray:
        judged = np.empty((2, 2, 2), np.int64)
        judged[:, 1, 0], judged[:, 1, 1] = 1, 0
        judged[0, 0], judged[1, 0] = 0, 1
        return judged
'''),
    Newcomer("updates", "imitate_better", "ImitateBetter", "imitate_better", '''
"""Imitate the better."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.core.kernel import kernel
from coop_abm.structures.neighbours import random_neighbour
from coop_abm.updates.base import Update, someone


@kernel
def better_of(i, v, w, size, indptr, indices, weight, key, fitness, payoff, pressure):
    """The neighbour that v draws if it earns more than i, else i."""
    j = random_neighbour(i, v, size, indptr, indices, weight)
    if j >= 0 and payoff[key[j]] > payoff[key[i]]:
        return j
    return np.int64(i)


class ImitateBetter(Update):
    """A random individual copies a random neighbour that earns more than itself.

    Names: imitate if better [Traulsen2006].
    """

    title = "imitate the better"
    references = ("Traulsen2006",)
    synchronous = True
    replace = someone.using(source=better_of)
    source = better_of

    kind: Literal["imitate_better"] = "imitate_better"
'''),
    Newcomer("structures", "double_wheel", "DoubleWheel", "double_wheel", '''
"""The double wheel: two hubs among individuals on a circle."""

from __future__ import annotations

from typing import ClassVar, Literal

from coop_abm.core.errors import GraphError
from coop_abm.core.part import Part
from coop_abm.structures.graph import Graph, from_edges


class DoubleWheel(Part):
    """Nodes 0 and 1 are joined to all others, which form a circle."""

    title: ClassVar[str] = "double wheel"
    references: ClassVar[tuple[str, ...]] = ("SantosPacheco2005",)

    kind: Literal["double_wheel"] = "double_wheel"

    def check(self, size: int) -> None:
        """Refuse a number of nodes that this graph cannot have."""
        if size < 5:
            raise GraphError(f"network.graph: a double wheel needs at least 5 individuals; got {size}")

    def build(self, size: int, seed: int = 0) -> Graph:
        """The graph of `size` nodes; `seed` is not used."""
        self.check(size)
        rim = [(i, i + 1) for i in range(2, size - 1)] + [(2, size - 1)]
        return from_edges(size, rim + [(hub, i) for hub in (0, 1) for i in range(2, size)])
'''),
    Newcomer("games", "chicken", "Chicken", "chicken", '''
"""Chicken."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.core.part import knob
from coop_abm.games.base import Game


class Chicken(Game):
    """Whoever swerves loses face; if nobody does, both crash."""

    title = "Chicken"
    references = ("NowakMay1992",)

    kind: Literal["chicken"] = "chicken"
    face: float = knob(1.0, "face", low=0, high=1e6, step=0.1, live=True, help="what the one who swerves alone loses")
    crash: float = knob(10.0, "crash", low=0, high=1e6, step=0.1, live=True, help="what a crash costs")
    road: Literal["empty", "watched"] = knob("empty", "road", help="whether losing face is seen by others")

    def payoffs(self) -> np.ndarray:
        face = self.face * (2 if self.road == "watched" else 1)
        return np.array([[0.0, -face], [face, -self.crash]])
'''),
)  # fmt: skip

SCENARIO = """
size = 12
clock = "{clock}"
game = {{kind = "chicken", crash = 4.0, road = "watched"}}
update = "imitate_better"
players = [
    {{share = 0.5, strategy = {{kind = "tf2t"}}}},
    {{share = 0.5, strategy = {{kind = "alld"}}}},
]
direct = {{enabled = true, continuation = 0.5}}
indirect = {{enabled = {known}, visibility = 0.5, assessment = "staying"}}
network = {{enabled = true, graph = "double_wheel"}}
"""

EVERY = pytest.mark.parametrize("newcomer", NEWCOMERS, ids=lambda newcomer: newcomer.folder)


def registered(source: str, newcomer: Newcomer) -> str:
    """The ``__init__.py`` of a folder with the line of the newcomer below the last import of its own."""
    lines = source.splitlines(keepends=True)
    own = f"from coop_abm.{newcomer.folder}."
    last = max(number for number, line in enumerate(lines) if line.startswith(own))
    while "(" in lines[last] and ")" not in lines[last]:  # an import over several lines
        last = next(n for n in range(last + 1, len(lines)) if lines[n].startswith(")"))
    return "".join([*lines[: last + 1], newcomer.line + "\n", *lines[last + 1 :]])


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    """A folder that holds a copy of the package with the five newcomers in it."""
    folder = tmp_path_factory.mktemp("laboratory")
    shutil.copytree(PACKAGE, folder / "coop_abm", ignore=shutil.ignore_patterns("__pycache__"))
    for newcomer in NEWCOMERS:
        home = folder / "coop_abm" / newcomer.folder
        (home / f"{newcomer.module}.py").write_text(newcomer.text.lstrip(), encoding="utf-8")
        entrance = home / "__init__.py"
        entrance.write_text(registered(entrance.read_text(encoding="utf-8"), newcomer), encoding="utf-8")
    return folder


def python(laboratory: Path, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """A fresh interpreter that finds the copy first."""
    kept = {"PYTHONPATH": str(laboratory), "COOP_ABM_CACHE_DIR": str(laboratory / "cache"), "MPLBACKEND": "agg"}
    environment = {**os.environ, **kept, **environment}
    return subprocess.run(
        [sys.executable, *words], cwd=laboratory, env=environment, capture_output=True, text=True, timeout=300
    )


def scenario_file(laboratory: Path, clock: str) -> Path:
    file = laboratory / f"{clock}.toml"
    # Under a norm there is no constant payoff matrix, so the event clock has to leave it off.
    file.write_text(SCENARIO.format(clock=clock, known=str(clock == "round").lower()), encoding="utf-8")
    return file


@EVERY
def test_one_file_and_one_line_are_all_that_is_new(newcomer, laboratory):
    before = (PACKAGE / newcomer.folder / "__init__.py").read_text(encoding="utf-8").splitlines()
    after = (laboratory / "coop_abm" / newcomer.folder / "__init__.py").read_text(encoding="utf-8").splitlines()
    changes = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    files = {path.name for path in (laboratory / "coop_abm" / newcomer.folder).glob("*.py")}
    assert changes == [f"+ {newcomer.line}"]
    assert files - {path.name for path in (PACKAGE / newcomer.folder).glob("*.py")} == {f"{newcomer.module}.py"}


@EVERY
def test_one_line_makes_a_part_one_of_its_family(newcomer, laboratory):
    asked = f"from coop_abm.{newcomer.folder} import KINDS, {newcomer.name} as new; print(new in KINDS)"
    answer = python(laboratory, "-c", asked)
    assert (answer.stdout.strip(), answer.stderr) == ("True", "")


# One clock through the compiler is enough: the kernel of the event clock calls the one of the round clock.
@pytest.mark.parametrize(("clock", "engine"), [("round", {"COOP_ABM_ENGINE": "plain"}), ("event", {})])
def test_a_world_of_newcomers_runs(clock, engine, laboratory):
    words = ("run", scenario_file(laboratory, clock).name, "--steps", "3", "--quiet", "--out", f"{clock}_out")
    answer = python(laboratory, "-m", "coop_abm.cli", *words, **engine)
    series = laboratory / f"{clock}_out" / "series.csv"
    assert (answer.returncode, answer.stderr) == (0, "")
    assert len(series.read_text().splitlines()) == 1 + 4  # a heading, the start, three steps


def test_the_command_line_shows_the_knobs_of_newcomers(laboratory):
    answer = python(laboratory, "-m", "coop_abm.cli", "knobs", scenario_file(laboratory, "round").name)
    shown = answer.stdout.splitlines()
    for line in (
        "game = chicken", "game.crash = 4.0", "game.road = watched", "update = imitate_better",
        "network.graph = double_wheel",
        "players.0.strategy = tf2t", "indirect.assessment = staying",
    ):  # fmt: skip
        assert line in shown


def test_the_command_line_lists_newcomers_among_what_is_permitted(laboratory):
    answer = python(laboratory, "-m", "coop_abm.cli", "knobs", "well_mixed")
    for newcomer in NEWCOMERS:
        assert newcomer.kind in answer.stdout
