"""The same few play the same game again and again: the world of FAIRGAME [Buscemi2025].

All N players choose at once, round after round; what they know is what was played, perhaps how many rounds there
are, a personality of their own, and perhaps something about the others'. Nothing is left to chance but what the
players leave to it themselves. Two worlds that differ in anything but in who decides share no draw, so the cells of a
factorial are independent; the table and the stand-in of one world share them all.
"""

from __future__ import annotations

import hashlib
import json
import math
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import model_validator

from coop_abm.core.part import LISTED, Part, knob
from coop_abm.core.question import Decision, Options, Question, Texts
from coop_abm.games import AnyStageGame
from coop_abm.games.base import COOPERATE, DEFECT
from coop_abm.games.published import PUBLISHED
from coop_abm.scenario.deciders import STANDING_IN, TABLE, mind_of
from coop_abm.scenario.minds import STAND_IN, AnyMind, Mind, Model, Table
from coop_abm.strategies import AnyRule, Deliberate, Strategy, TitForTat
from coop_abm.strategies.deliberate import PERSONAS, Sight, chance_of

#: Rounds at most: so many choices of one player fit into one number, see `moves` in :meth:`Match.measures`.
MOST_ROUNDS = 50
LOWEST_STAKES, HIGHEST_STAKES = 1e-3, 1e3
#: Purpose of the numbers by which players decide what they leave to chance, see ``core/dice.py``.
_CHOICES = 120


class Contestant(Part):
    """One of those who play: by which rule, with which personality, and who decides."""

    title = "player"

    strategy: AnyRule = knob(TitForTat(), "strategy")  # type: ignore[valid-type]
    persona: Literal["none", "cooperative", "selfish"] = knob("none", "personality", help="what it is told it is")
    policy: AnyMind = knob(Table(), "policy", help="who decides")  # type: ignore[valid-type]


class RepeatedGame(Part):
    """A game that the same few play a number of times.

    `native` framing takes payoffs as the game has them, said as points lost where none is above 0. `reward` adds
    one number to all of them so that the smallest is 0, `penalty` so that the largest is 0. So a frame changes what
    is said and no difference between payoffs.

    References
    ----------
    Buscemi2025; Huynh2025 (stakes, public goods)
    """

    title = "repeated game"
    references = ("Buscemi2025", "Huynh2025")

    game: AnyStageGame = knob(PUBLISHED["pd"]["conventional"], "game")  # type: ignore[valid-type]
    stakes: float = knob(
        1.0, "stakes lambda", low=LOWEST_STAKES, high=HIGHEST_STAKES, step=0.1, help="factor of all payoffs"
    )
    framing: Literal["native", "reward", "penalty"] = knob(
        "native", "framing", help="payoffs as they are, as points won, or as points lost"
    )
    rounds: int = knob(10, "rounds", low=1, high=MOST_ROUNDS, step=1)
    horizon: Literal["known", "unknown"] = knob("known", "horizon", help="do players know how many rounds there are?")
    knowledge: float = knob(
        0.0, "opponent knowledge", low=0, high=1, step=0.1,
        help="probability, told to each, that another has the personality that it has; 0: nothing is told",
    )  # fmt: skip
    language: Literal["en", "fr", "de", "es", "ar", "zh", "vi"] = knob(
        "en", "language", help="in which language models are asked; tables hear none"
    )
    players: Annotated[tuple[Contestant, ...], LISTED] = knob((Contestant(), Contestant()), "players")

    #: What may be said to language models in such a world.
    teller: ClassVar[str] = "coop_abm.policies.match_teller:MatchTeller"

    @model_validator(mode="after")
    def _seated(self) -> Self:
        if len(self.players) != self.game.seats:
            raise ValueError(f"players: {self.game.title} is played by {self.game.seats}; got {len(self.players)}")
        return self

    @property
    def said_as(self) -> Literal["reward", "penalty"]:
        """Are payoffs told as points won, or as points lost?"""
        if self.framing != "native":
            return self.framing
        return "penalty" if self.game.by_helpers().max() <= 0 else "reward"

    def pays(self) -> np.ndarray:
        """float (2, N): payoff of one round to the own action where so many of the others cooperate."""
        table = self.game.by_helpers()
        shift = {"native": 0.0, "reward": -table.min(), "penalty": -table.max()}[self.framing]
        return self.stakes * (table + shift)

    def minds(self) -> tuple[Mind, ...]:
        """Who decides for each player. How a language model is told things is what the world says of it."""
        told = {
            "language": self.language, "framing": self.said_as, "horizon": self.rounds if self.horizon == "known" else 0
        }  # fmt: skip
        return tuple(
            player.policy.model_copy(update={**told, "persona": "" if player.persona == "none" else player.persona})
            if isinstance(player.policy, Model)
            else player.policy
            for player in self.players
        )

    def with_policy(self, policy: str) -> RepeatedGame:
        """The same world, its strategies decided for as one word says, see ``scenario/deciders.py``.

        A player that the world gives to a language model by its name stays with it where the word is table or stand-in:
        no rule is known that would do the same.
        """
        return self.model_copy(update={"players": tuple(_decided(player, policy) for player in self.players)})

    def table(self) -> RuleReader:
        """The rules by which players decide for whom no language model does."""
        return RuleReader(self)

    def most_questions(self) -> dict[str, int]:
        """How many decisions of each stage one run asks at most."""
        return {"act": self.rounds * len(self.players)}

    def start(self, seed: int, replicate: int = 0) -> Match:
        """The first round of one match."""
        return Match(self, seed, replicate)


