"""Small worlds in which others than tables decide, and a policy that writes down what it was asked."""

from __future__ import annotations

from coop_abm.engine.rounds import Play
from coop_abm.games import Donation
from coop_abm.policies.means import Means
from coop_abm.policies.roster import roster
from coop_abm.scenario.minds import Plugin
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import AllC, TitForTat
from coop_abm.updates import PairwiseComparison


def world(*players: Players, size: int = 8, **rules) -> Scenario:
    """A population of these entries in the donation game; nobody has a table of its own unless it says so."""
    return Scenario(
        size=size, players=players, game=Donation(benefit=3.0), **{"update": PairwiseComparison(intensity=0.5), **rules}
    )


def plugged(name: str = "mine", **entry) -> Players:
    """An entry for which an object of the user's own decides."""
    return Players(strategy=AllC(), policy=Plugin(name=name), **entry)


def tables(**entry) -> Players:
    """An entry of tit-for-tat."""
    return Players(strategy=TitForTat(), **entry)


def begun(scenario: Scenario, seed: int = 1, replicates: int = 1, human=None, **policies):
    """(play, roster) of a world, ready for its first question."""
    play = Play(scenario, seed, replicates=replicates)
    means = Means(policies=policies, human=human, mode="off")
    return play, roster(scenario, play.repertoire, play.answers, seed=seed, means=means)


class Noting:
    """A function of a view that keeps every view; `answer` is what it answers to each."""

    def __init__(self, answer="cooperate", words="good morning"):
        self.seen = []
        self.answer, self.words = answer, words

    def __call__(self, view):
        self.seen.append(view)
        given = self.answer if view.options else self.words
        return given(view) if callable(given) else given

    def at(self, stage):
        """The views of one stage."""
        return [view for view in self.seen if view.stage == stage]
