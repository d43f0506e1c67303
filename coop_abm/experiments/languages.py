"""Do language, personality, payoffs and horizon change how much somebody cooperates? [Buscemi2025]

Games x levels, stakes and framings x languages x personalities x opponent knowledge x horizons x models, crossed from
a file of lists. The default is played by rules, offline: what they do is known, so the table shows what each score
says where the truth is known. Language models take their place with ``--policy``, or by their names in the file.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from coop_abm import output
from coop_abm.core.part import knob
from coop_abm.engine.factorial import Cell, Factorial, read_factorial
from coop_abm.engine.staged import play
from coop_abm.experiments import published
from coop_abm.experiments.base import Column
from coop_abm.experiments.languages_rows import COLUMNS, rows_of
from coop_abm.experiments.languages_scores import Played, Scores, decoded
from coop_abm.experiments.languages_strategies import confusion
from coop_abm.experiments.staged import StagedExperiment, StagedOptions
from coop_abm.games.base import COOPERATE
from coop_abm.scenario.minds import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from coop_abm.experiments.runs import Runs


#: Games of each cell that rules play beside those of a model, at most.
TWINS = 20


class Options(StagedOptions):
    """What can be chosen."""

    factorial: str = knob(
        "languages", "factorial", help="languages, fairgame or small, which are shipped, or a TOML file of one's own"
    )
    replications: int = knob(10, "replications", low=2, high=100_000, step=1, help="games of each cell")


class Languages(StagedExperiment):
    """The factorial, its scores beside the published ones, and every game of it."""

    name = "languages"
    question = "Do language, personality, payoffs and horizon change how much somebody cooperates?"
    options = Options
    quick: ClassVar[Mapping[str, Any]] = {"factorial": "small", "replications": 4}
    columns: ClassVar[tuple[Column, ...]] = COLUMNS
    _newest: tuple[Runs, Scores, list[dict[str, Any]]] | None = None

    @cached_property
    def factorial(self) -> Factorial:
        """What is crossed with what."""
        chosen = self.chosen_options.factorial
        shipped = chosen in published.FACTORIALS
        if not shipped and not chosen.endswith(".toml"):
            published.path(chosen)  # refuses it in one line
        read = read_factorial(published.path(chosen) if shipped else chosen)
        return read.with_policy(self.chosen_options.policy)

    @cached_property
    def crossed(self) -> dict[str, Cell]:
        """The cells by the names of their worlds."""
        return {cell.name: cell for cell in self.factorial.cells()}

    def cells(self) -> Mapping[str, Any]:
        """A world for each combination, a :class:`~coop_abm.engine.repeated_games.RepeatedGame`."""
        return {cell.name: world for cell, world in self.factorial.cells().items()}

    def shape(self, cell: str) -> Hashable:
        """Payoffs change digits of prompts, and personalities words; the longest of those stands for all."""
        at, world = self.crossed[cell], self.worlds[cell]
        told = set(at.personas) != {"none"}, at.knowledge > 0
        return at.game, at.language, world.said_as, at.horizon, at.model, told, world.most_questions()["act"]

    def scores(self, results: Runs) -> Scores:
        """The games of the cells that are whole, for groups of cells to be compared."""
        return self._worked_out(results)[0]

    def rows(self, results: Runs) -> list[dict[str, Any]]:
        """One row for each score of each game and model, with what FAIRGAME's models did beside it."""
        return self._worked_out(results)[1]

    def _worked_out(self, results: Runs) -> tuple[Scores, list[dict[str, Any]]]:
        """Scores and rows of the newest results: table, words, figure and files all ask for them."""
        if self._newest is None or self._newest[0] is not results:
            played = {}
            for name in results.whole:
                world = self.worlds[name]
                moves = [results.sample(name, f"moves_{seat}") for seat in range(len(world.players))]
                played[self.crossed[name]] = decoded(self.crossed[name], moves, world.rounds)
            found = Scores(self.crossed.values(), played)
            self._newest = results, found, rows_of(self.factorial, found, self._offline(results))
        return self._newest[1:]

    def _offline(self, results: Runs) -> Scores | None:
        """The whole cells in which somebody else than a table decides, as their rules play them; None of no such."""
        asking = [name for name in results.whole if not all(mind.tabled for mind in self.worlds[name].minds())]
        played = {self.crossed[name]: self._twin(name, min(results.wanted, TWINS)) for name in asking}
        return Scores(self.crossed.values(), played) if played else None

    def _twin(self, name: str, runs: int) -> Played:
        if (name, runs) not in self._twins:
            world = self.worlds[name]
            # Not with_policy: there a model that a file names stays where it is.
            players = tuple(player.model_copy(update={"policy": Table()}) for player in world.players)
            tabled = world.model_copy(update={"players": players})
            matches: list[Any] = [play(tabled.start(self.seed, r), tabled.table()) for r in range(runs)]
            helped = np.stack([match.acted == COOPERATE for match in matches])
            self._twins[name, runs] = Played(self.crossed[name], helped)
        return self._twins[name, runs]

    @cached_property
    def _twins(self) -> dict[tuple[str, int], Played]:
        return {}

    def says(self, results: Runs) -> str:
        """What the table says, and what it does not."""
        from coop_abm.experiments.languages_words import reading

        return reading(self.factorial, self.scores(results), self.rows(results))

    def figure(self, results: Runs) -> Figure:
        """The factorial as a heat map, what personalities do, and the course of the dilemma."""
        from coop_abm.experiments.languages_figure import figure

        return figure(self.factorial, self.scores(results))

    def save(self, results: Runs, folder: Path, *, stories: int = 0) -> list[Path]:
        """Write table, runs, figure and provenance, and how well strategies are recognised; the paths written."""
        paths = super().save(results, folder, stories=stories)
        return [*paths, output.write_json(folder / "languages_recognition.json", confusion(self.factorial.rounds))]

    def view(self, results: Runs) -> dict[str, Any]:
        """The heat map in plain values, and of each cell its rate and its first game."""
        from coop_abm.experiments.languages_view import view

        return view(self.factorial, self.scores(results), {self.crossed[n]: w for n, w in self.worlds.items()})
