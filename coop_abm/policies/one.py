"""One decision in words, for those who decide one at a time: humans, functions and servers of the user's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from coop_abm.core.errors import PolicyError, quoted
from coop_abm.core.question import Options, Question, Words, limit_of

#: Words for what is known of a standing, in the order of ``question.View``.
STANDINGS = ("bad", "good", "unknown")
_OUTCOMES = ((0, 0), (0, 1), (1, 0), (1, 1))


class OneView(NamedTuple):
    """What one decider sees.

    stage     : act, talk, plan, critique or revise
    options   : names of the permitted actions; () where words are asked for
    limit     : most characters of a text; 0 where an action is asked for
    replicate, round, turn : which population and when, from 0; `turn` counts within the encounter
    individual, partner : rows of both
    strategy  : the strategy that the individual has inherited, by name
    history   : turns of this encounter so far, (own action, partner's), oldest first
    standing  : what is known of the partner: "good", "bad" or "unknown"
    own       : the individual's own standing: "good" or "bad"
    kin       : is the partner known as kin?
    group, members : number of the own group, and how many live in it
    payoff    : own felt payoff of the last round; None in the first
    said      : what the partner said last in this encounter; empty if nothing
    memo      : own notes; empty if there are none
    played    : turns that the individual has played
    draft, critique : the text that is to be criticised or revised, and what was said of it; empty in other stages
    draw      : a uniform number in [0, 1) for this decision, the same in every run of one seed
    """

    stage: str
    options: tuple[str, ...]
    limit: int
    replicate: int
    round: int
    turn: int
    individual: int
    partner: int
    strategy: str
    history: tuple[tuple[str, str], ...]
    standing: str
    own: str
    kin: bool
    group: int
    members: int
    payoff: float | None
    said: str
    memo: str
    played: int
    draft: str
    critique: str
    draw: float


def views(question: Question, strategies: tuple[str, ...], actions: tuple[str, ...]) -> Iterator[OneView]:
    """The rows of a question, one by one.

    strategies : names of the repertoire; actions : names of the game's actions, by which history is told
    """
    seen, texts = question.view, question.texts
    asks = isinstance(question.choices, Options)
    told = [(actions[own], actions[other]) for own, other in _OUTCOMES]
    for q in range(len(question)):
        payoff = float(seen.payoff[q])
        yield OneView(
            stage=question.stage,
            options=actions if asks else (),
            limit=limit_of(question.choices),
            replicate=int(question.replicate[q]),
            round=question.round,
            turn=question.turn,
            individual=int(question.individual[q]),
            partner=int(question.partner[q]),
            strategy=strategies[seen.strategy[q]],
            history=tuple(told[outcome - 1] for outcome in seen.history[q].tolist()),
            standing=STANDINGS[seen.standing[q]],
            own=STANDINGS[seen.own[q]],
            kin=bool(seen.kin[q]),
            group=int(seen.group[q]),
            members=int(seen.members[q]),
            payoff=None if np.isnan(payoff) else payoff,
            said=texts[int(seen.said[q])],
            memo=texts[int(seen.memo[q])],
            played=int(seen.played[q]),
            draft=texts[int(seen.draft[q])],
            critique=texts[int(seen.critique[q])],
            draw=float(question.draw[q]),
        )


def number_of(answer: Any, question: Question, who: str) -> int:
    """What an answer in words is as an action: its position among the options, or the number of the text.

    Raises
    ------
    PolicyError
        unless it is the name or the position of an action, or text that is short enough; truth values are
        refused, because True would be position 1, which is to defect
    """
    choices = question.choices
    if isinstance(choices, Words):
        if not isinstance(answer, str) or len(answer) > choices.limit:
            raise PolicyError(
                f"{who} must answer with a text of at most {choices.limit} characters; got {quoted(answer)}"
            )
        return question.texts.number(answer)
    if not isinstance(choices, Options):
        raise PolicyError(f"{who} may be asked for an action or a text only; got {type(choices).__name__}")
    if isinstance(answer, str) and answer in choices.names:
        return choices.names.index(answer)
    whole = isinstance(answer, (int, np.integer)) and not isinstance(answer, bool)
    if whole and 0 <= answer < len(choices.names):
        return int(answer)
    positions = " or ".join(str(position) for position in range(len(choices.names)))
    raise PolicyError(f"{who} must answer {' or '.join(choices.names)}, or {positions}; got {quoted(answer)}")
