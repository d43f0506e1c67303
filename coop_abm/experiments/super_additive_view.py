"""One team tournament as plain values for its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shown(cell: str, story: Mapping[str, Any]) -> dict[str, Any]:
    """A tournament of a condition: its matches, with the points of teams after each, and the plans that were made.

    name    : of the condition
    teams   : the team of each individual
    told    : was anybody told of teams?
    matches : those that were played; `start` is the round of the world in which each began, `totals` what teams had
              after it in its tournament
    plans   : (round, individual, plan, critique), in order
    """
    teams, matches, start = story["teams"], [], 0
    totals, tournament = [0.0] * (max(teams) + 1), 0
    for match in story["matches"]:
        if match["ended"] == "skipped":
            continue
        if match["tournament"] != tournament:
            totals, tournament = [0.0] * len(totals), match["tournament"]
        for who, points in zip(match["players"], match["scores"], strict=True):
            totals[teams[who]] += points
        matches.append(dict(match) | {"start": start, "totals": list(totals)})
        start += len(match["moves"][0])
    plans = [[note["round"], note["individual"], note.get("plan", ""), note.get("critique", "")]
             for note in story["notes"]]  # fmt: skip
    return {
        "name": cell, "teams": teams, "told": story["condition"] in ("gc", "sa"), "matches": matches, "plans": plans,
        "leaders": story["finals"][-1]["leaders"] if story["finals"] else [],
    }  # fmt: skip
