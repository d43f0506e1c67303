"""A whole round read from the strategies' tables, without asking anybody.

The same steps as ``rounds.Play.ask`` and ``tell``, with the same dice: a draw has an address, so it does not
matter in which order encounters are played, nor that what is certain is not drawn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import ACT, AGAIN, KNOW, SLIP, comes_up
from coop_abm.core.kernel import kernel
from coop_abm.engine.encounter import assess, assess_privately, feel_payoffs, known_by_type, meet_all, seek
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies.table import Repertoire


class Manners(NamedTuple):
    """How a round goes, beside the five answers.

    seeking : 1 if everybody seeks one partner, 0 if all meet all neighbours
    selves, accumulated, kept : see ``engine/plain.py``
    help_fails, refusal_fails : probabilities that an intended action turns into the other
    payoffs : float (2, 2), one turn of the game
    cooperate, next_state, helper : the repertoire
    """

    seeking: int
    selves: int
    accumulated: int
    kept: int
    help_fails: float
    refusal_fails: float
    payoffs: np.ndarray
    cooperate: np.ndarray
    next_state: np.ndarray
    helper: np.ndarray


def manners(scenario: Scenario, rows: Repertoire) -> Manners:
    """How a round of this scenario goes."""
    return Manners(
        int(scenario.partners == "one"), int(scenario.update.meets_itself), int(scenario.payoff == "accumulated"),
        int(scenario.update.adds_up), *scenario.failing, scenario.game.payoffs(),
        rows.cooperate, rows.next_state, rows.helper,
    )  # fmt: skip


@kernel
def acted(chance, help_fails, refusal_fails, act0, act1, slip0, slip1, t, turn, row):
    """What is done by somebody who means to cooperate with this chance: 0 cooperate, 1 defect.

    act0, act1, slip0, slip1 : keys of the dice that decide what is intended, and whether it fails
    """
    done = 0 if comes_up(chance, act0, act1, t, turn, row) else 1
    if comes_up(help_fails if done == 0 else refusal_fails, slip0, slip1, t, turn, row):
        done = 1 - done
    return done


@kernel
def play_out(t, dice, answers, manners, strategy, standing, opinion, met):
    """Every encounter from its first turn to its last. The dice must not be scripted.

    What is read in each turn is a number of its own here, because tuples of arrays are slow to hand on.
    """
    again, visibility, private = answers.continuation, answers.visibility, answers.private == 1
    help_fails, refusal_fails = manners.help_fails, manners.refusal_fails
    cooperate, next_state, payoffs = manners.cooperate, manners.next_state, manners.payoffs
    kin = 1 if answers.family > 1 else 0
    member, open_, last, memory, total = met.member, met.open, met.last, met.memory, met.total
    for k in range(member.shape[0]):
        know0, know1 = dice.keys[k, KNOW, 0], dice.keys[k, KNOW, 1]
        act0, act1 = dice.keys[k, ACT, 0], dice.keys[k, ACT, 1]
        slip0, slip1 = dice.keys[k, SLIP, 0], dice.keys[k, SLIP, 1]
        again0, again1 = dice.keys[k, AGAIN, 0], dice.keys[k, AGAIN, 1]
        helped = np.int64(0)
        turns = np.int64(0)
        for e in range(member.shape[1]):
            if open_[k, e] == 0:
                continue
            i = np.int64(member[k, e, 0])
            j = np.int64(member[k, e, 1])
            s = np.int64(strategy[k, i])
            r = np.int64(strategy[k, j])
            if private:
                name0, name1 = np.int64(opinion[k, j, i]), np.int64(opinion[k, i, j])
                self0, self1 = np.int64(opinion[k, i, i]), np.int64(opinion[k, j, j])
            else:
                name0, name1 = np.int64(standing[k, i]), np.int64(standing[k, j])
                self0, self1 = name0, name1
            mind0, mind1 = np.int64(0), np.int64(0)
            last0, last1 = np.int64(0), np.int64(0)
            total0, total1 = 0.0, 0.0
            turn = np.int64(0)
            going = True
            while going:
                seen1 = name1 if comes_up(visibility, know0, know1, t, turn, 2 * e) else np.int64(2)
                seen0 = name0 if comes_up(visibility, know0, know1, t, turn, 2 * e + 1) else np.int64(2)
                chance0 = cooperate[s, mind0, last0, seen1, kin, self0]
                chance1 = cooperate[r, mind1, last1, seen0, kin, self1]
                done0 = acted(chance0, help_fails, refusal_fails, act0, act1, slip0, slip1, t, turn, 2 * e)
                done1 = acted(chance1, help_fails, refusal_fails, act0, act1, slip0, slip1, t, turn, 2 * e + 1)
                total0 += payoffs[done0, done1]
                total1 += payoffs[done1, done0]
                helped += 2 - done0 - done1
                mind0 = next_state[s, mind0, 2 * done0 + done1]
                mind1 = next_state[r, mind1, 2 * done1 + done0]
                last0 = 1 + 2 * done0 + done1
                last1 = 1 + 2 * done1 + done0
                going = comes_up(again, again0, again1, t, turn, e)
                turn += 1
            turns += turn
            open_[k, e] = 0
            last[k, e, 0] = last0
            last[k, e, 1] = last1
            memory[k, e, 0] = mind0
            memory[k, e, 1] = mind1
            total[k, e, 0] = total0
            total[k, e, 1] = total1
        met.acts[k, 0] = helped
        met.acts[k, 1] = 2 * turns


@kernel
def close_round(t, dice, answers, manners, met, payoff, standing, opinion):
    """Whose payoff do I feel, and what is said of me?"""
    before = payoff.copy()
    feel_payoffs(answers, manners.accumulated, 2 - manners.seeking, met, payoff)
    if manners.kept == 1:
        for k in range(payoff.shape[0]):
            for i in range(payoff.shape[1]):
                payoff[k, i] = before[k, i] + payoff[k, i]
    if answers.private == 1:
        assess_privately(t, dice, answers, met, opinion, standing)
    elif answers.innate == 0:
        assess(t, dice, answers, met, standing)


@kernel
def open_round(t, dice, answers, manners, strategy, alive, group, standing, met):
    """Whom do I meet?"""
    if answers.innate == 1:
        known_by_type(alive, strategy, manners.helper, standing)
    for k in range(met.acts.shape[0]):
        met.acts[k, 0] = 0
        met.acts[k, 1] = 0
    if manners.seeking == 1:
        seek(t, dice, answers, alive, group, met)
    else:
        meet_all(answers, manners.selves, alive, met)


@kernel
def play_round(t, dice, answers, manners, strategy, alive, group, standing, opinion, met, payoff):
    """A round from whom everybody meets to what is said of it; who replaces whom is another question."""
    open_round(t, dice, answers, manners, strategy, alive, group, standing, met)
    play_out(t, dice, answers, manners, strategy, standing, opinion, met)
    close_round(t, dice, answers, manners, met, payoff, standing, opinion)
