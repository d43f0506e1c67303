"""What a player of a team tournament sees when it decides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

#: Where something is not known, not told, or there is no such thing.
NOT_TOLD = -1


class TeamView(NamedTuple):
    """What each of Q deciders sees, as arrays (Q,) of whole numbers unless said otherwise; -1 is not told.

    team     : the own team
    members  : how many are in it
    rank     : of the own team, 1 leads
    totals   : float (Q, T), points of each team; NaN where not told
    score    : float, own points in this tournament
    used     : own rounds in this tournament so far
    length   : rounds of this match so far
    opponent : number of the opponent
    mate     : 1 a team-mate, 0 a rival
    outcomes : int8 (Q, L), rounds of this match, own move first: 1 CC, 2 CD, 3 DC, 4 DD; 0 not played yet
    record   : (Q, 2), how often the opponent was seen to cooperate and to defect in earlier matches of this tournament
    fame     : (Q, 2), the same in earlier tournaments
    board    : (Q, M), number of the last text of each member of the own team to the team; 0 none
    pledge   : first move that one has announced
    heard    : first move that the opponent has announced
    lies     : announcements that one may still break
    payoff   : float, own points in the last round; NaN before
    memo     : number of one's own notes; 0 none
    played   : own rounds over all tournaments
    draft, critique : numbers of the text that is to be criticised or revised, and of what was said of it; 0 none
    """

    team: np.ndarray
    members: np.ndarray
    rank: np.ndarray
    totals: np.ndarray
    score: np.ndarray
    used: np.ndarray
    length: np.ndarray
    opponent: np.ndarray
    mate: np.ndarray
    outcomes: np.ndarray
    record: np.ndarray
    fame: np.ndarray
    board: np.ndarray
    pledge: np.ndarray
    heard: np.ndarray
    lies: np.ndarray
    payoff: np.ndarray
    memo: np.ndarray
    played: np.ndarray
    draft: np.ndarray
    critique: np.ndarray


#: Own move and the opponent's of each outcome code, which counts from 1.
MOVES = ((0, 0), (0, 1), (1, 0), (1, 1))


def played(outcomes: list[int]) -> tuple[tuple[int, int], ...]:
    """The rounds of a match as pairs of moves, own first.

    >>> played([1, 2, 0, 0])
    ((0, 0), (0, 1))
    """
    return tuple(MOVES[outcome - 1] for outcome in outcomes if outcome)
