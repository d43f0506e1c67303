"""What a human at a seat is told, in plain words: before each decision, after each round, at the end.

Only what a table or a language model could see as well is told before a decision. What others wrote is
quoted: printable, cut into lines, each behind a bar, so that it cannot pass for words of the game.
"""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, NamedTuple

from coop_abm.core.errors import quoted
from coop_abm.mechanisms.base import Answers
from coop_abm.policies.one import OneView
from coop_abm.policies.report import MindsReport
from coop_abm.scenario.minds import spelled_out
from coop_abm.scenario.scenario import Scenario

if TYPE_CHECKING:
    import numpy as np

#: Most characters of somebody else's text that are shown; plans and messages are shorter.
LONGEST = 6_000
#: Most neighbours that are named.
MOST_NAMED = 12
#: What a human is asked for beside actions.
_ASKED = {"talk": "your message", "plan": "your plan", "critique": "your critique", "revise": "your revised plan"}


class Turn(NamedTuple):
    """One turn that the human played; actions are 0 to cooperate and 1 to defect.

    individual, partner : who met whom; the same twice is a meeting with a copy of oneself
    row      : place in the turn; the same in every turn of one encounter
    intended : what the human chose
    own, other : what was done, by the human and by its partner
    """

    round: int
    turn: int
    individual: int
    partner: int
    row: int
    intended: int
    own: int
    other: int


class PlayedGame(NamedTuple):
    """What came of a game.

    scenario : the world, the human in it
    seed, rounds : from which root seed, and how many rounds were played to their end
    left     : how it ended early: ``quit`` or ``interrupted``; empty where all rounds were played
    seats    : nodes on which the human sat
    turns    : what it did and met in those rounds
    points, others_points : mean felt payoff of a round, of the human and of all others; None before the first
    cooperation, others_cooperation : share of cooperation among their actions; None where there was none
    shares   : share of each strategy among the others, at the start and at the end
    minds    : what language models were asked, and what it cost
    """

    scenario: Scenario
    seed: int
    rounds: int
    left: str
    seats: tuple[int, ...]
    turns: tuple[Turn, ...]
    points: float | None
    others_points: float | None
    cooperation: float | None
    others_cooperation: float | None
    shares: dict[str, tuple[float, float]]
    minds: MindsReport

    @property
    def code(self) -> int:
        """The exit code of a program that played it: 130 after an interrupt, else 0."""
        return 130 if self.left == "interrupted" else 0