def _decided(player: Contestant, policy: str) -> Contestant:
    named = isinstance(player.policy, Model) and not player.policy.model.startswith(STAND_IN)
    if named and policy in (TABLE, STANDING_IN):
        return player
    return player.model_copy(update={"policy": mind_of(policy, spelled(player.strategy))})


@lru_cache(maxsize=4096)
def _own_words(declared: RepeatedGame) -> tuple[int, ...]:
    """Numbers by which the draws of one world differ from those of any other, whoever decides in it."""
    tree = declared.model_dump(mode="json")
    for player in tree["players"]:
        del player["policy"]
    text = json.dumps(tree, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return tuple(np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], "<u4").tolist())


def spelled(rule: Strategy | Deliberate) -> str:
    """A rule as the name of a stand-in: its kind, and the knobs that are not as usual.

    >>> from coop_abm.strategies import Softmax
    >>> spelled(Softmax(precision=1.0)), spelled(TitForTat())
    ('softmax?precision=1.0', 'tft')
    """
    usual = type(rule)()
    knobs = [f"{name}={value}" for name, value in rule if value != getattr(usual, name)]
    return rule.kind + ("?" + "&".join(knobs) if knobs else "")  # type: ignore[attr-defined,union-attr]


class MatchView(NamedTuple):
    """What each of Q players sees.

    seat      : int (Q,), its place among the players
    own       : int8 (Q, t), own actions so far, oldest first
    helpers   : int8 (Q, t), how many of the others cooperated in each round
    payoff    : float (Q,), own payoff of the last round; NaN in the first
    horizon   : int (Q,), how many rounds there are; 0: nobody knows
    pays      : float (Q, 2, N), see :meth:`RepeatedGame.pays`
    persona   : int (Q,), place of the own personality in ``PERSONAS``
    others    : int (Q, N - 1), the same of each other player, in order of seats; all 0 where nothing is told
    knowledge : float (Q,), probability that it is so; 0: nothing is told
    """

    seat: np.ndarray
    own: np.ndarray
    helpers: np.ndarray
    payoff: np.ndarray
    horizon: np.ndarray
    pays: np.ndarray
    persona: np.ndarray
    others: np.ndarray
    knowledge: np.ndarray


