"""What two individuals do to each other, written once.

An encounter is a pair of members with its own count of turns. Everything here is a step of the
round in the order of the round: who seeks whom, what each sees, how a turn is settled, whether there
is another, whose payoff is felt, what is said of it afterwards.

Shapes: R replicates, N individuals, E encounters a round, Q rows of a question. Draws of encounter e
have row address e (or 2e and 2e + 1 for its two sides), and encounter e is the one that individual e
seeks, or edge e where everybody meets all neighbours.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import ACT, AGAIN, JUDGE, KNOW, MEET, SLIP, happens, thrown, uniform
from coop_abm.core.kernel import kernel
from coop_abm.structures.neighbours import random_neighbour


class Encounters(NamedTuple):
    """The encounters of a round.

    member : int32 (R, E, 2), who meets; -1 where there is no encounter. The same individual twice
             is one that meets a copy of itself.
    open   : int8 (R, E), 1 while another turn is to be played
    last   : int8 (R, E, 2), last outcome as each side sees it: 0 start, 1 CC, 2 CD, 3 DC, 4 DD
    memory : int16 (R, E, 2), automaton state of each side
    total  : float64 (R, E, 2), payoff of each side so far, summed over turns
    acts   : int64 (R, 2), actions of the round so far: cooperative, all
    weight : float (E,), what each encounter counts in a mean or sum of payoffs: the weight of its edge
    """

    member: np.ndarray
    open: np.ndarray
    last: np.ndarray
    memory: np.ndarray
    total: np.ndarray
    acts: np.ndarray
    weight: np.ndarray


def encounters(replicates: int, weight: np.ndarray) -> Encounters:
    """Room for encounters of these weights, float (E,), in each replicate."""
    count = len(weight)
    return Encounters(
        np.full((replicates, count, 2), -1, np.int32),
        np.zeros((replicates, count), np.int8),
        np.zeros((replicates, count, 2), np.int8),
        np.zeros((replicates, count, 2), np.int16),
        np.zeros((replicates, count, 2)),
        np.zeros((replicates, 2), np.int64),
        weight,
    )


@kernel
def group_lists(k, alive, group, groups, start, listed, place):
    """Who lives in which group of replicate k?

    start : int64 (groups + 1,) written: where each group's list begins
    listed, place : int64 (N,) written: members in order of group; the position of each in its list
    """
    for g in range(groups + 1):
        start[g] = 0
    for i in range(alive.shape[1]):
        if alive[k, i] == 1:
            start[np.int64(group[k, i]) + 1] += 1
    for g in range(groups):
        start[g + 1] += start[g]
    seated = np.zeros(groups, np.int64)
    for i in range(alive.shape[1]):
        if alive[k, i] == 1:
            g = np.int64(group[k, i])
            place[i] = seated[g]
            listed[start[g] + place[i]] = i
            seated[g] += 1


@kernel
def seek(t, dice, answers, alive, group, met):
    """Whom do I meet? Each individual seeks one partner: encounter i is the one that i seeks."""
    n = answers.size
    start = np.zeros(answers.groups + 1, np.int64)
    listed = np.zeros(n, np.int64)
    place = np.zeros(n, np.int64)
    fair = dice.address.shape[0] == 0
    for k in range(alive.shape[0]):
        key0, key1 = dice.keys[k, MEET, 0], dice.keys[k, MEET, 1]
        if answers.fluid == 1:
            group_lists(k, alive, group, answers.groups, start, listed, place)
        for i in range(n):
            partner = np.int64(-1)
            if alive[k, i] == 1:
                u = thrown(key0, key1, t, 0, i) if fair else uniform(dice, k, MEET, t, 0, i)
                if answers.fluid == 1:
                    g = np.int64(group[k, i])
                    others = start[g + 1] - start[g] - 1
                    if others > 0:
                        at = np.int64(u * others)
                        if at >= place[i]:
                            at += 1
                        partner = listed[start[g] + at]
                else:
                    partner = random_neighbour(i, u, n, answers.indptr, answers.indices, answers.weight)
                if answers.assortment > 0.0 and happens(answers.assortment, dice, k, MEET, t, 1, i):
                    partner = np.int64(i)
            begin(k, i, i, partner, met)


@kernel
def meet_all(answers, selves, alive, met):
    """Whom do I meet? Everybody meets all neighbours: one encounter for each edge.

    selves : 1 if everybody meets itself as well, before the neighbours that follow it
    """
    n = answers.size
    for k in range(alive.shape[0]):
        e = 0
        for i in range(n):
            if selves == 1:
                begin(k, e, i, i, met)
                e += 1
            if answers.indptr.shape[0] == 0:
                for j in range(i + 1, n):
                    begin(k, e, i, j, met)
                    e += 1
            else:
                for at in range(answers.indptr[i], answers.indptr[i + 1]):
                    if answers.indices[at] > i:
                        begin(k, e, i, answers.indices[at], met)
                        e += 1


@kernel
def begin(k, e, i, j, met):
    """Encounter e of replicate k starts afresh between i and j; j = -1 means that there is none."""
    met.member[k, e, 0] = i
    met.member[k, e, 1] = j
    met.open[k, e] = 1 if j >= 0 else 0
    for side in range(2):
        met.last[k, e, side] = 0
        met.memory[k, e, side] = 0
        met.total[k, e, side] = 0.0


@kernel
def look(t, turn, dice, answers, strategy, standing, opinion, met, asked, seen, draw):
    """What do I know of you? Fill the view of everybody who must decide.

    opinion : int8 (R, N, N), of the first individual about the second; read where opinions are private
    asked : int64 (Q, 3), replicate, encounter and side of each row
    seen  : int64 (Q, 8) written: individual, partner, strategy, memory, last, standing, kin, own standing
    draw  : float (Q,) written: each decider's own chance
    """
    for q in range(asked.shape[0]):
        k = asked[q, 0]
        e = asked[q, 1]
        side = asked[q, 2]
        i = np.int64(met.member[k, e, side])
        j = np.int64(met.member[k, e, 1 - side])
        known = happens(answers.visibility, dice, k, KNOW, t, turn, 2 * e + side)
        seen[q, 0] = i
        seen[q, 1] = j
        seen[q, 2] = strategy[k, i]
        seen[q, 3] = met.memory[k, e, side]
        seen[q, 4] = met.last[k, e, side]
        name = np.int64(opinion[k, i, j]) if answers.private == 1 else np.int64(standing[k, j])
        seen[q, 5] = name if known else np.int64(2)
        seen[q, 6] = 1 if answers.family > 1 else 0  # families meet among themselves
        seen[q, 7] = np.int64(opinion[k, i, i]) if answers.private == 1 else np.int64(standing[k, i])
        draw[q] = uniform(dice, k, ACT, t, turn, 2 * e + side)


@kernel
def settle(t, turn, dice, answers, help_fails, refusal_fails, payoffs, next_state, strategy, met, asked, action):
    """One turn: intended actions may slip, both are paid, both remember; shall we meet again?

    help_fails, refusal_fails : probabilities that an intended action turns into the other
    payoffs    : float (2, 2), one turn of the game, own action first
    next_state : int64 (S, Q, 4), automaton states after CC, CD, DC, DD
    action     : int64 (Q,), intended actions; rows 2p and 2p + 1 are the two sides of one encounter
    """
    for p in range(asked.shape[0] // 2):
        k = asked[2 * p, 0]
        e = asked[2 * p, 1]
        done0 = action[2 * p]
        done1 = action[2 * p + 1]
        if happens(help_fails if done0 == 0 else refusal_fails, dice, k, SLIP, t, turn, 2 * e):
            done0 = 1 - done0
        if happens(help_fails if done1 == 0 else refusal_fails, dice, k, SLIP, t, turn, 2 * e + 1):
            done1 = 1 - done1
        met.total[k, e, 0] += payoffs[done0, done1]
        met.total[k, e, 1] += payoffs[done1, done0]
        met.acts[k, 0] += 2 - done0 - done1
        met.acts[k, 1] += 2
        outcome0 = 2 * done0 + done1
        outcome1 = 2 * done1 + done0
        s0 = np.int64(strategy[k, met.member[k, e, 0]])
        s1 = np.int64(strategy[k, met.member[k, e, 1]])
        met.memory[k, e, 0] = next_state[s0, np.int64(met.memory[k, e, 0]), outcome0]
        met.memory[k, e, 1] = next_state[s1, np.int64(met.memory[k, e, 1]), outcome1]
        met.last[k, e, 0] = 1 + outcome0
        met.last[k, e, 1] = 1 + outcome1
        met.open[k, e] = 1 if happens(answers.continuation, dice, k, AGAIN, t, turn, e) else 0


@kernel
def plus(total, lost, x):
    """A sum and what rounding has taken from it so far, after x is added; their sum is the answer.

    Added up like this, as Python's own ``sum`` does, payoffs do not depend on the order of neighbours.

    References
    ----------
    Neumaier1974
    """
    grown = total + x
    if abs(total) >= abs(x):
        lost += (total - grown) + x
    else:
        lost += (x - grown) + total
    return grown, lost


@kernel
def feel_payoffs(answers, accumulated, paid_sides, met, payoff):
    """Whose payoff do I feel? Own payoff plus relatedness x the partner's, in each encounter.

    Where everybody seeks one partner only the seeker is paid (`paid_sides` 1): who is sought more often,
    for having few neighbours or many, must not weigh in, and a share r of meetings with copies must
    stay a share r. So the mean over rounds is the expected payoff that the event clock reads. Where
    everybody meets all neighbours both are paid (2), in proportion to the weight of the edge; an encounter
    with oneself is paid once.

    payoff : float (R, N) written: the mean over an individual's encounters, or their sum where
             `accumulated` is 1; 0 for whoever met nobody
    """
    total = np.zeros(payoff.shape[1])
    lost = np.zeros(payoff.shape[1])
    for k in range(payoff.shape[0]):
        for i in range(payoff.shape[1]):
            payoff[k, i] = 0.0
            total[i] = 0.0
            lost[i] = 0.0
        for e in range(met.member.shape[1]):
            if met.member[k, e, 1] < 0:
                continue
            alone = met.member[k, e, 0] == met.member[k, e, 1]
            for side in range(1 if alone else paid_sides):
                i = np.int64(met.member[k, e, side])
                felt = met.total[k, e, side] + answers.relatedness * met.total[k, e, 1 - side]
                payoff[k, i], lost[i] = plus(payoff[k, i], lost[i], met.weight[e] * felt)
                total[i] += met.weight[e]
        for i in range(payoff.shape[1]):
            payoff[k, i] = payoff[k, i] + lost[i]
            if accumulated == 0 and total[i] > 0.0:
                payoff[k, i] = payoff[k, i] / total[i]


@kernel
def assess(t, dice, answers, met, standing):
    """What do I know of you, from now on? The norm judges the last turn of each encounter.

    All judgements of a round rest on the standings at its start; of several about one individual
    the last one, in the order of encounters, is what is remembered.
    """
    before = standing.copy()
    for k in range(standing.shape[0]):
        for e in range(met.member.shape[1]):
            if met.member[k, e, 1] < 0:
                continue
            for side in range(2):
                donor = np.int64(met.member[k, e, side])
                recipient = np.int64(met.member[k, e, 1 - side])
                did = (np.int64(met.last[k, e, side]) - 1) // 2
                if happens(answers.misperception, dice, k, JUDGE, t, 1, 2 * e + side):
                    did = 1 - did
                judged = answers.norm[np.int64(before[k, donor]), np.int64(before[k, recipient]), did]
                if happens(answers.misjudgement, dice, k, JUDGE, t, 0, 2 * e + side):
                    judged = 1 - judged
                standing[k, donor] = judged


@kernel
def assess_privately(t, dice, answers, met, opinion, standing):
    """What do I think of you, from now on? Everybody who sees an encounter judges it for itself.

    Members of an encounter see it, outsiders with probability `observation`. Each judges by its own
    opinions at the start of the round, and errs independently; but one knows what one did oneself. The
    public standing becomes what at least half of the others think.

    opinion : int8 (R, N, N) changed in place, of the first individual about the second
    """
    n = standing.shape[1]
    before = opinion.copy()
    for k in range(standing.shape[0]):
        for e in range(met.member.shape[1]):
            if met.member[k, e, 1] < 0:
                continue
            for side in range(2):
                donor = np.int64(met.member[k, e, side])
                recipient = np.int64(met.member[k, e, 1 - side])
                did = (np.int64(met.last[k, e, side]) - 1) // 2
                for o in range(n):
                    row = (2 * e + side) * n + o
                    outsider = o != donor and o != recipient
                    if outsider and not happens(answers.observation, dice, k, JUDGE, t, 2, row):
                        continue
                    took = did
                    wrong = False
                    if o != donor:
                        if happens(answers.misperception, dice, k, JUDGE, t, 3, row):
                            took = 1 - did
                        wrong = happens(answers.misjudgement, dice, k, JUDGE, t, 4, row)
                    judged = answers.norm[np.int64(before[k, o, donor]), np.int64(before[k, o, recipient]), took]
                    opinion[k, o, donor] = 1 - judged if wrong else judged
        for i in range(n):
            well = 0
            for o in range(n):
                if o != i:
                    well += np.int64(opinion[k, o, i])
            standing[k, i] = 1 if 2 * well >= n - 1 else 0


@kernel
def clear_name(k, i, standing, opinion):
    """Whoever is new is in good standing with everybody, and everybody is with it."""
    standing[k, i] = 1
    for j in range(opinion.shape[1]):
        opinion[k, j, i] = 1
        opinion[k, i, j] = 1


@kernel
def known_by_type(alive, strategy, helper, standing):
    """Standing is what one is: good for strategies that help strangers."""
    for k in range(strategy.shape[0]):
        for i in range(strategy.shape[1]):
            if alive[k, i] == 1:
                standing[k, i] = helper[np.int64(strategy[k, i])]
