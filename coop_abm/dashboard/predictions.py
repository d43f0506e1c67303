"""Bets before a run, and what is said to them afterwards.

Nine answers, one for each bet and outcome. Each holds the bet against the run, the run against b/c and its
threshold, and says what one run can show: a history, not a probability.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from coop_abm.dashboard import ticks
from coop_abm.dashboard.frames import Frame, World
from coop_abm.scenario.expectation import Expectation
from coop_abm.scenario.scenario import Scenario

#: What one can bet on, and what can come out.
CHOICES = ("cooperators", "defectors", "neither")
#: Time steps after which the bet is answered, if nothing is fixed by then.
HORIZON = 200
#: From this share on one kind has won, even if a few of the other are left.
NEARLY = 0.95


class Told(NamedTuple):
    """The answer to a bet.

    bet, outcome : of :data:`CHOICES`
    words : two or three sentences
    """

    bet: str
    outcome: str
    words: str

    @property
    def right(self) -> bool:
        """Did it come as it was bet?"""
        return self.bet == self.outcome


class Bets:
    """The bets of one tab.

    Attributes
    ----------
    bet   : the open bet, "" for none
    right, made : bets that came true, and bets that were answered
    """

    def __init__(self) -> None:
        self.bet = ""
        self.right = self.made = 0
        self._told: Told | None = None
        self._of = 0  # number of the world that the bet, or its answer, is about
        self._seen: tuple[Scenario, int] | None = None  # a world whose run is known already
        self._skipped = False

    def asks(self, world: World, now: Frame | None, playing: bool) -> bool:
        """Is it time to ask? Before the first step of a world that has not run yet, until there is an answer."""
        if self._skipped or playing or now is None or now.time > 0:
            return False
        return (world.scenario, world.seed) != self._seen and not (self.bet and self._of == world.number)

    def told(self, world: World) -> Told | None:
        """The answer to the bet on this world; None while it is open, or where there was none."""
        return self._told if self._of == world.number else None

    def take(self, world: World, now: Frame | None, bet: str) -> None:
        """A bet; anything but one of the three skips, for this tab. Once the world has run it is too late."""
        if bet not in CHOICES:
            self._skipped, self.bet = True, ""
        elif now is not None and now.time == 0:
            self.bet, self._of, self._told, self._skipped = bet, world.number, None, False

    def ask_again(self) -> None:
        """The reader wants to be asked."""
        self._skipped, self._seen = False, None

    def see(self, world: World, now: Frame, expected: Expectation | None) -> bool:
        """A frame: does it change what is asked or answered?"""
        if now.time == 0:
            return False
        fresh = (world.scenario, world.seed) != self._seen
        self._seen = (world.scenario, world.seed)
        if not self.bet or self._of != world.number:
            fresh, self.bet = fresh or bool(self.bet), ""  # the world of the bet is gone before it was answered
            return fresh
        outcome = outcome_of(now)
        if not outcome:
            return fresh
        self._told = Told(self.bet, outcome, words(self.bet, outcome, world, now, expected))
        self.bet = ""
        self.made += 1
        self.right += self._told.right
        return True


def begun(now: Frame | None, playing: bool) -> bool:
    """Is the world on its way, so that nobody has to be told to press Play?"""
    return playing or (now is not None and now.time > 0)


def outcome_of(now: Frame) -> str:
    """What came out: one of :data:`CHOICES`, or "" while the run goes on."""
    if not now.fixed and now.time < HORIZON:
        return ""
    if now.cooperators >= NEARLY:
        return "cooperators"
    return "defectors" if now.cooperators <= 1 - NEARLY else "neither"


#: (bet, outcome) -> what is said to it. {end} is how the run ended, {law} what theory has to say of b/c.
WORDS = {
    ("cooperators", "cooperators"): "You were right: {end}. {law} {again}",
    ("cooperators", "defectors"): "Not this time: {end}. {law} {other}",
    ("cooperators", "neither"): "Too early, or too bold: {end}. {law} {open}",
    ("defectors", "defectors"): "You were right: {end}. {law} {again}",
    ("defectors", "cooperators"): "Cooperation surprised you: {end}. {law} {other}",
    ("defectors", "neither"): "Defectors have not won yet: {end}. {law} {open}",
    ("neither", "neither"): "You were right: {end}. {law} {open}",
    ("neither", "cooperators"): "It did not stay mixed: {end}. {law} {drift}",
    ("neither", "defectors"): "It did not stay mixed: {end}. {law} {drift}",
}


def words(bet: str, outcome: str, world: World, now: Frame, expected: Expectation | None) -> str:
    """The answer to a bet, in two or three sentences."""
    favoured = ticks.word(world.scenario, expected)
    said = {
        "end": _end(world, now, outcome), "law": law(world.scenario, expected),
        "again": _again(outcome, favoured), "other": _other(outcome, favoured),
        "open": "One run shows one history: let it run on, or try other seeds.",
        "drift": "Without mutation a run ends in one colour sooner or later; the question is which, and how often.",
    }  # fmt: skip
    return WORDS[bet, outcome].format(**said)


def _end(world: World, now: Frame, outcome: str) -> str:
    unit = "round" if world.scenario.clock == "round" else "generation"
    share = f"{100 * now.cooperators:.0f} %"
    if now.fixed:
        who = {"cooperators": "cooperators took over", "defectors": "defectors took over"}
        left = who.get(outcome, f"only {now.fixed.replace('_', ' ')} is left")
        return f"{left} at {unit} {now.time:,}"
    return f"{share} cooperate at {unit} {now.time:,}"


def law(scenario: Scenario, expected: Expectation | None) -> str:
    """b/c against its threshold, in a sentence."""
    if expected is None or expected.kind == "silent":
        return "Theory is silent about this world, so there is no threshold to hold it against."
    ratio = ticks.ratio(scenario)
    if expected.kind != "threshold" or not math.isfinite(expected.value):
        return f"b/c = {ratio:.3g}, and theory says that no benefit is large enough here."
    side = "above" if ratio > expected.value else "below"
    favours = "favours cooperation" if ratio > expected.value else "does not favour cooperation"
    return f"b/c = {ratio:.3g} is {side} the threshold {expected.value:.3g}: theory {favours}."


def _again(outcome: str, favoured: str) -> str:
    agrees = favoured == ("YES" if outcome == "cooperators" else "NO")
    if favoured in ("YES", "NO") and not agrees:
        return "So this history went against the odds: theory speaks of very many runs. Try other seeds."
    return "One run is one history; another seed may end the other way, only less often."


def _other(outcome: str, favoured: str) -> str:
    if favoured == ("YES" if outcome == "cooperators" else "NO"):
        return "The run went the way of the odds, though a single run need not."
    if favoured in ("YES", "NO"):
        return "The odds were with your bet; a single run can go against them. Try other seeds."
    return "One run is one history: try other seeds."