class Match:
    """One match that is being played, see :class:`~coop_abm.engine.staged.Staged`.

    acted, earned : int8 and float (rounds, N), the actions and payoffs of the rounds that are over
    """

    def __init__(self, declared: RepeatedGame, seed: int, replicate: int):
        self.declared, self.seed, self.replicate = declared, seed, replicate
        self.round, self.texts, self.size = 0, Texts(), len(declared.players)
        self.acted = np.zeros((declared.rounds, self.size), np.int8)
        self.earned = np.zeros((declared.rounds, self.size))
        source = np.random.SeedSequence(seed, spawn_key=(_CHOICES, replicate, *_own_words(declared)))
        self._draws = np.random.Generator(np.random.Philox(source)).random((declared.rounds, self.size))
        self._pays = declared.pays()
        self._seats = np.arange(self.size)
        persona = np.array([PERSONAS.index(player.persona) for player in declared.players])
        others = np.stack([np.delete(persona, seat) for seat in range(self.size)])
        told = declared.knowledge > 0
        self._fixed = {
            "seat": self._seats,
            "horizon": np.full(self.size, declared.rounds if declared.horizon == "known" else 0),
            "pays": np.tile(self._pays, (self.size, 1, 1)),
            "persona": persona,
            "others": others if told else np.zeros_like(others),
            "knowledge": np.full(self.size, declared.knowledge),
        }

    @property
    def over(self) -> bool:
        """Have all rounds been played?"""
        return self.round >= self.declared.rounds

    def ask(self) -> Question | None:
        """What does each player do in this round?"""
        if self.over:
            return None
        acted = self.acted[: self.round]
        helped = acted == COOPERATE
        helpers = (helped.sum(axis=1, keepdims=True) - helped).astype(np.int8)
        payoff = self.earned[self.round - 1] if self.round else np.full(self.size, np.nan)
        view = MatchView(own=acted.T, helpers=helpers.T, payoff=payoff, **self._fixed)
        return Question(
            stage="act", round=self.round, turn=0, replicate=np.full(self.size, self.replicate),
            individual=self._seats, partner=(self._seats + 1) % self.size, view=view,
            choices=Options(self.declared.game.actions), draw=self._draws[self.round], row=self._seats,
            texts=self.texts,
        )  # fmt: skip

    def tell(self, answers: np.ndarray | Decision) -> None:
        """What each player does. *Raises* PolicyError, and nothing has changed."""
        actions = answers.action if isinstance(answers, Decision) else answers
        chosen = Options(self.declared.game.actions).validate(actions, self.size)
        helped = chosen == COOPERATE
        self.acted[self.round] = chosen
        self.earned[self.round] = self._pays[chosen, helped.sum() - helped]
        self.round += 1

    def measures(self) -> dict[str, float]:
        """Means over players; NaN where there is nothing yet.

        cooperation : share of all choices that cooperate
        payoff      : of one round
        last, before, endgame : cooperation in the last round there is, in the rounds before it, and the difference
        moves_0 ... : all that each player did, as one number: bit t is 1 where it cooperated in round t
        """
        helped = (self.acted[: self.round] == COOPERATE).astype(float)
        over = self.over and self.round > 1
        last, before = (float(helped[-1].mean()), float(helped[:-1].mean())) if over else (math.nan, math.nan)
        moves = (2.0 ** np.arange(self.round)) @ helped
        return {
            "cooperation": float(helped.mean()) if self.round else math.nan,
            "payoff": float(self.earned[: self.round].mean()) if self.round else math.nan,
            "last": last, "before": before, "endgame": last - before,
        } | {f"moves_{seat}": float(moves[seat]) for seat in range(self.size)}  # fmt: skip

    def story(self) -> dict[str, Any]:
        """The rounds so far: who did what, and what it brought."""
        names, declared = self.declared.game.actions, self.declared
        return {
            "game": declared.game.title, "language": declared.language, "horizon": declared.horizon,
            "framing": declared.said_as, "pays": self._pays.tolist(), "actions": list(names),
            "players": [
                {"strategy": spelled(p.strategy), "persona": p.persona, "policy": p.policy.label(spelled(p.strategy))}
                for p in declared.players
            ],
            "rounds": [
                {"round": t + 1, "actions": [names[a] for a in acted], "payoffs": earned}
                for t, (acted, earned) in enumerate(zip(self.acted[: self.round].tolist(), self.earned.tolist()))
            ],
        }  # fmt: skip


def choices_of(moves: float, rounds: int) -> np.ndarray:
    """int8 (rounds,): the actions that stand in one measure `moves`.

    >>> choices_of(5.0, 4).tolist()
    [0, 1, 0, 1]
    """
    return np.where(int(moves) >> np.arange(rounds) & 1, COOPERATE, DEFECT).astype(np.int8)


class RuleReader:
    """The policy that plays each player's rule. It reads nothing but what the question shows."""

    def __init__(self, declared: RepeatedGame):
        self.rules = tuple(player.strategy for player in declared.players)

    def decide(self, question: Question) -> np.ndarray:
        """int64 (Q,): 0 to cooperate, 1 to defect."""
        sights = sights_of(question.view)
        seats = question.view.seat.tolist()
        chance = np.array([chance_of(self.rules[seat], sight) for seat, sight in zip(seats, sights, strict=True)])
        return np.where(question.draw < chance, COOPERATE, DEFECT).astype(np.int64)


def sights_of(view: MatchView) -> list[Sight]:
    """The view of each player as plain values. Of others who have no personality nothing is told."""
    columns = (view.own, view.helpers, view.horizon, view.pays, view.persona, view.others, view.knowledge)
    return [
        Sight(
            pays=(tuple(pays[0]), tuple(pays[1])), own=tuple(own), helpers=tuple(helpers), horizon=horizon or None,
            persona=PERSONAS[persona], others=tuple(PERSONAS[p] for p in others) if knowledge and any(others) else (),
            knowledge=knowledge if any(others) else 0.0,
        )
        for own, helpers, horizon, pays, persona, others, knowledge in zip(*(c.tolist() for c in columns), strict=True)
    ]  # fmt: skip
