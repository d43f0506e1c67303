"""The table of the factorial: scores of each game and model, and what FAIRGAME's models did beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from coop_abm.engine.factorial import Cell, Factorial
from coop_abm.experiments import languages_strategies as strategies
from coop_abm.experiments.base import Column
from coop_abm.experiments.languages_scores import (
    DRAWS,
    Incomplete,
    Played,
    Scores,
    Where,
    contrast,
    falling,
    inconsistency,
    mean,
    spread,
    variability,
    variability_interval,
)
from coop_abm.experiments.published import fairgame
from coop_abm.experiments.staged import NOTE
from coop_abm.theory.inference import Interval, holm

COLUMNS = (
    Column("game", "game", "what is played, and by whom"),
    Column("model", "model", "who decides"),
    Column("score", "score", "what is measured, and over which cells; the formulas stand in docs/languages.md"),
    Column("published", "published", "mean of four language models in FAIRGAME, recomputed from their games", "theory"),
    Column("ours", "ours", "measured here", "ours"),
    Column("low", "low", "95 % interval over replications", "low"),
    Column("high", "high", "95 % interval over replications", "high"),
    Column("offline", "offline", "the same where rules decide: the same ones, and persona in the place of a model"),
    Column("p", "p", f"of a difference: permutation test by replication, {DRAWS} arrangements"),
    Column("holm", "p (Holm)", "the same, raised for all tests of this model"),
    NOTE,
)
#: Levels of the dilemma that were published, from the one that makes cooperation cheapest.
LEVELS = ("mild", "conventional", "harsh")


def rows_of(factorial: Factorial, scores: Scores, offline: Scores | None = None) -> list[dict[str, Any]]:
    """All rows, model by model and game by game, then what was published of single models.

    offline : the same cells, where language models decide in them, as rules play them
    """
    beside = {} if offline is None else {_key(row): row["ours"] for row in _ours(factorial, offline)}
    found = [row | {"offline": beside.get(_key(row))} for row in _ours(factorial, scores)]
    found += [row for game in games_of(factorial) if any(c.game == game for c in scores.played) for row in _told(game)]
    return [{name: _clean(value) for name, value in row.items()} for row in found]


def _ours(factorial: Factorial, scores: Scores) -> list[dict[str, Any]]:
    """The rows of all models, with p-values raised model by model."""
    found: list[dict[str, Any]] = []
    for model in factorial.models:
        rows = [row for game in games_of(factorial) for row in _of_game(factorial, scores, game, model)]
        tested = [row for row in rows if row["p"] is not None]
        for row, raised in zip(tested, holm([row["p"] for row in tested]), strict=True):
            row["holm"] = float(raised)
        found += rows
    return found


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["game"], row["model"], row["score"]


def _told(game: str) -> Iterator[dict[str, Any]]:
    """What was published of single models in a game."""
    empty = dict.fromkeys(column.name for column in COLUMNS)
    for model, rate in zip(fairgame.MODELS, fairgame.BY_MODEL.get(game, ()), strict=False):
        yield empty | {"game": game, "model": f"{model} (FAIRGAME)", "score": "cooperation", "published": rate}


def _clean(value: Any) -> Any:
    """A number without the rounding errors of means, which would be printed as 1e-17."""
    return round(value, 12) + 0.0 if isinstance(value, float) else value


def games_of(factorial: Factorial) -> tuple[str, ...]:
    """The games, each once."""
    return tuple(dict.fromkeys(treatment.game for treatment in factorial.games))


def base(factorial: Factorial, game: str, model: str) -> Where:
    """The cells that can be held against the published ones: payoffs as they are, and no more knowledge than need be.

    Of the dilemma the three levels that were published in penalties, of any other game all its levels.
    """
    least = min(factorial.knowledge)
    stakes = 1.0

    def where(cell: Cell) -> bool:
        return (
            cell.game == game and cell.model == model and cell.knowledge == least and cell.stakes == stakes
            and cell.framing == "native" and (game != "pd" or cell.level in LEVELS)
        )  # fmt: skip

    return where


def both(where: Where, **fields: Any) -> Where:
    """The cells of a group that have these values as well."""
    return lambda cell: where(cell) and all(getattr(cell, name) == value for name, value in fields.items())


def _of_game(factorial: Factorial, scores: Scores, game: str, model: str) -> Iterator[dict[str, Any]]:
    line = _Lines(scores, game, model)
    start = base(factorial, game, model)
    if scores.has(start):
        measure = "met" if game == "battle_of_the_sexes" else "cooperation"
        yield from line.mean("coordination" if measure == "met" else "cooperation", start, measure)
        if measure == "met":
            yield from line.mean("cooperation", start)
        for language in factorial.languages:
            yield from line.mean(language, both(start, language=language), measure)
        for personas in dict.fromkeys(cell.personas for cell in scores.cells if start(cell)):
            yield from line.mean("+".join(personas), both(start, personas=personas), measure)
        for horizon in factorial.horizons:
            yield from line.mean(horizon, both(start, horizon=horizon), measure)
        yield from _of_levels(line, start)
        yield from _of_ends(line, factorial, start)
        yield from line.languages(start)
        yield from line.difference("personalities", _all_of(start, "cooperative"), _all_of(start, "selfish"))
        yield from line.spread("internal variability", start)
        if game == "pd":
            games = scores.of(start)
            yield from () if isinstance(games, Incomplete) else strategies.rows(factorial, model, games, line.row(""))
    most, least = max(factorial.knowledge), min(factorial.knowledge)
    if most > least:
        here = _everything(game, model)
        yield from line.difference("knowledge", both(here, knowledge=most), both(here, knowledge=least))
    yield from _of_frames(line, factorial, game, model)


def _everything(game: str, model: str) -> Where:
    return lambda cell: cell.game == game and cell.model == model


def _all_of(where: Where, persona: str) -> Where:
    return lambda cell: where(cell) and set(cell.personas) == {persona}


def _of_levels(line: _Lines, start: Where) -> Iterator[dict[str, Any]]:
    levels = [level for level in LEVELS if line.scores.has(both(start, level=level))]
    if len(levels) < 2:
        return
    for level in levels:
        yield from line.mean(level, both(start, level=level))
    groups = [line.scores.of(both(start, level=level)) for level in levels]
    first, last = both(start, level=levels[0]), both(start, level=levels[-1])
    yield from line.difference(f"{levels[0]} - {levels[-1]}", first, last)
    whole = [games for games in groups if not isinstance(games, Incomplete)]
    if len(whole) == len(groups) == 3:
        yield line.row("mild > conventional > harsh", p=falling(whole).p)


def _of_ends(line: _Lines, factorial: Factorial, start: Where) -> Iterator[dict[str, Any]]:
    if factorial.rounds < 2:
        return
    for horizon in factorial.horizons:
        yield from line.mean(f"last round, {horizon}", both(start, horizon=horizon), "last")
    if len(factorial.horizons) == 2:
        known, unknown = (both(start, horizon=horizon) for horizon in ("known", "unknown"))
        yield from line.difference("end-game effect", known, unknown, "last")


def _of_frames(line: _Lines, factorial: Factorial, game: str, model: str) -> Iterator[dict[str, Any]]:
    """Framing and stakes, each between cells that have all else in common."""
    for treatment in factorial.games:
        if treatment.game != game:
            continue

        def here(cell: Cell, levels: tuple[str, ...] = treatment.levels) -> bool:
            return cell.game == game and cell.model == model and cell.level in levels

        for framing in treatment.framings[1:]:
            first = treatment.framings[0]
            inside = both(here, stakes=treatment.stakes[0])
            name = f"framing {framing} - {first}"
            yield from line.difference(name, both(inside, framing=framing), both(inside, framing=first))
        for stakes in treatment.stakes:
            if len(treatment.stakes) > 1:
                inside = both(here, framing=treatment.framings[0])
                yield from line.mean(f"stakes x{stakes:g}", both(inside, stakes=stakes))
        if len(treatment.stakes) > 1:
            low, high = min(treatment.stakes), max(treatment.stakes)
            inside = both(here, framing=treatment.framings[0])
            name = f"stakes x{high:g} - x{low:g}"
            yield from line.difference(name, both(inside, stakes=high), both(inside, stakes=low))


class _Lines:
    """Rows of one game and one model; a group that is not whole has no number, and a note that says so."""

    def __init__(self, scores: Scores, game: str, model: str):
        self.scores, self.game, self.model = scores, game, model

    def row(self, score: str, found: Interval | None = None, p: float | None = None, note: str = "") -> dict[str, Any]:
        return {
            "game": self.game, "model": self.model, "score": score, "published": fairgame.of(self.game, score),
            "ours": None if found is None else found.value, "low": None if found is None else found.low,
            "high": None if found is None else found.high, "offline": None, "p": p, "holm": None, "note": note,
        }  # fmt: skip

    def mean(self, score: str, where: Where, measure: str = "cooperation") -> Iterator[dict[str, Any]]:
        games = self.scores.of(where)
        if isinstance(games, Incomplete):
            yield self.row(score, note=games.words)
        elif games:
            yield self.row(score, mean(games, measure))

    def difference(
        self, score: str, first: Where, second: Where, measure: str = "cooperation"
    ) -> Iterator[dict[str, Any]]:
        one, other = self.scores.of(first), self.scores.of(second)
        for games in (one, other):
            if isinstance(games, Incomplete):
                yield self.row(score, note=games.words)
                return
        assert isinstance(one, list) and isinstance(other, list)
        if one and other:
            found, test = contrast(one, other, measure)
            yield self.row(score, found, None if test is None else test.p)

    def languages(self, where: Where) -> Iterator[dict[str, Any]]:
        games = self.scores.of(where)
        if isinstance(games, Incomplete):
            yield self.row("inconsistency", note=games.words)
            return
        spoken: dict[str, list[Played]] = {}
        for each in games:
            spoken.setdefault(each.cell.language, []).append(each)
        if len(spoken) < 2:
            return
        yield self.row("language range", spread(list(spoken.values())))
        found = inconsistency(games)
        assert found is not None
        yield self.row("inconsistency", found.reach, found.p) | {"ours": found.value}

    def spread(self, score: str, where: Where) -> Iterator[dict[str, Any]]:
        games = self.scores.of(where)
        if not isinstance(games, Incomplete) and games:
            yield self.row(score, variability_interval(games)) | {"ours": variability(games)}
