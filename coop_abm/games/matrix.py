"""The classic games of two actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import model_validator

from coop_abm.core.part import knob
from coop_abm.games.base import Game


class Donation(Game):
    """To cooperate is to pay a cost so that the partner gets a benefit."""

    title = "Donation game"
    references = ("Nowak2006",)

    kind: Literal["donation"] = "donation"
    benefit: float = knob(3.0, "benefit b", low=0, high=1e6, step=0.1, live=True, help="what the partner gets")
    cost: float = knob(1.0, "cost c", low=0, high=1e6, step=0.1, live=True, help="what helping costs")

    def payoffs(self) -> np.ndarray:
        b, c = self.benefit, self.cost
        return np.array([[b - c, -c], [b, 0.0]])


class _FourPayoffs(Game):
    """Games given by reward R, sucker S, temptation T and punishment P, in an order of size."""

    if TYPE_CHECKING:
        reward: float
        sucker: float
        temptation: float
        punishment: float

    def payoffs(self) -> np.ndarray:
        return np.array([[self.reward, self.sucker], [self.temptation, self.punishment]])

    def _refuse_unless(self, holds: bool, order: str) -> None:
        if not holds:
            raise ValueError(f"must keep {order}")


class PrisonersDilemma(_FourPayoffs):
    """Defection pays whatever the partner does, yet both prefer mutual cooperation."""

    title = "Prisoner's dilemma"
    references = ("AxelrodHamilton1981",)

    kind: Literal["prisoners_dilemma"] = "prisoners_dilemma"
    temptation: float = knob(5.0, "temptation T", low=-1e6, high=1e6, step=0.1, live=True, help="defect on a helper")
    reward: float = knob(3.0, "reward R", low=-1e6, high=1e6, step=0.1, live=True, help="both cooperate")
    punishment: float = knob(1.0, "punishment P", low=-1e6, high=1e6, step=0.1, live=True, help="both defect")
    sucker: float = knob(0.0, "sucker's payoff S", low=-1e6, high=1e6, step=0.1, live=True, help="help a defector")

    @model_validator(mode="after")
    def _is_a_dilemma(self) -> Self:
        ordered = self.temptation > self.reward > self.punishment >= self.sucker
        self._refuse_unless(ordered, "temptation > reward > punishment >= sucker")
        return self


class Snowdrift(Game):
    """Both want the road cleared; the cost is shared if both shovel."""

    title = "Snowdrift"
    references = ("HauertDoebeli2004",)

    kind: Literal["snowdrift"] = "snowdrift"
    benefit: float = knob(3.0, "benefit b", low=0, high=1e6, step=0.1, live=True, help="worth of a cleared road")
    cost: float = knob(1.0, "cost c", low=0, high=1e6, step=0.1, live=True, help="the whole work of clearing it")

    def payoffs(self) -> np.ndarray:
        b, c = self.benefit, self.cost
        return np.array([[b - c / 2, b - c], [b, 0.0]])


class StagHunt(Game):
    """A stag needs both hunters; a hare can be had alone."""

    title = "Stag hunt"
    references = ("TaylorNowak2007",)

    kind: Literal["stag_hunt"] = "stag_hunt"
    stag: float = knob(4.0, "share of the stag", low=-1e6, high=1e6, step=0.1, live=True, help="both hunt the stag")
    hare: float = knob(3.0, "hare", low=-1e6, high=1e6, step=0.1, live=True, help="whoever hunts the hare")
    alone: float = knob(0.0, "alone", low=-1e6, high=1e6, step=0.1, live=True, help="hunt the stag alone")

    @model_validator(mode="after")
    def _is_a_stag_hunt(self) -> Self:
        if not self.stag > self.hare > self.alone:
            raise ValueError("must keep stag > hare > alone")
        return self

    def payoffs(self) -> np.ndarray:
        return np.array([[self.stag, self.alone], [self.hare, self.hare]])


class Harmony(_FourPayoffs):
    """Cooperation pays whatever the partner does."""

    title = "Harmony"
    references = ("TaylorNowak2007",)

    kind: Literal["harmony"] = "harmony"
    reward: float = knob(3.0, "reward R", low=-1e6, high=1e6, step=0.1, live=True, help="both cooperate")
    temptation: float = knob(2.0, "temptation T", low=-1e6, high=1e6, step=0.1, live=True, help="defect on a helper")
    sucker: float = knob(1.0, "sucker's payoff S", low=-1e6, high=1e6, step=0.1, live=True, help="help a defector")
    punishment: float = knob(0.0, "punishment P", low=-1e6, high=1e6, step=0.1, live=True, help="both defect")

    @model_validator(mode="after")
    def _is_harmonious(self) -> Self:
        ordered = self.reward > self.temptation and self.sucker > self.punishment
        self._refuse_unless(ordered, "reward > temptation and sucker > punishment")
        return self


class Assurance(_FourPayoffs):
    """Cooperation is best if the other can be relied on, and worst if it cannot: a stag hunt of any four payoffs.

    Names: assurance game [Sen1967], stag hunt where two hares are not worth what one is.
    """

    title = "Assurance"
    references = ("Sen1967",)

    kind: Literal["assurance"] = "assurance"
    reward: float = knob(4.0, "reward R", low=-1e6, high=1e6, step=0.1, live=True, help="both cooperate")
    temptation: float = knob(3.0, "temptation T", low=-1e6, high=1e6, step=0.1, live=True, help="defect on a helper")
    punishment: float = knob(2.0, "punishment P", low=-1e6, high=1e6, step=0.1, live=True, help="both defect")
    sucker: float = knob(0.0, "sucker's payoff S", low=-1e6, high=1e6, step=0.1, live=True, help="help a defector")

    @model_validator(mode="after")
    def _is_an_assurance_game(self) -> Self:
        ordered = self.reward > self.temptation >= self.punishment > self.sucker
        self._refuse_unless(ordered, "reward > temptation >= punishment > sucker")
        return self


class BattleOfTheSexes(Game):
    """Two who would rather be together than apart, each at the place that it likes better.

    To cooperate is to go to the other's favourite place, to defect to go to one's own. So the two meet where
    exactly one of them cooperates. In this form the game is the same for both, as a :class:`Game` must be.

    Names: battle of the sexes [LuceRaiffa1957], hero [Rapoport1967].
    """

    title = "Battle of the sexes"
    references = ("LuceRaiffa1957", "Rapoport1967")
    actions = ("go to the other's place", "go to the own place")

    kind: Literal["battle_of_the_sexes"] = "battle_of_the_sexes"
    favourite: float = knob(2.0, "favourite", low=-1e6, high=1e6, step=0.1, live=True, help="meet at the own place")
    second: float = knob(1.0, "second", low=-1e6, high=1e6, step=0.1, live=True, help="meet at the other's place")
    apart: float = knob(0.0, "apart", low=-1e6, high=1e6, step=0.1, live=True, help="each somewhere else")

    @model_validator(mode="after")
    def _is_a_battle(self) -> Self:
        if not self.favourite > self.second > self.apart:
            raise ValueError("must keep favourite > second > apart")
        return self

    def payoffs(self) -> np.ndarray:
        return np.array([[self.apart, self.second], [self.favourite, self.apart]])
