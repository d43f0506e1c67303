"""A human's seat in any world on the round clock: who sits where, what it is asked, what came of it.

``coop-abm play`` is :func:`play` at a terminal. It is a function of two others, one that reads a line and one
that says one, so a pipe, a test and a page can hold the same game.
"""

from __future__ import annotations

import dataclasses
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np

from coop_abm import lab
from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.core.question import Decision, Question
from coop_abm.engine.history import RoundWorld
from coop_abm.policies.means import Means
from coop_abm.policies.one import OneView
from coop_abm.policies.report import report
from coop_abm.policies.roster import Roster
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Human
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.seat_words import PlayedGame, Told, Turn

Reader = Callable[[str], str]
Sayer = Callable[[str], None]

_COOPERATE, _DEFECT = ("c", "cooperate"), ("d", "defect")
_LEAVE, _HELP = ("q", "quit"), ("?", "help")


class Leaving(Exception):
    """The human has had enough."""


def seated(scenario: Scenario, node: int | None = None) -> Scenario:
    """The same world with a human on a node; everybody else keeps its share.

    Where the scenario seats humans itself and no other node is given, it stays as it is. Whoever was declared
    for the node makes way, and leaves its strategy to be copied; otherwise it is that of the first entry.

    Raises
    ------
    ScenarioError, InputError
        on the event clock, on which nobody is asked; if there is no such node
    """
    if scenario.clock != "round":
        raise ScenarioError(
            f"clock: must be round, on which individuals decide; got {scenario.clock} (say --clock round)"
        )
    if node is None and any(entry.policy.seated for entry in scenario.players):
        return scenario
    node = 0 if node is None else node
    lab.check_whole("node", node, 0, scenario.size - 1)
    players, strategy = [], scenario.players[0].strategy
    for entry in scenario.players:
        if node in entry.nodes and entry.policy.seated:
            return scenario
        if node in entry.nodes:
            strategy = entry.strategy
            entry = entry.model_copy(update={"nodes": tuple(n for n in entry.nodes if n != node)})
            if not entry.nodes:  # an entry without nodes would be a share of the rest
                continue
        players.append(entry)
    players.append(Players(nodes=(node,), strategy=strategy, policy=Human()))
    return replace(scenario, {"players": tuple(entry.model_dump() for entry in players)})


def play(
    scenario: Scenario | str | Path,
    *,
    read: Reader,
    say: Sayer,
    node: int | None = None,
    rounds: int = 10,
    seed: int = 0,
    means: Means | None = None,
) -> PlayedGame:
    """Let a human play: ask before each decision, tell after each round, sum up at the end.

    Parameters
    ----------
    read : shows a prompt and returns a line; EOFError leaves the game, KeyboardInterrupt interrupts it
    say  : shows a line of plain, printable text
    node : where the human sits; None: where the scenario says, else node 0
    means : how language models and others who play beside the human are reached

    Raises
    ------
    InputError
        if the world asks nobody, or something given is not permitted
    PolicyError, ModelError
        if somebody else who decides cannot be asked
    """
    lab.check_whole("rounds", rounds, 1, 1_000_000)
    lab.check_seed(seed)
    declared = seated(lab.world(scenario), node)
    seat = _Seat(read, say)
    world = lab.start(declared, seed, means=dataclasses.replace(means or Means(), human=seat.ask))
    assert isinstance(world, RoundWorld) and isinstance(world.policy, Roster)
    try:
        game = _Game(world, world.policy, rounds)
        seat.told = game.told
        for line in game.told.opening():
            say(line)
        left = ""
        try:
            for _ in range(rounds):
                for line in game.round():
                    say(line)
        except Leaving:
            left = "quit"
        except KeyboardInterrupt:
            left = "interrupted"
        played = game.summed_up(seed, left)
        for line in game.told.ending(played):
            say(line)
        return played
    finally:
        world.close()


class _Seat:
    """Asks the human until it has an answer."""

    def __init__(self, read: Reader, say: Sayer):
        self.read, self.say = read, say
        self.told: Told

    def ask(self, view: OneView) -> str:
        """The name of an action, or a text.

        Raises
        ------
        Leaving
            if the human leaves
        """
        for line in self.told.before(view):
            self.say(line)
        prompt = self.told.prompt(view)
        while True:
            try:
                said = self.read(prompt).strip()
            except EOFError:
                raise Leaving from None
            word = said.casefold()
            if word in _LEAVE:
                raise Leaving
            if word in _HELP:
                for line in self.told.help():
                    self.say(line)
            elif view.options:
                if word in _COOPERATE + _DEFECT:
                    return view.options[word in _DEFECT]
                self.say(f"type c to cooperate, d to defect, ? for help, q to leave; got {quoted(said)}")
            elif len(said) > view.limit:
                self.say(f"at most {view.limit:,} characters; got {len(said):,}")
            elif any(unicodedata.category(letter) in ("Cc", "Cs") for letter in said):
                self.say(f"a text must have no control characters; got {quoted(said)}")
            else:
                return said


