"""Does a model understand the world in which it is to decide? Asked before its behaviour is believed.

The world is played with the strategies' tables in the place of its models, so that there is a state and a
history to ask about; then each model gets the prompts of some of its decisions, each with questions on
rules, state and history in the place of the request for an action. The truth is the engine's.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.engine.rounds import Play
from coop_abm.llm import comprehension, prompts
from coop_abm.llm.facts import Facts, Manner
from coop_abm.llm.messages import Address, Request
from coop_abm.policies.means import Line, Means
from coop_abm.policies.roster import spoken
from coop_abm.policies.rule import TableReader
from coop_abm.policies.telling import Teller
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
    line = Line(scenario, means or Means(), f"comprehension {spoken(scenario)[:12]} seed {seed}")
    line.check()
    try:
        asked = _decisions(scenario, rounds, seed, max(1, -(-questions // ABOUT_ONE)))
        if not asked:
            raise InputError("players.policy: a language model must decide for somebody; there is none in this world")
        requests, quizzes, owners = [], [], []
        for mind, moments in asked.items():
            left = questions
            for n, (facts, manner) in enumerate(moments):
                draw = _draw(seed, mind.model, n)
                for k, quiz in enumerate(comprehension.questions(facts, manner, min(ABOUT_ONE, left), draw)):
                    address = Address(spoken(scenario), seed, 0, facts.round, facts.turn, f"quiz {n}.{k}", 0)
                    requests.append(_request(mind, facts, manner, quiz, address, draw))
                    quizzes.append(quiz)
                    owners.append(mind.model)
                    left -= 1
        replies = [answer.reply.text for answer in line.client.ask(requests)]
    finally:
        line.close()
    given: dict[str, list[comprehension.Answer]] = {}
    for owner, quiz, reply in zip(owners, quizzes, replies, strict=True):
        given.setdefault(owner, []).append(comprehension.Answer(quiz, reply))
    return {owner: comprehension.score(answers) for owner, answers in given.items()}


def _decisions(scenario: Scenario, rounds: int, seed: int, most: int) -> dict[Model, list[tuple[Facts, Manner]]]:
    """Up to `most` decisions of each model, spread over the rounds and turns that the tables played."""
    play = Play(scenario, seed)
    tables, teller = TableReader(play.repertoire), Teller(scenario, play.answers, seed)
    pairs = [models_in(mind) for _strategy, mind in scenario.inherited]
    found: dict[Model, list[tuple[Facts, Manner]]] = {}
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
    spread = {}
    for mind, moments in found.items():
        at = np.unique(np.linspace(0, len(moments) - 1, min(most, len(moments))).astype(int))
        spread[mind] = [moments[n] for n in at.tolist()]
    return {mind: moments for mind, moments in spread.items() if moments}


def _request(
    mind: Model, facts: Facts, manner: Manner, quiz: comprehension.Quiz, address: Address, draw: float
) -> Request:
    return Request(
        mind.model, comprehension.messages(facts, manner, quiz), quiz.schema, *mind.sampling,
        mind.max_tokens, mind.api_base, address, draw, prompts.templates_hash(mind.language),
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
