"""The factorial as plain values for a page: a heat map whose cells open onto games that were played."""

from __future__ import annotations

from typing import Any

import numpy as np

from coop_abm.engine.factorial import Cell, Factorial
from coop_abm.engine.repeated_games import RepeatedGame
from coop_abm.experiments.languages_figure import lines_of
from coop_abm.experiments.languages_rows import both
from coop_abm.experiments.languages_scores import Incomplete, Played, Scores, Where, mean

#: Cells of the factorial that one square of the map lists at most.
MOST_LISTED = 60


def view(factorial: Factorial, scores: Scores, worlds: dict[Cell, RepeatedGame]) -> dict[str, Any]:
    """The map of each model: lines x languages, and for each square the cells behind it with their first games."""
    maps = []
    for model in factorial.models:
        lines = lines_of(factorial, model)
        squares = [
            [_square(scores, worlds, both(where, language=language)) for language in factorial.languages]
            for _name, where in lines
        ]
        maps.append({"model": model, "lines": [name for name, _where in lines], "squares": squares})
    return {"languages": list(factorial.languages), "rounds": factorial.rounds, "maps": maps}


def _square(scores: Scores, worlds: dict[Cell, RepeatedGame], where: Where) -> dict[str, Any]:
    games = scores.of(where)
    if isinstance(games, Incomplete):
        return {"rate": None, "note": games.words, "cells": []}
    if not games:
        return {"rate": None, "note": "", "cells": []}
    found = mean(games)
    return {
        "rate": found.value, "low": found.low, "high": found.high, "note": "",
        "cells": [_cell(each, worlds[each.cell]) for each in games[:MOST_LISTED]],
    }  # fmt: skip


def _cell(played: Played, world: RepeatedGame) -> dict[str, Any]:
    """One cell: what it is, its rate, and its first game round by round, 1 where somebody cooperated."""
    cell, pays = played.cell, world.pays()
    helped = played.helped[0]
    counts = helped.sum(axis=1, keepdims=True) - helped
    earned = pays[np.where(helped, 0, 1), counts]
    return {
        "personas": list(cell.personas), "horizon": cell.horizon, "knowledge": cell.knowledge,
        "rate": float(played.cooperation.mean()), "actions": list(world.game.actions),
        "moves": helped.astype(int).tolist(), "payoffs": np.round(earned, 6).tolist(),
    }  # fmt: skip
