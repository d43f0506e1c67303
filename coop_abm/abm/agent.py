"""An agent is a window on a row of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

from coop_abm.abm.policy import STANDINGS, AgentView
from coop_abm.core.errors import InputError

if TYPE_CHECKING:
    from mesa.discrete_space import Cell

    from coop_abm.abm.model import CoopModel


class CoopAgent(mesa.Agent):
    """One individual of a :class:`~coop_abm.abm.CoopModel`: a window on its row, which stores nothing else.

    What is read is what the table holds now; what is assigned to `strategy` or `standing` is written
    there, and the next step goes on from it. An agent lives as long as its row: it is removed when
    the individual dies, and a newborn gets a new agent. In a well-mixed population on the event clock
    individuals are told apart by strategy alone, so rows stand in order of strategy.

    A subclass that defines :meth:`decide` plays by its own mind on the round clock::

        class Grumpy(CoopAgent):
            def decide(self, view):
                return "defect" if view.standing == "bad" else view.inherited

        CoopModel("stern_judging", rng=1, agent_class=Grumpy)

    Parameters
    ----------
    model : the model whose table is read
    row   : the row of the individual, from 0
    """

    def __init__(self, model: CoopModel, row: int):
        self._row: int | None = row
        super().__init__(model)

    def __repr__(self) -> str:
        where = "dead" if self._row is None else f"row {self._row}, {self.strategy}"
        return f"<{type(self).__name__} {self.unique_id}: {where}>"

    @property
    def row(self) -> int:
        """The row of the table, from 0; on a graph, the node.

        Raises
        ------
        InputError
            if the individual is dead: its row may hold somebody else
        """
        if self._row is None:
            raise InputError(f"agent {self.unique_id} is no longer in the model, so nothing of it can be read or set")
        return self._row

    @property
    def strategy(self) -> str:
        """The strategy that the individual holds, by name; may be assigned."""
        return self.model.strategies[self.strategy_index]

    @strategy.setter
    def strategy(self, name: str) -> None:
        self.model.assign_strategy(self.row, name)

    @property
    def strategy_index(self) -> int:
        """The strategy as an index into ``model.strategies``; may be assigned."""
        return int(self.model.seen().strategy[0, self.row])

    @strategy_index.setter
    def strategy_index(self, index: int) -> None:
        self.model.assign_strategy(self.row, index)

    @property
    def cooperates(self) -> bool:
        """Does its strategy help strangers? Of a diploid, does one of its two alleles?"""
        now, row = self.model.seen(), self.row
        return any(bool(now.helper[allele[0, row]]) for allele in (now.strategy, now.second) if allele.shape[1])

    @property
    def payoff(self) -> float:
        """Felt payoff of the last round, or expected payoff on the event clock, in units of the game."""
        return float(self.model.seen().payoff[0, self.row])

    @property
    def standing(self) -> str:
        """Public standing, "good" or "bad"; may be assigned where it follows from deeds."""
        return STANDINGS[int(self.model.seen().standing[0, self.row])]

    @standing.setter
    def standing(self, name: str) -> None:
        self.model.assign_standing(self.row, name)

    @property
    def group(self) -> int:
        """The group that it belongs to, from 0."""
        return int(self.model.seen().group[0, self.row])

    @property
    def neighbors(self) -> list[CoopAgent]:
        """Whom it may meet: neighbours on the graph; without one, all others in its group."""
        return [agent for row in self.model.neighbour_rows(self.row) if (agent := self.model.agent_at(row))]

    @property
    def cell(self) -> Cell:
        """Its cell in ``model.space``."""
        return self.model.space[self.row]

    def decide(self, view: AgentView) -> Any:
        """What to do in one turn of one encounter, given what is seen; a subclass may put its own mind here.

        Returns
        -------
        "cooperate" or "defect" (the names of the game's actions), or their positions 0 or 1
        """
        return view.inherited

    def remove(self) -> None:
        """Leave the model. Called when the individual dies; called by hand, it closes the window only."""
        if self._row is not None:
            super().remove()
            self.model.forget(self)
            self._row = None