class _Game:
    """The world as it goes on, and the human's account."""

    def __init__(self, world: RoundWorld, policy: Roster, rounds: int):
        self.play, self.policy = world.play, policy
        self.scenario = self.play.scenario
        self.seats = tuple(
            sorted(node for entry in self.scenario.players if entry.policy.seated for node in entry.nodes)
        )
        self.told = Told(self.scenario, self.play.answers, self.seats, rounds)
        self.others = np.ones(self.scenario.size, bool)
        self.others[list(self.seats)] = False
        self.turns: list[Turn] = []
        self.points: list[float] = []
        self.others_points: list[float] = []
        self.acts = np.zeros(2, np.int64)  # of everybody: cooperative, all
        self.rounds = 0
        self.start = self._shares()

    def round(self) -> list[str]:
        """One round; what to say of it."""
        play, state, number = self.play, self.play.state, self.play.round
        alive = state.alive[0] == 1
        turns: list[Turn] = []
        while play.round == number:
            question = play.ask()
            answer, met = self.policy.decide(question), play.met
            play.tell(answer)
            if question.stage == "act":
                intended = answer.action if isinstance(answer, Decision) else answer
                turns += self._seen(question, intended, met.last[0])
        mine = {node: float(state.payoff[0, node]) for node in self.seats if alive[node]}
        self.points += mine.values()
        if (alive & self.others).any():
            self.others_points.append(float(state.payoff[0, alive & self.others].mean()))
        self.turns += turns
        self.acts += play.acts[0]
        self.rounds += 1
        return self.told.after(number, turns, mine, play.acts[0])

    def _seen(self, question: Question, intended: np.ndarray, last: np.ndarray) -> list[Turn]:
        """The turns of the human; last is int8 (E, 2), what happened as each side sees it."""
        turns = []
        for q in np.flatnonzero(np.isin(question.individual, self.seats)).tolist():
            encounter, side = divmod(int(question.row[q]), 2)
            own, other = divmod(int(last[encounter, side]) - 1, 2)
            turns.append(
                Turn(
                    question.round, question.turn, int(question.individual[q]), int(question.partner[q]),
                    int(question.row[q]), int(intended[q]), own, other,
                )
            )  # fmt: skip
        return turns

    def _shares(self) -> list[float]:
        """Share of each strategy among the others."""
        state = self.play.state
        held = state.strategy[0][(state.alive[0] == 1) & self.others]
        return [float((held == s).mean()) if len(held) else 0.0 for s in range(len(self.play.repertoire.names))]

    def summed_up(self, seed: int, left: str) -> PlayedGame:
        """The account of the rounds that were played to their end."""
        helped = sum(turn.own == 0 for turn in self.turns)
        cooperative, all_acts = self.acts.tolist()
        shares = zip(self.play.repertoire.names, self.start, self._shares(), strict=True)
        return PlayedGame(
            self.scenario, seed, self.rounds, left, self.seats, tuple(self.turns), _mean(self.points),
            _mean(self.others_points), _share(helped, len(self.turns)),
            _share(cooperative - helped, all_acts - len(self.turns)),
            {name: (before, now) for name, before, now in shares}, report(self.policy),
        )  # fmt: skip


def _mean(numbers: list[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def at_terminal() -> tuple[Reader, Sayer]:
    """Reads and says at the terminal; cooperation is blue, defection orange, nothing else is coloured."""
    from rich.console import Console
    from rich.text import Text

    from coop_abm.figures import COOPERATE, DEFECT

    console = Console(highlight=False)
    if hasattr(sys.stdin, "reconfigure"):  # what is no UTF-8 is asked again, as text
        sys.stdin.reconfigure(errors="replace")

    def say(line: str) -> None:
        text = Text(line)
        text.highlight_regex(r"\b(?:[Cc]ooperat\w*|C)\b", COOPERATE)
        text.highlight_regex(r"\b(?:[Dd]efect\w*|D)\b", DEFECT)
        console.print(text, soft_wrap=True)

    return input, say
