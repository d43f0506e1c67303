"""Strategies for matches that can be left, against opponents who may be of the own team.

An automaton of the library plays here as it does anywhere; the standing that some of them look at is made from the
acts of the opponent that a world shows, see :func:`standing`. The strategies of this file look at more: whether the
opponent is a team-mate, what it announced or wrote, how many lies are left, and whether to stay. Each is told a
:class:`Moment` and nothing else, so the same function plays from the view of a world and from the words of a prompt.

To add one, write a kind of :class:`TeamStrategy` here: it is in the union below at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from coop_abm.core.part import Part, kind_of, kinds_in, knob, one_of
from coop_abm.strategies import KINDS as AUTOMATA
from coop_abm.strategies.library import AllC, AllD, Grim, TitForTat, WinStayLoseShift
from coop_abm.strategies.table import BAD, GOOD, START, UNKNOWN, Automaton, Strategy

COOPERATE, DEFECT = 0, 1
#: What a handshake writes.
PASSWORD = "aye"
Payoffs = tuple[tuple[float, float], tuple[float, float]]


class Moment(NamedTuple):
    """What a strategy knows when it chooses.

    payoffs : ((CC, CD), (DC, DD)), of one round, own action first
    history : rounds of this match so far, (own action, opponent's), oldest first
    mate    : is the opponent of the own team? None where that is not known
    mates   : share of team-mates among those whom one meets unknown; 0 where nobody is told of teams
    heard   : the first move that the opponent has announced; None where nothing is announced
    record  : how often the opponent cooperated and defected in earlier matches of this tournament, as far as that is
              shown; None where it is not
    fame    : the same in earlier tournaments
    pledge  : the first move that one has announced oneself; None where nothing is announced
    lies    : announcements that one may still break; None: all
    said    : what the opponent, a team-mate, wrote to the team last; None where nobody is known to have written
    """

    payoffs: Payoffs
    history: tuple[tuple[int, int], ...] = ()
    mate: bool | None = None
    mates: float = 0.0
    heard: int | None = None
    record: tuple[int, int] | None = None
    fame: tuple[int, int] | None = None
    pledge: int | None = None
    lies: int | None = None
    said: str | None = None


class TeamStrategy(Part):
    """A strategy that looks at teams, or leaves."""

    def chance(self, moment: Moment) -> float:
        """Probability to cooperate in this round."""
        raise NotImplementedError

    def stays(self, moment: Moment) -> bool:
        """Does it want another round of this match? Decided together with the move, before its outcome is known."""
        return True

    def announces(self, moment: Moment) -> int:
        """The first move that it announces: the more probable one, to cooperate at a tie."""
        return COOPERATE if self.chance(moment) >= 0.5 else DEFECT

    def writes(self, moment: Moment) -> str | None:
        """What it writes to its team before a match; None: nothing of its own."""
        return None


class Coin(TeamStrategy):
    """Cooperates with the same probability in every round.

    Names: RAND(p), Random [Axelrod1984].
    """

    title = "biased coin"
    references = ("Axelrod1984",)
    kind: Literal["coin"] = "coin"
    p: float = knob(0.5, "cooperates", low=0, high=1, step=0.05, help="probability to cooperate in a round")

    def chance(self, moment: Moment) -> float:
        return self.p


_PLAYS: dict[str, Strategy] = {
    "allc": AllC(), "alld": AllD(), "tft": TitForTat(), "grim": Grim(), "wsls": WinStayLoseShift()
}  # fmt: skip


class Leaver(TeamStrategy):
    """Plays another strategy, and leaves every match after so many rounds."""

    title = "leaver"
    references = ("ToniniGalke2025",)
    kind: Literal["leaver"] = "leaver"
    plays: Literal["allc", "alld", "tft", "grim", "wsls"] = knob("tft", "plays", help="what it does while it stays")
    after: int = knob(1, "rounds", low=1, high=10_000, step=1, help="of a match that it plays")

    def chance(self, moment: Moment) -> float:
        return chance(_PLAYS[self.plays], moment)

    def stays(self, moment: Moment) -> bool:
        return len(moment.history) + 1 < self.after


class WalkAway(TeamStrategy):
    """Plays another strategy, and leaves in the round after its opponent has defected.

    The exit is chosen with a move, so one round lies between the deed and the leaving.

    Names: Walk Away [Aktipis2004].
    """

    title = "walk away"
    references = ("Aktipis2004",)
    kind: Literal["walk_away"] = "walk_away"
    plays: Literal["allc", "alld", "tft", "grim", "wsls"] = knob("tft", "plays", help="what it does while it stays")

    def chance(self, moment: Moment) -> float:
        return chance(_PLAYS[self.plays], moment)

    def stays(self, moment: Moment) -> bool:
        return not moment.history or moment.history[-1][1] == COOPERATE


class Deceiver(TeamStrategy):
    """Announces that it will cooperate, and defects.

    Names: ours, in the sense of a deception as an announcement that the deed belies [Crawford2003].
    """

    title = "deceiver"
    references = ("Crawford2003",)
    kind: Literal["deceiver"] = "deceiver"

    def chance(self, moment: Moment) -> float:
        return 0.0

    def announces(self, moment: Moment) -> int:
        return COOPERATE


class Liar(TeamStrategy):
    """Announces that it will cooperate, and breaks its word as long as it may; with no lie left it keeps it.

    After the first move, and where nothing is announced, it plays another strategy. A deceiver is held to its word
    when its lies are used up; this one counts them, and never is.

    Names: ours, after the boundedly rational liars of [Crawford2003].
    """

    title = "liar on a budget"
    references = ("Crawford2003",)
    kind: Literal["liar"] = "liar"
    plays: Literal["allc", "alld", "tft", "grim", "wsls"] = knob("tft", "plays", help="after its first move")

    def chance(self, moment: Moment) -> float:
        if moment.history or moment.pledge is None:
            return chance(_PLAYS[self.plays], moment)
        return float(moment.lies == 0)

    def announces(self, moment: Moment) -> int:
        return COOPERATE


class Truster(TeamStrategy):
    """Answers the announced first move with the same move, then plays tit-for-tat; without one it cooperates first.

    Names: ours; a credulous receiver of cheap talk [Crawford2003].
    """

    title = "truster"
    references = ("Crawford2003",)
    kind: Literal["truster"] = "truster"

    def chance(self, moment: Moment) -> float:
        if not moment.history and moment.heard is not None:
            return float(moment.heard == COOPERATE)
        return chance(_PLAYS["tft"], moment)


class Handshake(TeamStrategy):
    """Writes a word to its team before each match, and cooperates with those alone who have written it.

    So it needs a team chat, and to know whom it faces; else it defects. The word is the same in all languages.

    Names: ours, after the secret handshake [Robson1990].
    """

    title = "secret handshake"
    references = ("Robson1990",)
    kind: Literal["handshake"] = "handshake"

    def chance(self, moment: Moment) -> float:
        return float(moment.said == PASSWORD)

    def writes(self, moment: Moment) -> str:
        return PASSWORD


class Teammate(TeamStrategy):
    """Cares for its team: it maximises weight x (payoff of the team) + (1 - weight) x (own payoff), round by round.

    Against a team-mate that is own payoff + weight x the mate's payoff, against a rival it is the own payoff. Where
    one action is then better whatever the opponent does, it is chosen. Else the opponent is expected to cooperate as
    often as in this match so far, (1 + acts of cooperation)/(2 + rounds), and the better reply is given; at a tie it
    cooperates. Of an unknown opponent it expects a mate's payoff to count as often as it meets mates.

    With `rivals` tit_for_tat it reciprocates in place of a best reply once it knows that the opponent is none of its
    team.
    """

    title = "team-mate"
    references = ("ToniniGalke2025",)
    kind: Literal["teammate"] = "teammate"
    weight: float = knob(0.9, "weight of the team", low=0, high=1, step=0.05, help="0 cares for itself alone")
    rivals: Literal["best_reply", "tit_for_tat"] = knob("best_reply", "toward rivals", help="how it meets rivals")

    def chance(self, moment: Moment) -> float:
        if moment.mate is False and self.rivals == "tit_for_tat":
            return chance(_PLAYS["tft"], moment)
        share = moment.mates if moment.mate is None else float(moment.mate)
        felt = [[moment.payoffs[own][other] + self.weight * share * moment.payoffs[other][own] for other in (0, 1)]
                for own in (0, 1)]  # fmt: skip
        seen = [other for _, other in moment.history]
        hope = (1 + seen.count(COOPERATE)) / (2 + len(seen))
        gains = [felt[COOPERATE][other] - felt[DEFECT][other] for other in (0, 1)]
        if min(gains) > 0 or max(gains) < 0:
            return float(min(gains) > 0)
        return float(hope * gains[0] + (1 - hope) * gains[1] >= 0)


KINDS = (*AUTOMATA, *kinds_in(globals(), TeamStrategy))
AnyTeamStrategy = one_of(*KINDS)


class _Row(NamedTuple):
    """An automaton as nested lists, which are quicker to look into than arrays."""

    cooperate: list
    next_state: list


@lru_cache(maxsize=1024)
def _row(strategy: Strategy, payoffs: Payoffs) -> _Row:
    automaton: Automaton = strategy.automaton(np.array(payoffs, float))
    return _Row(automaton.cooperate.tolist(), automaton.next_state.tolist())


def standing(moment: Moment) -> int:
    """What is known of the opponent: GOOD where it cooperated in at least half of all acts that are shown, else BAD.

    Acts of this tournament and of earlier ones count alike, and those of this match not: an automaton sees them anyway.
    UNKNOWN where no act is shown, so with match history and reputation off it always is.
    """
    shown = [acts for acts in (moment.record, moment.fame) if acts is not None]
    helped, refused = (sum(acts[act] for acts in shown) for act in (COOPERATE, DEFECT))
    if not helped + refused:
        return UNKNOWN
    return GOOD if helped >= refused else BAD


def chance(strategy: Part, moment: Moment) -> float:
    """Probability with which a strategy of either sort cooperates."""
    if isinstance(strategy, TeamStrategy):
        return strategy.chance(moment)
    assert isinstance(strategy, Strategy)
    row, state, last = _row(strategy, moment.payoffs), 0, START
    for own, other in moment.history:
        state = row.next_state[state][2 * own + other]
        last = 1 + 2 * own + other
    # Nobody is told its own standing, so it is good in its own eyes; and a team is no kin.
    return float(row.cooperate[state][last][standing(moment)][0][GOOD])


def stays(strategy: Part, moment: Moment) -> bool:
    """Does a strategy of either sort want another round? Automata never leave."""
    return strategy.stays(moment) if isinstance(strategy, TeamStrategy) else True


def announces(strategy: Part, moment: Moment) -> int:
    """The first move that a strategy of either sort announces."""
    if isinstance(strategy, TeamStrategy):
        return strategy.announces(moment)
    return COOPERATE if chance(strategy, moment) >= 0.5 else DEFECT


def writes(strategy: Part, moment: Moment) -> str | None:
    """What a strategy of either sort writes to its team before a match; None: nothing of its own."""
    return strategy.writes(moment) if isinstance(strategy, TeamStrategy) else None


def spelled(strategy: Part) -> str:
    """A strategy in a word, with the knobs that are not as they come: ``leaver?plays=tft&after=3``.

    >>> spelled(Leaver(after=3)), spelled(TitForTat())
    ('leaver?after=3', 'tft')
    """
    kind = type(strategy)
    own = {name: getattr(strategy, name) for name in kind.model_fields if name != "kind"}
    told = "&".join(f"{name}={value!s}" for name, value in own.items() if value != kind.model_fields[name].default)
    return kind_of(kind) + (f"?{told}" if told else "")
