"""Does a model understand the world in which it is to decide? Asked before its behaviour is believed.

The world is played with the strategies' tables in the place of its models, so that there is a state and a
history to ask about; then each model gets the prompts of some of its decisions, each with questions on
rules, state and history in the place of the request for an action. The truth is the engine's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.engine.rounds import Play
from coop_abm.engine.staged import Staged
from coop_abm.llm import comprehension, dialects
from coop_abm.llm.facts import Manner
from coop_abm.llm.messages import Address, Request
from coop_abm.policies.cast import run_name
from coop_abm.policies.cast import spoken as staged_digest
from coop_abm.policies.means import Line, Means, check_stand_in, check_stand_in_of
from coop_abm.policies.roster import spoken
from coop_abm.policies.rule import TableReader
from coop_abm.policies.teller import teller_of
from coop_abm.policies.telling import EncounterTeller
from coop_abm.scenario.minds import Model, models_in
from coop_abm.scenario.scenario import Scenario

#: Questions about one decision: one of rules, one of state, one of history, where there are such.
ABOUT_ONE = 3


def understanding(
    scenario: Scenario, *, questions: int = 60, rounds: int = 5, seed: int = 0, means: Means | None = None
) -> dict[str, comprehension.Scores]:
    """How well each language model of a world has understood it, by its name.

    Parameters
    ----------
    questions : how many each model is asked, about as many of rules, state and history
    rounds    : of which decisions are asked about

    Raises
    ------
    InputError
        if no language model decides in this world
    ModelError
        if a model cannot be asked
    """
    run = f"comprehension {spoken(scenario)[:12]} seed {seed}"
    minds = [entry.policy for entry in scenario.players]
    line = Line(minds, means or Means(), run, check_stand_in_of(scenario))
    line.check()
    try:
        asked = _decisions(scenario, rounds, seed, max(1, -(-questions // ABOUT_ONE)))
        if not asked:
            raise InputError("players.policy: a language model must decide for somebody; there is none in this world")
        return examined(line, asked, spoken(scenario), seed, questions)
    finally:
        line.close()


#: Moments to ask about: the facts of a decision, and how they are said.
Moments = list[tuple[Any, Manner]]


def examined(
    line: Line, asked: Mapping[Model, Moments], digest: str, seed: int, questions: int
) -> dict[str, comprehension.Scores]:
    """The scores of each model, asked `questions` questions about its moments.

    digest : of the world, for the addresses of the draws
    """
    requests, quizzes, owners = [], [], []
    for mind, moments in asked.items():
        left = questions
        for n, (facts, manner) in enumerate(moments):
            draw = _draw(seed, mind.model, n)
            for k, quiz in enumerate(comprehension.questions(facts, manner, min(ABOUT_ONE, left), draw)):
                turn = getattr(facts, "turn", 0)
                address = Address(digest, seed, 0, getattr(facts, "round", 0), turn, f"quiz {n}.{k}", 0)
                requests.append(_request(mind, facts, manner, quiz, address, draw))
                quizzes.append(quiz)
                owners.append(mind.model)
                left -= 1
    given: dict[str, list[comprehension.Answer]] = {}
    replies = [answer.reply.text for answer in line.client.ask(requests)]
    for owner, quiz, reply in zip(owners, quizzes, replies, strict=True):
        given.setdefault(owner, []).append(comprehension.Answer(quiz, reply))
    return {owner: comprehension.score(answers) for owner, answers in given.items()}


def understanding_staged(
    declared: Any, *, questions: int = 60, rounds: int = 5, seed: int = 0, means: Means | None = None
) -> dict[str, comprehension.Scores]:
    """The same of a world that is played in stages, by the questions of its dialect (``llm/quizzes.BOOKS``).

    Raises
    ------
    InputError
        if no language model decides in this world, or its dialect has no questions
    ScenarioError
        if the world has nothing to tell models
    ModelError
        if a model cannot be asked
    """
    world: Staged = declared.start(seed)
    teller, table, minds = teller_of(world), declared.table(), declared.minds()
    if not any(models_in(mind) for mind in minds):
        raise InputError("policy: a language model must decide for somebody; there is none in this world")
    stages = comprehension.book_of(teller.dialect).stages
    found: dict[Model, Moments] = {}
    most = max(1, -(-questions // ABOUT_ONE))
    while (question := world.ask()) is not None and world.round < rounds:
        if question.stage in stages:
            for model in dict.fromkeys(model for mind in minds for model in models_in(mind)):
                mine = [model in models_in(minds[who]) for who in question.individual.tolist()]
                some = question.of(np.flatnonzero(mine)[:most])
                manners = [teller.manner(model, who) for who in some.individual.tolist()]
                told = teller.facts(some, [model] * len(manners))
                found.setdefault(model, []).extend(zip(told, manners, strict=True))
        world.tell(table.decide(question))
    run = f"comprehension {run_name(declared, seed)}"
    line = Line(minds, means or Means(), run, lambda model: check_stand_in(model, teller.dialect))
    line.check()
    try:
        return examined(line, _spread(found, most), staged_digest(declared), seed, questions)
    finally:
        line.close()


def _decisions(scenario: Scenario, rounds: int, seed: int, most: int) -> dict[Model, Moments]:
    """Up to `most` decisions of each model, spread over the rounds and turns that the tables played."""
    play = Play(scenario, seed)
    tables, teller = TableReader(play.repertoire), EncounterTeller(scenario, play.answers, seed)
    pairs = [models_in(mind) for _strategy, mind in scenario.inherited]
    found: dict[Model, Moments] = {}
    while play.round < rounds:
        question = play.ask()
        if question.stage == "act":
            for models in dict.fromkeys(models for models in pairs if models):
                of_it = [s for s, own in enumerate(pairs) if own == models]
                rows = np.flatnonzero(np.isin(question.view.strategy, of_it))[:most]
                some = question.of(rows)
                told = list(teller.facts(some, [models[0]] * len(rows)))
                manners = [teller.manner(models[0], who) for who in some.individual.tolist()]
                found.setdefault(models[0], []).extend(zip(told, manners, strict=True))
        play.tell(tables.decide(question))
    return _spread(found, most)


def _spread(found: Mapping[Model, Moments], most: int) -> dict[Model, Moments]:
    """At most so many moments of each model, from the first to the last."""
    spread = {}
    for mind, moments in found.items():
        at = np.unique(np.linspace(0, len(moments) - 1, min(most, len(moments))).astype(int))
        spread[mind] = [moments[n] for n in at.tolist()]
    return {mind: moments for mind, moments in spread.items() if moments}


def _request(
    mind: Model, facts: Any, manner: Manner, quiz: comprehension.Quiz, address: Address, draw: float
) -> Request:
    return Request(
        mind.model, comprehension.messages(facts, manner, quiz), quiz.schema, *mind.sampling,
        mind.max_tokens, mind.api_base, address, draw, dialects.of(facts).templates_hash(mind.language),
    )  # fmt: skip


def _draw(*of: object) -> float:
    """A number in [0, 1) that says which questions are asked: the same each time."""
    word = hashlib.sha256(json.dumps(of).encode()).digest()[:6]
    return int.from_bytes(word, "big") / 2**48


def lines(scores: dict[str, comprehension.Scores]) -> list[str]:
    """The scores as lines to read."""
    said = []
    for model, found in scores.items():
        whole = found.overall
        said.append(
            f"{model}: {whole.right} of {whole.asked} right, {whole.share:.3f} [{whole.low:.3f}, {whole.high:.3f}]; "
            + ", ".join(f"{kind} {part.right}/{part.asked}" for kind, part in found.by_kind.items())
            + (f"; {found.malformed} answers were no JSON as asked for" if found.malformed else "")
        )
    return said
