"""One run of each arm, round by round, as plain values for the page of the experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coop_abm.experiments.commons_cells import ARMS

if TYPE_CHECKING:
    from coop_abm.experiments.commons import CommonsExperiment
    from coop_abm.experiments.runs import Runs


def shown(study: CommonsExperiment, results: Runs) -> dict[str, Any]:
    """The first replication of each arm of the first start and world whose arms are all there; else of what there is.

    runs : of each: name, capacity and lowest stock, users, and its rounds: stock, left, bears, took, starved,
           punished, proposals, votes, norm
    """
    names = chosen(study, results)
    return {"runs": [_told(study, name) for name in names]} if names else {}


def chosen(study: CommonsExperiment, results: Runs) -> list[str]:
    """The cells of which a run is told."""
    named, whole = study.named, results.whole
    ablated = [name for name in whole if named[name].part == "ablation"]
    for first in ablated:
        what = named[first]
        arms = [n for n in ablated if (named[n].place, named[n].start) == (what.place, what.start)]
        if len(arms) == len(ARMS):
            return arms
    return list(whole[: len(ARMS)])


def _told(study: CommonsExperiment, name: str) -> dict[str, Any]:
    story = study.story(name)
    rounds = [
        {
            "stock": round(one["stock"], 3),
            "left": round(one["left"], 3),
            "bears": round(one["bears"], 3),
            "took": [None if value is None else round(value, 3) for value in one["took"]],
            "starved": one["starved"],
            "punished": [[who, whom, round(fine, 3)] for who, whom, fine in one["punished"]],
            "proposals": [[who, text] for who, text in one["proposals"].items()],
            "votes": [[who, whom] for who, whom in one["votes"].items()],
            "norm": one["norm"],
        }
        for one in story["rounds"]
    ]
    return {
        "name": name, "capacity": story["capacity"], "lowest": story["lowest"], "users": story["users"],
        "horizon": study.worlds[name].horizon, "collapsed": story["collapsed_in"], "rounds": rounds,
    }  # fmt: skip
