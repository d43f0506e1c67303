"""Matches of a fixed number of turns between strategies, in a round robin.

A pair of automata is one chain: its state is both automata's states and the last outcome, and a turn is one draw among
four outcomes and one look at where it leads. Each match has a stream of its own, so a result does not
depend on what else is played.
"""

from __future__ import annotations

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.kernel import kernel


@kernel
def mirrored(last):
    """The outcome (0 start, 1 CC, 2 CD, 3 DC, 4 DD) as the partner sees it."""
    if last == 2:
        return 3
    if last == 3:
        return 2
    return last


@kernel
def chain_of(s, t, chance, after, noise, limit, target):
    """The chain of strategies s and t: what can happen in each state, and where it leads.

    chance : float (S, Q, 5), probability to cooperate in each state after each outcome
    after  : int64 (S, Q, 4), states after CC, CD, DC, DD
    noise  : probability that an intended action turns into the other
    limit  : float (states, 3) written: a uniform number below them means CC, CD, DC, above the last DD
    target : int64 (states, 4) written: the state after each outcome
    Returns whether nothing is left to chance.
    """
    states = chance.shape[1]
    certain = True
    for mine in range(states):
        for yours in range(states):
            for last in range(5):
                here = (mine * states + yours) * 5 + last
                x = chance[s, mine, last]
                y = chance[t, yours, mirrored(last)]
                x = x * (1.0 - noise) + (1.0 - x) * noise
                y = y * (1.0 - noise) + (1.0 - y) * noise
                limit[here, 0] = x * y
                limit[here, 1] = x
                limit[here, 2] = 1.0 - (1.0 - x) * (1.0 - y)  # exactly 1 where one of the two is certain to help
                for outcome in range(4):
                    there = after[s, mine, outcome] * states + after[t, yours, mirrored(outcome + 1) - 1]
                    target[here, outcome] = there * 5 + outcome + 1
                for way in range(3):
                    if limit[here, way] > 0.0 and limit[here, way] < 1.0:
                        certain = False
    return certain


@kernel
def play_matches(pairs, base, chance, after, noise, turns, tally):
    """All matches of some pairs.

    pairs : int64 (P, 2); base : uint64 (P,), where the streams of each pair start
    tally : int64 (P, repetitions, 4) written: how many turns ended CC, CD, DC, DD, as the first of the pair sees them
    """
    size = chance.shape[1] * chance.shape[1] * 5
    limit = np.empty((size, 3))
    target = np.empty((size, 4), np.int64)
    for p in range(pairs.shape[0]):
        certain = chain_of(pairs[p, 0], pairs[p, 1], chance, after, noise, limit, target)
        for repetition in range(tally.shape[1]):
            if certain and repetition > 0:  # every match of such a pair is the first one again
                for outcome in range(4):
                    tally[p, repetition, outcome] = tally[p, 0, outcome]
                continue
            s0, s1, s2, s3 = open_stream(base[p], repetition)
            helped = np.int64(0)
            suckered = np.int64(0)
            tempted = np.int64(0)
            here = np.int64(0)
            for _ in range(turns):
                u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
                a = 1 if u >= limit[here, 0] else 0
                b = 1 if u >= limit[here, 1] else 0
                c = 1 if u >= limit[here, 2] else 0
                helped += 1 - a
                suckered += a - b
                tempted += b - c
                here = target[here, a + b + c]
            tally[p, repetition, 0] = helped
            tally[p, repetition, 1] = suckered
            tally[p, repetition, 2] = tempted
            tally[p, repetition, 3] = turns - helped - suckered - tempted