class Told:
    """The words of one game.

    Parameters
    ----------
    seats  : nodes on which the human sits
    rounds : how many there will be
    """

    def __init__(self, scenario: Scenario, answers: Answers, seats: tuple[int, ...], rounds: int):
        self.world, self.answers, self.seats, self.rounds = scenario, answers, seats, rounds

    # ------------------------------------------------------------------ at the start, and when asked for help

    def opening(self) -> list[str]:
        """Where the human is, and how to answer."""
        world = self.world
        name = f" in {quoted(world.name, 80)}" if world.name else ""
        entry = next(e for e in world.players if e.policy.seated)
        return [
            f"You are {_listed('individual', self.seats)} of {world.size:,}{name}, for {self.rounds:,} "
            f"round{'s' if self.rounds > 1 else ''}.",
            *([quoted(world.description, 300)[1:-1]] if world.description else []),
            self._payoffs(),
            f"You keep your place; whoever copies you takes up the strategy {entry.strategy.kind}.",
            "Type c to cooperate, d to defect, ? for help, q to leave.",
        ]

    def help(self) -> list[str]:
        """How to answer, and the rules of this world."""
        return [
            "c or cooperate, d or defect; ? or help shows this, q or quit leaves with a summary.",
            *(["A message is any other line; an empty line says nothing."] if self.world.talk != "never" else []),
            self._payoffs(),
            *self._rules(),
        ]

    def _payoffs(self) -> str:
        (reward, sucker), (temptation, punishment) = self.world.game.payoffs().tolist()
        return (
            f"Points of a turn: both cooperate {reward:g}; you cooperate, it defects {sucker:g}; "
            f"you defect, it cooperates {temptation:g}; both defect {punishment:g}."
        )

    def _rules(self) -> list[str]:
        """The rules that are on, one sentence each."""
        world, answers = self.world, self.answers
        everybody = world.partners == "all"
        told = [
            "Each round everybody meets all its neighbours; your points are "
            f"{'the mean over' if world.payoff == 'averaged' else 'the sum of'} those encounters."
            if everybody
            else "Each round everybody seeks one partner; your points are those of the encounter that you sought."
        ]
        if world.direct.enabled:
            told.append(f"After each turn you meet again with probability {world.direct.continuation:g}.")
        if world.indirect.enabled:
            judged = world.indirect.assessment
            told.append(
                f"You know the standing of your partner with probability {world.indirect.visibility:g}; standing is "
                + ("what somebody's strategy is." if judged.innate else f"judged by deeds ({judged.kind}).")
            )
        if world.network.enabled:
            told.append(f"You meet your neighbours on the network alone ({world.network.graph.kind}).")
            if world.network.two_graphs:
                told.append(
                    f"Strategies spread among neighbours on another network ({world.network.replacement.kind})."
                )
        if world.kin.enabled and world.kin.channel == "descent":
            told.append(f"You live, and meet, in a family of {answers.family}.")
        elif world.kin.enabled and world.kin.channel == "meeting":
            told.append(f"With probability {world.kin.relatedness:g} you meet a copy of yourself.")
        elif world.kin.enabled:
            told.append(f"A share {world.kin.relatedness:g} of your partner's points counts as yours.")
        if answers.groups > 1:
            told.append(f"There are {answers.groups} groups of up to {answers.group_size}; you meet inside your own.")
        if world.execution_error:
            which = "cooperation or defection" if world.slips == "both" else "cooperation"
            told.append(f"Intended {which} fails with probability {world.execution_error:g}.")
        told.append(f"After each round strategies spread by what they earned ({world.update.kind}).")
        return told

    # ------------------------------------------------------------------ before a decision

    def before(self, view: OneView) -> list[str]:
        """What is seen before a decision."""
        world = self.world
        who = f"You are individual {view.individual}. " if len(self.seats) > 1 else ""
        told = [
            "",
            f"{who}Round {view.round + 1:,} of {self.rounds:,}, turn {view.turn + 1:,}, with {_partner(view)}.",
        ]
        told += [f"  {fact}" for fact in self.facts(view)]
        if view.memo:
            told += ["  Your notes:", *_behind_a_bar(view.memo)]
        if view.draft:
            told += ["  The draft:", *_behind_a_bar(view.draft)]
        if view.critique:
            told += ["  What was said of it:", *_behind_a_bar(view.critique)]
        if view.said:
            told += ["  It said:", *_behind_a_bar(view.said)]
        elif world.talk != "never" and view.stage == "act":
            told.append("  It said nothing.")
        told.append(f"  {self._payoffs()}")
        return told

    def facts(self, view: OneView) -> list[str]:
        """What the rules of this world let somebody know before a decision, one sentence each."""
        world, told = self.world, []
        if view.history:
            own, other = zip(*view.history, strict=True)
            told.append(f"So far with it: you {_letters(own)}, it {_letters(other)}.")
        elif world.direct.enabled:
            told.append("You have no history with it in this round.")
        if world.indirect.enabled:
            known = "You do not know its standing" if view.standing == "unknown" else f"Its standing is {view.standing}"
            told.append(f"{known}; your own is {view.own}.")
        if view.kin:
            told.append("It is of your family.")
        if self.answers.groups > 1:
            told.append(f"You live in group {view.group}, which has {view.members} members.")
        if world.network.enabled:
            told.append(self._neighbours(view.individual))
        got = "You have no points yet." if view.payoff is None else f"Last round you got {view.payoff:.4g} points."
        return [*told, got]

    def prompt(self, view: OneView) -> str:
        """What stands before the cursor."""
        if view.options:
            return "cooperate or defect? "
        to = f" to {_partner(view)}" if view.stage == "talk" else ""
        return f"{_ASKED[view.stage]}{to} (at most {view.limit:,} characters): "

    def _neighbours(self, who: int) -> str:
        indptr, indices, _weight = self.answers.rows
        if len(indptr) == 0:
            return f"Your neighbours are all {self.world.size - 1:,} others."
        around = sorted(indices[indptr[who] : indptr[who + 1]].tolist())
        if not around:
            return "You have no neighbours."
        shown = ", ".join(str(node) for node in around[:MOST_NAMED]) + (", ..." if len(around) > MOST_NAMED else "")
        return f"Your {len(around):,} neighbour{'s' if len(around) > 1 else ''}: {shown}."

    # ------------------------------------------------------------------ after a round, and at the end

    def after(self, number: int, turns: list[Turn], points: dict[int, float], acts: np.ndarray) -> list[str]:
        """What happened in a round.

        Parameters
        ----------
        turns  : of the human
        points : felt payoff of each of its seats that somebody lives on
        acts   : int (2,), actions of everybody: cooperative, all
        """
        told = ["", f"Round {number + 1:,} is over."]
        met: dict[int, list[Turn]] = {}
        for turn in turns:
            met.setdefault(turn.row, []).append(turn)
        for listed in met.values():
            first = listed[0]
            partner = "a copy of yourself" if first.partner == first.individual else f"individual {first.partner}"
            who = f"individual {first.individual} " if len(self.seats) > 1 else ""
            own, other = ("".join("CD"[getattr(turn, side)] + " " for turn in listed).strip() for side in
                          ("own", "other"))  # fmt: skip
            told.append(f"  With {partner}: {who or 'you '}{own}, it {other}.")
            failed = [str(turn.turn + 1) for turn in listed if turn.intended != turn.own]
            if failed:
                told.append(f"  What you intended failed in turn {', '.join(failed)}.")
        if not turns:
            told.append("  You met nobody." if points else "  Nobody lived on your place.")
        if len(points) == 1 and len(self.seats) == 1:
            told.append(f"  You got {next(iter(points.values())):.4g} points.")
        else:
            told += [f"  Individual {node} got {amount:.4g} points." for node, amount in points.items()]
        if acts[1]:
            told.append(f"  {acts[0] / acts[1]:.0%} of all actions were to cooperate.")
        return told

    def ending(self, game: PlayedGame) -> list[str]:
        """You against the mean of the others, and what became of the strategies."""
        how = {"quit": "You left. ", "interrupted": "Interrupted. "}.get(game.left, "")
        told = ["", f"{how}{game.rounds:,} of {self.rounds:,} rounds were played."]
        if game.rounds:
            lines = [
                ("points a round", game.points, game.others_points),
                ("share of cooperation", game.cooperation, game.others_cooperation),
            ]
            told += ["", f"{'':<24}{'you':>10}{'others':>10}"]
            told += [f"{words:<24}{_figure(you):>10}{_figure(others):>10}" for words, you, others in lines]
        names = {strategy: quoted(spelled_out(strategy), 100)[1:-1] for strategy in game.shares}
        width = max(24, *(len(name) + 2 for name in names.values()))
        told += ["", f"{'strategy of the others':<{width}}{'start':>10}{'end':>10}"]
        told += [f"{names[s]:<{width}}{before:>10.3f}{now:>10.3f}" for s, (before, now) in game.shares.items()]
        if game.minds.by_model:
            told += ["", game.minds.in_short, game.minds.cost]
        return told


