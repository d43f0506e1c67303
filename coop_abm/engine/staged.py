"""Worlds that are played in stages: harvest, then punish, then vote; or one match after another.

A staged world asks one question after another, each a batch of everybody who must decide that stage now, and is
told the answers. It knows nobody who decides: tables, language models and humans are policies, see
:func:`play`. What it declares is a part; what runs is made by ``declared.start(seed, replicate)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np

from coop_abm.core.part import Part
from coop_abm.core.question import Decision, Policy, Question, Texts
from coop_abm.scenario.minds import Mind


class StagedWorld(Protocol):
    """What is declared of a world that is played in stages: a part with knobs, and this.

    teller : who says to language models what this world's individuals know, "module:Name"; called with the world
             that runs. Empty where no language model can play it
    """

    teller: ClassVar[str]

    def start(self, seed: int, replicate: int = 0) -> Staged:
        """The world at its start; a function of what is declared, of the seed and of the replicate."""
        ...

    def minds(self) -> tuple[Mind, ...]:
        """Who decides, for each individual."""
        ...

    def table(self) -> Policy:
        """The rules by which individuals decide for whom no language model does; reads only view and draw."""
        ...

    def with_policy(self, policy: str) -> Self:
        """The same world with the same strategies, all decided for as one word says, see ``scenario/deciders.py``."""
        ...

    def most_questions(self) -> dict[str, int]:
        """How many decisions of each stage one run can ask for at most, whatever anybody answers."""
        ...


class Staged(Protocol):
    """A world that runs. It is deterministic: (declared, seed, replicate) and the answers decide everything.

    declared, seed, replicate : what it is
    round : rounds that are over, from 0; what a round is, each world says
    over  : is nothing asked any more?
    texts : all texts of this world
    """

    declared: Part
    seed: int
    replicate: int
    round: int
    over: bool
    texts: Texts

    def ask(self) -> Question | None:
        """The question that is open, the same until it is answered; None when it is over."""
        ...

    def tell(self, answers: np.ndarray | Decision) -> None:
        """Answer the open question, one answer for each row.

        Raises
        ------
        PolicyError
            if an answer is not permitted; the question stays open and nothing has changed
        """
        ...

    def measures(self) -> Mapping[str, float]:
        """The measures so far, by name: the same names from the start on, NaN where there is nothing to measure."""
        ...

    def story(self) -> dict[str, Any]:
        """All that happened so far as plain values: for pages, transcripts and files."""
        ...


def play(
    world: Staged, policy: Policy, *, rounds: int | None = None, told: Callable[[Staged], None] | None = None
) -> Staged:
    """Let a policy decide for everybody until the world is over, or for so many rounds; the world.

    told : called after each round
    """
    end, before = None if rounds is None else world.round + rounds, world.round
    while (question := world.ask()) is not None and (end is None or world.round < end):
        world.tell(policy.decide(question))
        if told is not None and world.round != before:
            told(world)
        before = world.round
    return world
