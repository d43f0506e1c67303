"""Which policy decides for whom in a world that is played in stages.

Each individual is decided for by its own mind: the world's rules, a language model, an object of the user's own, or
one of these with plans. A question is taken apart by policy, all language models are asked in one batch, and
the answers are put together in the order of rows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from coop_abm.core.errors import InputError, PolicyError, ScenarioError, quoted
from coop_abm.core.part import Part, kind_of
from coop_abm.core.question import Decision, Policy, Question
from coop_abm.engine.staged import Staged
from coop_abm.policies.apart import Apart
from coop_abm.policies.means import Line, Means, check_stand_in
from coop_abm.policies.model import ModelPlayers
from coop_abm.policies.own import adapted
from coop_abm.policies.tally import Replies
from coop_abm.policies.teller import Teller
from coop_abm.scenario.minds import Mind, Model, Plugin, Table, Team

#: Columns that a view must have where somebody plans.
OF_PLANS = ("memo", "played", "draft", "critique")
THINKING = ("plan", "critique", "revise")


def spoken(declared: Part) -> str:
    """The digest that stands in the address of a draw: SHA-256 of all that can change what a model is asked.

    What is done in place of a bad reply, what a model costs, and the knobs that the world names in `unspoken` (one
    that only says how long it runs) are left out: a run that stopped goes on from what was paid for.
    """
    told = {"world": type(declared).__qualname__, "knobs": _neutral(declared).model_dump(mode="json")}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _neutral(value: Any) -> Any:
    """The same with what changes no question put back to its default, at any depth."""
    if isinstance(value, tuple | list):
        return type(value)(_neutral(each) for each in value)
    if isinstance(value, dict):
        return {key: _neutral(each) for key, each in value.items()}
    if not isinstance(value, Part):
        return value
    silent = getattr(value, "unspoken", ())
    silent += ("fallback", "price_input", "price_output") if isinstance(value, Model) else ()
    fields = type(value).model_fields
    return value.model_copy(
        update={
            name: fields[name].default if name in silent else _neutral(getattr(value, name)) for name in fields
        }
    )  # fmt: skip


def run_name(declared: Part, seed: int) -> str:
    """The name under which the journal keeps what is asked in the replicates of this world under this seed."""
    called = getattr(declared, "name", "") or declared.title or type(declared).__name__
    return f"{quoted(str(called), 40)[1:-1]} {spoken(declared)[:12]} seed {seed}"


class Company(Apart):
    """Those who decide, individual by individual; what it means to ask a model is said by who inherits.

    Parameters
    ----------
    minds : who decides, for each individual
    table : the world's own rules: reads the view and the draws of a question, nothing else
    means : where objects of the user's own are found

    Raises
    ------
    ScenarioError
        if somebody is to decide who cannot in a world that is played in stages
    """

    def __init__(self, minds: Sequence[Mind], table: Policy, means: Means):
        self.minds, self.table, self._means = tuple(minds), table, means
        self.askers = {Table: self._ask_table, Model: self.ask_models}
        self._own: dict[str, Policy] = {}
        for mind in dict.fromkeys(self.minds):
            inner = mind.inner if isinstance(mind, Team) else mind
            if isinstance(inner, Plugin):
                self._own[inner.name] = self._found(inner.name)
            elif not isinstance(inner, Table | Model):
                raise ScenarioError(
                    "policy: a world that is played in stages is decided for by table, model, plugin, or a team of one "
                    f"of these; got {kind_of(type(inner))}"
                )

    def _found(self, name: str) -> Policy:
        given = self._means.policies.get(name)
        if given is None or not callable(getattr(given, "decide", None)):
            raise InputError(
                f"policies: the world names {quoted(name)}, which must be handed over, with decide(question); "
                f"given: {', '.join(sorted(self._means.policies)) or 'none'}"
            )
        return adapted(given, name, (), ())

    def policy_of(self, mind: Mind) -> Policy:
        """That of the user's own object."""
        assert isinstance(mind, Plugin)
        return self._own[mind.name]

    def place(self, stage: str, under: str, before: int) -> str:
        """Two stages of one turn may both have somebody plan before them: no two draws share an address."""
        return f"{stage} {under}" + (f" {before + 1}" if before else "")

    def decide(self, question: Question) -> np.ndarray | Decision:
        """(Q,): the answer of each row, whoever gave it; notes where somebody plans.

        Raises
        ------
        PolicyError, ModelError
            if somebody gives no permitted answer, or cannot be asked
        """
        who = question.individual.tolist()
        if who and max(who) >= len(self.minds):
            raise PolicyError(f"policy: nobody decides for individual {max(who)}; there are {len(self.minds)} minds")
        minds = [self.minds[each] for each in who]
        missing = [name for name in OF_PLANS if name not in question.view._fields]
        if missing and any(isinstance(mind, Team) for mind in minds):
            raise PolicyError(f"policy: nobody can plan in this world; its views have no {', '.join(missing)}")
        return self.decided(question, minds)

    def _ask_table(self, question: Question, _minds: list[Mind], _place: str) -> np.ndarray | Decision:
        if question.stage in THINKING:  # rules have no plans to write down
            return np.zeros(len(question), np.int64)
        return self.table.decide(question)

    def ask_models(self, question: Question, minds: list[Model], place: str) -> np.ndarray:
        """(Q,): what models answer, see :meth:`ModelPlayers.decide`."""
        raise NotImplementedError


class Cast(Company):
    """Everybody who decides in a world that is played in stages; to be closed.

    Parameters
    ----------
    world : the one that they decide in
    minds : who decides, for each individual
    table : the world's own rules, for those with minds of the kind ``table``
    teller : what may be said to models
    means : how they are reached

    Raises
    ------
    ScenarioError
        if somebody is to decide who cannot in such a world
    InputError
        if a model cannot be asked by these means: nobody stands in under its name, no price is known, ...
    """

    def __init__(
        self, world: Staged, minds: Sequence[Mind], table: Policy, teller: Teller, *, means: Means | None = None
    ):
        super().__init__(minds, table, means or Means())
        self.run = run_name(world.declared, world.seed)
        self.line = Line(self.minds, self._means, self.run, lambda model: check_stand_in(model, teller.dialect))
        self.line.check()
        self._models = ModelPlayers(teller, self.line, spoken(world.declared), world.seed, world.replicate)

    def ask_models(self, question: Question, minds: list[Model], place: str) -> np.ndarray:
        """(Q,): what models answer, all asked at once."""
        # The number of the replicate is that of the world; a world is one replicate, whatever it calls itself.
        alone = question.changed(replicate=np.zeros(len(question), np.int64))
        return self._models.decide(alone, minds, place)

    @property
    def replies(self) -> Replies:
        """How often models gave no answer."""
        return self._models.replies

    @property
    def told(self) -> dict[str, float]:
        """What stands beside the measures of each round: the share of fallbacks among the decisions of models."""
        return {"fallbacks": self.replies.share_now} if self.line.models else {}

    def close(self) -> None:
        """Close the journal and the connections; safe to call twice."""
        self.line.close()