def labels(scenario: Scenario) -> tuple[tuple[str, str], tuple[str, str]]:
    """(title, what it does) of the two actions, in the payoffs of this game.

    Where an act has the same price and the same effect whatever the other does, it is told as a gift.

    >>> labels(Scenario())[0]
    ('Help', 'costs you 1, gives it 3')
    """
    (reward, sucker), (temptation, punishment) = scenario.game.payoffs().tolist()
    cost, benefit = punishment - sucker, temptation - punishment
    if punishment == 0 and reward == temptation + sucker and cost > 0 and benefit > 0:
        return ("Help", f"costs you {cost:g}, gives it {benefit:g}"), ("Keep", "costs nothing, gives nothing")
    return (
        ("Cooperate", f"{reward:g} points if it cooperates, {sucker:g} if it defects"),
        ("Defect", f"{temptation:g} points if it cooperates, {punishment:g} if it defects"),
    )


def _partner(view: OneView) -> str:
    return "a copy of yourself" if view.partner == view.individual else f"individual {view.partner}"


def _letters(actions: tuple[str, ...]) -> str:
    return " ".join(action[0].upper() for action in actions)


def _listed(noun: str, numbers: tuple[int, ...]) -> str:
    return f"{noun}{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _figure(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"


def _behind_a_bar(text: str) -> list[str]:
    """Somebody else's text as lines that nobody can take for ours, however the terminal is sized."""
    from rich.cells import cell_len

    shown = quoted(text, LONGEST)[1:-1]
    width = max(20, min(shutil.get_terminal_size().columns, 100) - 6)
    if cell_len(shown) > len(shown):  # letters two columns wide
        width //= 2
    return [f"    | {line}" for line in textwrap.wrap(shown, width)]
