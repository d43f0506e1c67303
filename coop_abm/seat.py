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

from coop_abm import lab
from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.engine.history import RoundWorld
from coop_abm.policies.means import Means
from coop_abm.policies.one import OneView
from coop_abm.policies.report import report
from coop_abm.policies.roster import Roster
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Human
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.seat_words import PlayedGame, Told
from coop_abm.sitting import Sitting

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
        game = Sitting(world.play, world.policy)
        seat.told = told = Told(declared, world.play.answers, game.seats, rounds)
        for line in told.opening():
            say(line)
        left = ""
        try:
            for _ in range(rounds):
                past = game.round()
                for line in told.after(past.number, past.turns, past.points, past.acts):
                    say(line)
        except Leaving:
            left = "quit"
        except KeyboardInterrupt:
            left = "interrupted"
        played = game.summed_up(seed, left, report(world.policy))
        for line in told.ending(played):
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
