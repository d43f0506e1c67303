"""Players that calculate: they read payoffs, the horizon and what they were told of the others.

A :class:`~coop_abm.strategies.table.Strategy` is an automaton and sees nothing but outcomes. What is here sees the
:class:`Sight` of one decision in a repeated game of N, all of it plain values that can also stand in a prompt, so that
the same rule can be played by a stand-in that reads the prompt and nothing else. Automata play such games too, see
:func:`chance_of`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from coop_abm.core.part import Part, knob
from coop_abm.games.base import COOPERATE, DEFECT
from coop_abm.strategies.library import TitForTat
from coop_abm.strategies.table import GOOD, START, UNKNOWN, Strategy

PERSONAS = ("none", "cooperative", "selfish")

#: Two expected payoffs that differ by less than this share of the largest payoff are equal.
EQUAL = 1e-9


class Sight(NamedTuple):
    """All that one of N players knows when it decides.

    pays      : ((C with 0 .. N - 1 of the others), (D with 0 .. N - 1)), payoff of one round to the own action
    own       : own actions so far, 0 to cooperate and 1 to defect, oldest first
    helpers   : how many of the others cooperated in each of these rounds
    horizon   : how many rounds there are; None: nobody knows
    persona   : the own personality: none, cooperative or selfish
    others    : of each other player the personality that one is told, in order of seats; empty: nothing is told
    knowledge : probability with which each of the others has the personality that one is told
    """

    pays: tuple[tuple[float, ...], tuple[float, ...]]
    own: tuple[int, ...] = ()
    helpers: tuple[int, ...] = ()
    horizon: int | None = None
    persona: str = "none"
    others: tuple[str, ...] = ()
    knowledge: float = 0.0

    @property
    def rivals(self) -> int:
        """How many others there are."""
        return len(self.pays[0]) - 1


class Deliberate(Part):
    """A player that calculates."""

    def chance(self, sight: Sight) -> float:
        """Probability with which it cooperates now."""
        raise NotImplementedError


def chance_of(rule: Strategy | Deliberate, sight: Sight) -> float:
    """Probability with which somebody who plays by this rule cooperates now.

    An automaton takes the others for one partner, who cooperated where at least half of them did, and the game for
    one against all or none of them.
    """
    if isinstance(rule, Deliberate):
        return rule.chance(sight)
    pays, most = sight.pays, sight.rivals
    cooperate, next_state = _rows(rule, ((pays[0][most], pays[0][0]), (pays[1][most], pays[1][0])))
    state, last = 0, START
    for own, helpers in zip(sight.own, sight.helpers):
        outcome = 2 * own + (COOPERATE if 2 * helpers >= most else DEFECT)
        state, last = next_state[state][outcome], 1 + outcome
    return cooperate[state][last]


@lru_cache(maxsize=1024)
def _rows(strategy: Strategy, payoffs: tuple[tuple[float, float], ...]) -> tuple[list, list]:
    """Tables of an automaton as nested lists, where nobody has a name or kin."""
    automaton = strategy.automaton(np.array(payoffs, float))
    return automaton.cooperate[:, :, UNKNOWN, 0, GOOD].tolist(), automaton.next_state.tolist()


class _Believing(Deliberate):
    """Knobs of those who have a belief: how likely does each of the others cooperate?"""

    prior: float = knob(
        0.5, "prior belief", low=0, high=1, step=0.05, help="that somebody of whom nothing is known cooperates"
    )
    experience: float = knob(
        0.0, "weight of experience", low=0, high=1000, step=0.1,
        help="of one round that was seen against the prior; 0: nothing is learnt, 1: the prior counts as one round",
    )  # fmt: skip

    def belief(self, sight: Sight) -> float:
        """Probability that each of the others cooperates now, the same for all of them.

        What was told comes first: somebody who is cooperative cooperates, somebody who is selfish does not, and
        with probability 1 - knowledge it is anybody. Then what was seen, as in fictitious play.
        """
        expected = {"none": self.prior, "cooperative": 1.0, "selfish": 0.0}
        first = self.prior
        if sight.others:
            told = sum(expected[persona] for persona in sight.others) / len(sight.others)
            first += sight.knowledge * (told - self.prior)
        seen = self.experience * sum(sight.helpers) / sight.rivals
        return (first + seen) / (1.0 + self.experience * len(sight.helpers))


def advantage(sight: Sight, belief: float, care: float = 0.0, loss_aversion: float = 1.0) -> float:
    """Expected felt payoff of cooperating less that of defecting, in this round alone.

    Parameters
    ----------
    belief : probability that each of the others cooperates, independently
    care   : weight of the payoffs of the others, summed, beside one's own
    loss_aversion : factor by which payoffs below 0 weigh more

    Examples
    --------
    >>> dilemma = Sight(pays=((-10.0, -2.0), (-6.0, 0.0)))
    >>> advantage(dilemma, 0.5), advantage(dilemma, 0.5, care=1.0)
    (-3.0, 4.0)
    """
    rivals, total = sight.rivals, 0.0
    help, refuse = (tuple(p if p >= 0 else loss_aversion * p for p in row) for row in sight.pays)
    for k in range(rivals + 1):
        chance = math.comb(rivals, k) * belief**k * (1.0 - belief) ** (rivals - k)
        gain = help[k] - refuse[k]
        if care:
            # k of the others cooperate: they see k - 1 others and me; those who defect see k others and me.
            given = k * (help[k] - help[k - 1]) if k else 0.0
            given += (rivals - k) * (refuse[k + 1] - refuse[k]) if k < rivals else 0.0
            gain += care * given
        total += chance * gain
    return total


def _tied(sight: Sight, difference: float) -> bool:
    return abs(difference) <= EQUAL * max(abs(p) for row in sight.pays for p in row)


class BestResponse(_Believing):
    """Does what pays best in this round, given its belief; at a tie it tosses a coin.

    With `experience` above 0 this is fictitious play [Brown1951]. Scaling all payoffs changes nothing.
    """

    title = "best response"
    references = ("Brown1951",)
    kind: Literal["best_response"] = "best_response"

    def chance(self, sight: Sight) -> float:
        difference = advantage(sight, self.belief(sight))
        return 0.5 if _tied(sight, difference) else float(difference > 0)


class Softmax(_Believing):
    """Does more often what pays better: 1 / (1 + exp(-precision x advantage)).

    Without experience and with prior 1/2 this is the player of level 1 with logit errors [StahlWilson1994], whose
    response function is that of the quantal response equilibrium [McKelveyPalfrey1995]. Scaling all payoffs by a
    number is the same as scaling its precision. With `loss_aversion` above 1 payoffs below 0 weigh more
    [TverskyKahneman1992 finds 2.25], so it matters whether a game is told in gains or in losses.
    """

    title = "softmax"
    references = ("McKelveyPalfrey1995", "StahlWilson1994", "TverskyKahneman1992")
    kind: Literal["softmax"] = "softmax"
    precision: float = knob(0.3, "precision", low=0, high=1000, step=0.05, help="per point of payoff; 0: at random")
    loss_aversion: float = knob(1.0, "loss aversion", low=1, high=100, step=0.05, help="how much more a loss weighs")

    def care(self, persona: str) -> float:
        """Weight of the payoffs of the others."""
        return 0.0

    def chance(self, sight: Sight) -> float:
        felt = advantage(sight, self.belief(sight), self.care(sight.persona), self.loss_aversion)
        return 1.0 / (1.0 + math.exp(-min(max(self.precision * felt, -700.0), 700.0)))


class Persona(Softmax):
    """A softmax player that cares for the others as its personality says: altruism with decision errors.

    The knobs are weights of the payoffs of the others beside one's own; 1 is to care for them as much as for
    oneself, which is what the prompt of a cooperative personality says.

    References
    ----------
    AndersonGoereeHolt1998
    """

    title = "personality"
    references = ("AndersonGoereeHolt1998", "McKelveyPalfrey1995", "StahlWilson1994")
    kind: Literal["persona"] = "persona"  # type: ignore[assignment]
    cooperative: float = knob(1.0, "care, if cooperative", low=0, high=10, step=0.1, help="weight of others' payoffs")
    selfish: float = knob(0.0, "care, if selfish", low=0, high=10, step=0.1, help="weight of others' payoffs")
    neither: float = knob(0.3, "care, if neither", low=0, high=10, step=0.1, help="weight of others' payoffs")

    def care(self, persona: str) -> float:
        return {"none": self.neither, "cooperative": self.cooperative, "selfish": self.selfish}[persona]


class Backward(Deliberate):
    """Reciprocates, until a last round that is known comes near: then it does what pays best in one round.

    A player that carries backward induction on for `depth` rounds only [SeltenStoecker1986]. Without a known last
    round it plays its strategy to the end. Where no action is best whatever the others do, it takes the one that is
    best if each of them tosses a coin.
    """

    title = "backward induction"
    references = ("SeltenStoecker1986",)
    kind: Literal["backward"] = "backward"
    depth: int = knob(
        1, "depth", low=1, high=1000, step=1, help="how many rounds before the end it stops reciprocating"
    )

    def chance(self, sight: Sight) -> float:
        if sight.horizon is None or len(sight.own) < sight.horizon - self.depth:
            return chance_of(TitForTat(), sight)
        difference = advantage(sight, 0.5)
        return 0.5 if _tied(sight, difference) else float(difference > 0)
