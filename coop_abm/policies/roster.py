"""Which policy decides for whom.

Everybody is decided for by the policy that goes with the strategy it has inherited; a human by its seat. A
question is taken apart by policy and the answers are put together in the order of rows; all language
models are asked in one batch.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.errors import CoopError, InputError, ScenarioError, quoted
from coop_abm.core.question import Decision, Policy, Question
from coop_abm.mechanisms.base import Answers
from coop_abm.policies.apart import Apart
from coop_abm.policies.human import ask_human
from coop_abm.policies.means import Line, Means, check_stand_in_of
from coop_abm.policies.model import ModelPlayers
from coop_abm.policies.own import HttpPolicy, adapted
from coop_abm.policies.rule import TableReader
from coop_abm.policies.scripted import recite
from coop_abm.policies.tally import Replies
from coop_abm.policies.telling import EncounterTeller
from coop_abm.scenario.knobs import digest
from coop_abm.scenario.minds import Human, Mind, Model, Plugin, Scripted, Table, Team
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies.table import Repertoire


def roster(
    scenario: Scenario,
    repertoire: Repertoire,
    answers: Answers,
    *,
    seed: int = 0,
    first: int = 0,
    means: Means | None = None,
) -> Policy:
    """The policy that decides for everybody in this scenario: the tables themselves where nobody else does.

    Raises
    ------
    InputError
        if a policy that the scenario names is not among the means
    """
    if all(entry.policy.tabled for entry in scenario.players):
        return TableReader(repertoire)
    return Roster(scenario, repertoire, answers, seed=seed, first=first, means=means or Means())


def spoken(scenario: Scenario) -> str:
    """The digest that stands in the address of a draw: of all that can change what a model is asked.

    What is done in place of a bad reply, and what a model costs, are left out: a run that stopped goes on
    with another fallback from what was paid for.
    """
    plain = Model()
    neutral = {name: getattr(plain, name) for name in ("fallback", "price_input", "price_output")}

    def told(mind: Mind) -> Mind:
        if isinstance(mind, Team):
            return mind.model_copy(update={"inner": told(mind.inner)})
        return mind.model_copy(update=neutral) if isinstance(mind, Model) else mind

    players = tuple(entry.model_copy(update={"policy": told(entry.policy)}) for entry in scenario.players)
    return digest(scenario.model_copy(update={"players": players}))


def run_name(scenario: Scenario, seed: int) -> str:
    """The name under which the journal keeps what is asked in a run of this world, whatever its length."""
    return f"{quoted(scenario.name or 'world', 40)[1:-1]} {spoken(scenario)[:12]} seed {seed}"


class Roster(Apart):
    """Everybody who decides in one world, each asked what concerns it."""

    def __init__(
        self, scenario: Scenario, repertoire: Repertoire, answers: Answers, *, seed: int, first: int, means: Means
    ):
        self._table = TableReader(repertoire)
        self._minds = [mind for _strategy, mind in scenario.inherited]
        self._seats = {node: e.policy for e in scenario.players if e.policy.seated for node in e.nodes}
        self._names = repertoire.names, scenario.game.actions
        self._means = means
        code = spoken(scenario)
        self.run = run_name(scenario, seed)
        minds = [entry.policy for entry in scenario.players]
        self.line = Line(minds, means, self.run, check_stand_in_of(scenario))
        self._models: ModelPlayers | None = None
        self._address = code, seed, first
        self._teller = EncounterTeller(scenario, answers, seed)
        self._own = {name: self._found(name) for name in self._named(Plugin)}
        self.askers = {
            Table: lambda question, _minds, _place: self._table.decide(question),
            Model: self._ask_models,
            Scripted: lambda question, minds, _place: recite(question, minds),
            Human: self._ask_humans,
        }
        self.line.check()
        if any(isinstance(mind, Human) for mind in self._all_minds()) and means.human is None:
            raise ScenarioError("players.policy: a human must be there to decide; `coop-abm play SCENARIO` asks one")

    def _all_minds(self) -> list[Mind]:
        every = [*self._minds, *self._seats.values()]
        return every + [mind.inner for mind in every if isinstance(mind, Team)]

    def _named(self, kind: type[Plugin]) -> list[str]:
        return [mind.name for mind in self._all_minds() if isinstance(mind, kind)]

    def _found(self, name: str) -> Policy:
        if name not in self._means.policies:
            given = ", ".join(sorted(self._means.policies)) or "none"
            raise InputError(f"policies: the scenario names {quoted(name)}, which must be handed over; given: {given}")
        return adapted(self._means.policies[name], name, *self._names)

    # ------------------------------------------------------------------ deciding

    def decide(self, question: Question) -> np.ndarray | Decision:
        """int64 (Q,): the answer of each row, whoever gave it; notes where somebody keeps any.

        Raises
        ------
        PolicyError, ModelError
            if somebody gives no permitted answer, or cannot be asked
        """
        minds = [self._minds[strategy] for strategy in question.view.strategy.tolist()]
        if self._seats:
            minds = [self._seats.get(who, mind) for who, mind in zip(question.individual.tolist(), minds, strict=True)]
        return self.decided(question, minds)

    def policy_of(self, mind: Mind) -> Policy:
        """That of the user's own object, or of a server."""
        if isinstance(mind, Plugin):
            return self._own[mind.name]
        return HttpPolicy(mind.url, mind.timeout, *self._names)  # type: ignore[attr-defined]

    def _ask_models(self, question: Question, minds: list[Model], place: str) -> np.ndarray:
        if self._models is None:
            self._models = ModelPlayers(self._teller, self.line, *self._address)
        return self._models.decide(question, minds, place)

    def _ask_humans(self, question: Question, _minds: list[Human], _place: str) -> np.ndarray:
        if self._means.human is None:
            raise CoopError("nobody is there to be asked")
        return ask_human(question, self._means.human, *self._names)

    # ------------------------------------------------------------------ what came of it

    @property
    def replies(self) -> Replies:
        """How often models gave no answer."""
        return self._models.replies if self._models is not None else Replies()

    @property
    def told(self) -> dict[str, float]:
        """What stands beside the measures of each round: the share of fallbacks among the decisions of models."""
        asks = any(isinstance(mind, Model) for mind in self._all_minds())
        return {"fallbacks": self.replies.share_now} if asks else {}

    def close(self) -> None:
        """Close the journal and the connections; safe to call twice."""
        self.line.close()
