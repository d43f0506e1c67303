"""Plan, critique, revise, around any other policy.

Every so many turns of its own a player is asked for the draft of a plan, for a critique of it, and for a
revision; the *revised* plan is what it sees from then on. A plan is part of the player's notes (the column
`memo`), so it is saved, branched and forgotten with the player.

References
----------
ToniniGalke2025
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from coop_abm.core.question import Question, Words
from coop_abm.scenario.minds import Mind, Team

#: Asks inner policies: the question, the policy of each row.
Inner = Callable[[Question, list[Mind]], np.ndarray]


class Plan(NamedTuple):
    """A player's notes: its plan, the last critique, and after how many turns the plan was made."""

    plan: str = ""
    critique: str = ""
    made: int = 0


def read_plan(memo: str) -> Plan:
    """The plan in a player's notes; an empty one if there are none."""
    return Plan(**json.loads(memo)) if memo else Plan()


def planned(question: Question, minds: list[Mind], ask: Inner) -> tuple[Question, np.ndarray | None]:
    """The question as planners see it, and the notes that they want to keep.

    Parameters
    ----------
    question : to everybody
    minds    : the policy of each row; rows of others than planners are left alone
    ask      : asks the inner policies

    Returns
    -------
    the question, in which the memo of a planner is its plan and nothing else
    int64 (Q,), numbers of new notes, -1 where nothing changed; None if nobody plans
    """
    rows = [q for q, mind in enumerate(minds) if isinstance(mind, Team)]
    if not rows:
        return question, None
    texts, view = question.texts, question.view
    notes = {q: read_plan(texts[int(view.memo[q])]) for q in rows}
    who = {q: (int(question.replicate[q]), int(question.individual[q])) for q in rows}
    due: dict[tuple[int, int], int] = {}  # the first row of each individual that is to plan now
    for q in rows:
        mind, played = minds[q], int(view.played[q])
        assert isinstance(mind, Team)
        if played // mind.every > notes[q].made // mind.every:
            due.setdefault(who[q], q)
    fresh = dict(zip(due, _think(question, list(due.values()), minds, notes, ask), strict=True)) if due else {}
    kept, shown = np.full(len(question), -1, np.int64), view.memo.copy()
    for q in rows:
        plan = fresh.get(who[q], notes[q])
        shown[q] = texts.number(plan.plan)
        if who[q] in fresh:
            kept[q] = texts.number(json.dumps(plan._asdict(), ensure_ascii=False))
    return question.changed(view=view._replace(memo=shown)), kept


def _think(question: Question, rows: list[int], minds: list[Mind], notes: dict[int, Plan], ask: Inner) -> list[Plan]:
    """New plans of those who are due, one batch for each step."""
    teams = [mind for mind in (minds[q] for q in rows) if isinstance(mind, Team)]
    of_them = question.of(np.array(rows))
    old = np.array([question.texts.number(notes[q].plan) for q in rows], np.int64)
    of_them = of_them.changed(view=of_them.view._replace(memo=old))
    plans = _step("plan", of_them, teams, [("", "")] * len(rows), ask)
    critiques = [""] * len(rows)
    for again in range(max(team.critiques for team in teams)):
        more = [n for n, team in enumerate(teams) if again < team.critiques]
        chosen, some = of_them.of(np.array(more)), [teams[n] for n in more]
        for n, text in zip(more, _step("critique", chosen, some, [(plans[n], "") for n in more], ask), strict=True):
            critiques[n] = text
        revised = _step("revise", chosen, some, [(plans[n], critiques[n]) for n in more], ask)
        for n, text in zip(more, revised, strict=True):
            plans[n] = text
    turns = of_them.view.played.tolist()
    return [Plan(*each) for each in zip(plans, critiques, turns, strict=True)]


def _step(stage: str, question: Question, teams: list[Team], drafts: list[tuple[str, str]], ask: Inner) -> list[str]:
    """Texts of one step, from the inner policy of each row."""
    texts, told = question.texts, [""] * len(teams)
    draft, critique = (
        np.array([texts.number(text) for text in column], np.int64) for column in zip(*drafts, strict=True)
    )
    asked = question.changed(stage=stage, view=question.view._replace(draft=draft, critique=critique))
    # A question has one limit. Nobody's plan may be the shorter for who else plans now.
    for limit in sorted({team.limit for team in teams}):
        rows = [q for q, team in enumerate(teams) if team.limit == limit]
        some = asked.of(np.array(rows)).changed(choices=Words(limit, texts))
        numbers = some.choices.validate(ask(some, [teams[q].inner for q in rows]), len(rows))
        for q, number in zip(rows, numbers.tolist(), strict=True):
            told[q] = texts[number]
    return told
