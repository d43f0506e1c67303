"""The widest prompts and replies that a world permits: what a plan says at most."""

from __future__ import annotations

import itertools

from coop_abm.llm import prompts
from coop_abm.llm.budget import Rate, size_of, worst_case
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.messages import Address, Request
from coop_abm.policies.rehearsal import SHARE_OF_LIMIT
from coop_abm.policies.telling import EncounterTeller
from coop_abm.scenario.minds import Model, Team, models_in
from coop_abm.scenario.scenario import Scenario

#: The character that takes the most bytes where texts are quoted, and a number that takes as many as any.
WIDEST, LONG_NUMBER = "\U000e0001", -1.2345678901234567e-100
_NOBODY = Address("", 0, 0, 0, 0, "act", 0)


def widest(world: Scenario, teller: EncounterTeller, model: Model, stage: str, steps: int) -> int:
    """Tokens of the longest prompt of a stage without history, as budgets reserve them."""
    limit = longest_text(world, stage)
    plans = [e.policy.limit for e in world.players if isinstance(e.policy, Team) and model in models_in(e.policy)]
    text = WIDEST * min(max(plans, default=0), prompts.LONGEST)
    common = teller.common
    base = common._replace(
        stage=stage, round=max(steps, 1), turn=10**6, partner=world.size, horizon=model.horizon or None,
        history=() if teller.repeated else None, neighbours=None if teller.degree is None else world.size,
        group=world.size if teller.grouped else None, members=world.size if teller.grouped else None,
        payoff=LONG_NUMBER, limit=limit, memo=text or None,
        said=WIDEST * world.talk_limit if teller.talks and stage != "talk" else None,
        draft=text if stage in ("critique", "revise") else None, critique=text if stage == "revise" else None,
    )  # fmt: skip
    names = ("good", "bad", "unknown") if teller.informed else (None,)
    own = ("good", "bad") if teller.informed else (None,)
    kin = (True, False) if common.family is not None else (None,)
    return max(
        _tokens(base._replace(standing=other, own_standing=self_, kin=related), manner, model)
        for other, self_, related in itertools.product(names, own, kin)
        for manner in _manners(teller, model)
    )


def longest_text(world: Scenario, stage: str) -> int | None:
    """Most characters of a text of this stage; None where an action is asked for."""
    if stage == "act":
        return None
    if stage == "talk":
        return world.talk_limit
    return max((entry.policy.limit for entry in world.players if isinstance(entry.policy, Team)), default=None)


def history_bytes(teller: EncounterTeller, models: list[Model], deepest: int) -> int:
    """Most bytes that one more turn of an encounter adds to a prompt."""
    if not teller.repeated or deepest == 0:
        return 0
    base = teller.common._replace(history=(), payoff=0.0)
    if teller.informed:
        base = base._replace(standing="good", own_standing="good")
    return max(
        -(-(_tokens(base._replace(history=((own, other),) * deepest), manner, model)
            - min(_tokens(base, manner, model), _tokens(base._replace(history=None), manner, model))) // deepest)
        for model in models for own in (0, 1) for other in (0, 1) for manner in _manners(teller, model)
    )  # fmt: skip


def repair_bytes(teller: EncounterTeller, model: Model) -> int:
    """Most tokens by which the second question about a decision is longer than the first."""
    base, manner = teller.common._replace(payoff=0.0), _manners(teller, model)[0]
    messages = (("system", ""), ("user", ""))
    wide = prompts.repair(messages, WIDEST * 2_000, WIDEST * 2_000, manner)
    # The request is said again, at the end of the prompt: one line.
    last = max(len(prompts.render(base._replace(limit=None), each)[1][1].encode()) for each in _manners(teller, model))
    return sum(size_of(text) for _role, text in wide) + 2 * 32 + last + 2_000


def most_output(world: Scenario, model: Model, stage: str, action: int, reasoning: int, around: int) -> float:
    """Tokens that a reply of this stage is expected to have."""
    if stage == "act":
        return min(reasoning if model.reasoning else action, model.max_tokens)
    return min(around + (longest_text(world, stage) or 0) * SHARE_OF_LIMIT / 4, model.max_tokens)


def _manners(teller: EncounterTeller, model: Model) -> list[Manner]:
    """The four ways in which labels are dealt."""
    first = {int(code): who for who, code in reversed(list(enumerate(teller.codes.tolist())))}
    return [teller.manner(model, who) for who in first.values()]


def _tokens(facts: Facts, manner: Manner, model: Model) -> int:
    messages, schema = prompts.render(facts, manner), prompts.schema_of(facts, manner)
    request = Request(model.model, messages, schema, None, None, 0, "", _NOBODY)
    return worst_case(request, Rate(0, 0)).tokens
