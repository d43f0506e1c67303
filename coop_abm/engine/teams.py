"""Teams in an iterated prisoner's dilemma that can be left: who meets whom, for how long, and what for.

Everybody is a member of a team of equal size. Pairs play matches one after the other, in the order of an agenda.
In each round of a match both choose a move and, with it, whether to stay; the match is over once somebody wants to
leave, is out of rounds for the whole tournament, or the match has had all of its rounds. Two rules of the world can
be on or off, which gives the four conditions:

===========  =============================  =====================================  ====================
condition    who meets whom                 how long                               what for
===========  =============================  =====================================  ====================
``none``     everybody meets everybody      one round (ours; not in the paper)     own points
``ri``       everybody meets everybody      up to `rounds`                         own points
``gc``       members of different teams     up to `rounds`                         points of the team
``sa``       everybody meets everybody      up to `rounds`                         both
===========  =============================  =====================================  ====================

The published conditions differ in two things at once: in ``gc`` nobody meets a team-mate, in ``sa`` one does. The
knobs `pairs`, `goal` and `one_shot` take each thing by itself.

Where a default is ours and not the paper's, the help of the knob says so. What runs is in ``team_tournament.py``.

References
----------
ToniniGalke2025
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import BeforeValidator, model_validator

from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.core.part import Part, knob
from coop_abm.games import AnyGame, PrisonersDilemma
from coop_abm.scenario.minds import AnyMind, Mind, Table, Team
from coop_abm.strategies.library import TitForTat
from coop_abm.strategies.team import AnyTeamStrategy, spelled

if TYPE_CHECKING:
    from coop_abm.core.question import Policy
    from coop_abm.engine.team_tournament import Tournament

#: Matches of one run, and individuals, at most.
MOST_MATCHES, MOST_PLAYERS = 20_000, 200
#: Numbers that set the streams of this world apart; never renumber.
TEAMS, SCHEDULE, MOVES, SLIPS, WORDS, PLEDGES = 120, 0, 1, 2, 3, 4
#: Most characters of a message to the own team.
MESSAGE = 400


class Pairing(NamedTuple):
    """One match of the agenda: which tournament, its place in it, and the two who meet."""

    tournament: int
    place: int
    first: int
    second: int


class Entry(Part):
    """Who sits in a seat: a strategy, and whoever decides."""

    strategy: AnyTeamStrategy = knob(TitForTat(), "strategy", help="what is played by a table or a stand-in")
    policy: AnyMind = knob(Table(), "policy", help="who decides")


def _listed(given: Any) -> Any:
    """Files have lists where parts have tuples."""
    return tuple(given) if isinstance(given, list) else given


class TeamTournament(Part):
    """A tournament of teams in an iterated prisoner's dilemma with exit.

    References
    ----------
    ToniniGalke2025
    """

    title = "teams with exit"
    references = ("ToniniGalke2025",)
    teller: ClassVar[str] = "coop_abm.policies.telling_teams:TeamTeller"

    condition: Literal["none", "ri", "gc", "sa"] = knob(
        "sa", "condition",
        help="none: one round with everybody, for oneself (ours); ri: repeated interactions; gc: group competition; "
        "sa: both",
    )  # fmt: skip
    teams: int = knob(2, "teams", low=1, high=50, step=1, help="of equal size")
    size: int = knob(3, "team size", low=1, high=50, step=1, help="members of each team")
    game: AnyGame = knob(
        PrisonersDilemma(temptation=5.0, reward=3.0, punishment=0.0, sucker=-1.0), "game", help="what a round pays"
    )
    stakes: float = knob(
        1.0, "stakes", low=0.001, high=1e6, step=0.5, unit="times", help="every payoff is multiplied by it"
    )
    rounds: int = knob(20, "rounds of a match", low=1, high=1_000, step=1, help="at most")
    budget: int = knob(100, "rounds of a player", low=1, high=100_000, step=1, help="over all matches of a tournament")
    exit: bool = knob(True, "exit", help="is the move chosen together with staying or leaving?")
    slips: float = knob(
        0.0, "slips", low=0, high=1, step=0.01, help="probability that a move turns into the other; above 0 is ours"
    )  # fmt: skip
    bonus: float = knob(
        2.0, "bonus", low=0, high=100, step=0.5, unit="times",
        help="the leading teams' scores are multiplied by it at the end; counts where teams are told of",
    )  # fmt: skip
    pairs: Literal["condition", "all", "between", "within"] = knob(
        "condition", "pairs", help="who meets whom; condition: as the condition says"
    )
    goal: Literal["condition", "self", "team", "both"] = knob(
        "condition", "goal", help="whose points one is told to collect; self: nobody is told of teams"
    )
    one_shot: Literal["condition", "yes", "no"] = knob("condition", "one-shot", help="has a match a single round?")
    order: Literal["listed", "shuffled"] = knob("listed", "order", help="of the matches; shuffled is ours")
    rematches: int = knob(
        1, "meetings of a pair", low=1, high=100, step=1, help="more than 1 is ours: the agenda again"
    )
    tournaments: int = knob(1, "tournaments in a row", low=1, high=100, step=1, help="more than 1 is ours")
    unknown: Literal["everybody", "rivals", "nobody"] = knob(
        "everybody", "unknown at first", help="whose number and team are hidden in the first round of a match"
    )
    scores: Literal["own", "all"] = knob("own", "scores told", help="of the own team with its rank, or of all teams")
    history: Literal["none", "own", "team", "public"] = knob(
        "none", "match history",
        help="earlier acts of the opponent in this tournament that are shown once it is known: toward oneself, toward "
        "the own team, toward anybody",
    )  # fmt: skip
    reputation: Literal["none", "team", "public"] = knob(
        "none", "reputation", help="the same for earlier tournaments (ours): private to the team, or public"
    )
    chat: bool = knob(
        False, "team chat", help="before a match both may write to their own team, and nobody else reads it"
    )
    pledges: bool = knob(False, "pledges", help="before a match each announces its first move to the opponent")
    deception: int = knob(
        -1, "deception budget", low=-1, high=10_000, step=1,
        help="first moves of a tournament that may differ from what was announced; -1: as many as one likes",
    )  # fmt: skip
    planning: int = knob(
        5, "planning period", low=0, high=10_000, step=1,
        help="own rounds between two plans of a language model that plays everybody; 0: it makes none",
    )  # fmt: skip
    players: Annotated[tuple[Entry, ...], BeforeValidator(_listed)] = knob(
        (Entry(),),
        "players",
        help="who sits where: up to one for each member, dealt alike to all teams; more are dealt to all seats in turn",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.people < 2:
            raise ValueError("size: there must be at least two individuals; got 1 team of 1")
        if self.people > MOST_PLAYERS:
            raise ValueError(f"size: at most {MOST_PLAYERS} individuals are permitted; got {self.people:,}")
        if not 1 <= len(self.players) <= self.people:
            raise ValueError(
                f"players: must have 1 to {self.people} entries, at most one for each seat; got {len(self.players)}"
            )
        if not self._pairs():
            raise ValueError(f"pairs: nobody meets anybody {self.meets} teams, with {self.teams} teams of {self.size}")
        matches = len(self._pairs()) * self.rematches * self.tournaments
        if matches > MOST_MATCHES:
            raise ValueError(f"tournaments: at most {MOST_MATCHES:,} matches are permitted; got {matches:,}")
        if self.deception >= 0 and not self.pledges:
            raise ValueError(f"deception: there are no announcements to break; needs pledges; got {self.deception}")
        if self.reputation != "none" and self.tournaments == 1:
            raise ValueError(
                "reputation: there is no earlier tournament; needs tournaments of at least 2; "
                f"got {quoted(self.reputation)} and 1"
            )
        if any(entry.policy.seated for entry in self.players):
            raise ValueError("players.policy: a human has no seat in this world; permitted: the other policies")
        return self

    # ------------------------------------------------------------------------------- what follows

    @property
    def people(self) -> int:
        """How many individuals there are."""
        return self.teams * self.size

    @property
    def team_of(self) -> np.ndarray:
        """int64 (N,): the team of each individual."""
        return np.repeat(np.arange(self.teams), self.size)

    @property
    def meets(self) -> str:
        """Who meets whom: all, between or within."""
        if self.pairs != "condition":
            return self.pairs
        return "between" if self.condition == "gc" else "all"

    @property
    def aim(self) -> str:
        """Whose points one is told to collect: self, team or both."""
        if self.goal != "condition":
            return self.goal
        return {"none": "self", "ri": "self", "gc": "team", "sa": "both"}[self.condition]

    @property
    def told(self) -> bool:
        """Is anybody told of teams? Where not, everybody is a side of its own and no bonus is given."""
        return self.aim != "self"

    @property
    def length(self) -> int:
        """Rounds that a match has at most."""
        single = self.condition == "none" if self.one_shot == "condition" else self.one_shot == "yes"
        return 1 if single else self.rounds

    @property
    def payoffs(self) -> np.ndarray:
        """float (2, 2): what a round pays to the own move (row) against the opponent's, stakes included."""
        return self.stakes * self.game.payoffs()

    @property
    def mates_met(self) -> float:
        """Share of team-mates among those whom one meets unknown, as far as one is told of teams."""
        if not self.told or self.meets == "between" or self.unknown == "rivals":
            return 0.0
        return 1.0 if self.meets == "within" else (self.size - 1) / (self.people - 1)

    def _pairs(self) -> list[tuple[int, int]]:
        team, meets = self.team_of, self.meets
        together = {"all": (True, False), "between": (False,), "within": (True,)}[meets]
        return [(i, j) for i, j in combinations(range(self.people), 2) if bool(team[i] == team[j]) in together]

    def agenda(self, seed: int = 0, replicate: int = 0) -> tuple[Pairing, ...]:
        """All matches in the order in which they are played.

        Listed, pairs come in the order of their numbers, as in the paper; rematches are the whole list again.
        Shuffled, each tournament has an order of its own, which follows from seed and replicate.
        """
        listed = self._pairs() * self.rematches
        found = []
        for tournament in range(self.tournaments):
            order = np.arange(len(listed))
            if self.order == "shuffled":
                source = np.random.SeedSequence(seed, spawn_key=(TEAMS, replicate, tournament, SCHEDULE))
                order = np.random.Generator(np.random.Philox(source)).permutation(len(listed))
            found += [Pairing(tournament, place, *listed[at]) for place, at in enumerate(order.tolist())]
        return tuple(found)

    # ------------------------------------------------------------------------------- who decides

    def entries(self) -> tuple[Entry, ...]:
        """The entry of each individual: member m has entry m, from the front again where there are fewer."""
        # As many as a team has members or fewer: teams are alike. More: teams differ, up to one entry for each seat.
        many = len(self.players)
        dealt = self.size if many <= self.size else self.people
        return tuple(self.players[seat % dealt % many] for seat in range(self.people))

    def minds(self) -> tuple[Mind, ...]:
        """Who decides, for each individual."""
        return tuple(entry.policy for entry in self.entries())

    def table(self) -> Policy:
        """The strategies as a policy, which reads nothing but the view and the draw of a question."""
        from coop_abm.engine.team_tables import TeamTables

        return TeamTables(self)

    def with_policy(self, policy: str) -> Self:
        """The same world with the same strategies, decided for as one word says: table, stand-in, or a model.

        A seat that was given a policy of its own keeps it where the word is table or stand-in. Whoever is asked in
        words plans every `planning` rounds of its own.

        Raises
        ------
        ScenarioError
            if there can be no such policy, or it is a model where seats have policies of their own
        """
        from coop_abm.scenario.deciders import STANDING_IN, TABLE, mind_of

        own = [at for at, entry in enumerate(self.players) if not entry.policy.tabled]
        if own and policy not in (TABLE, STANDING_IN):
            raise ScenarioError(
                f"players.{own[0]}.policy: this seat has a policy of its own, which {quoted(policy)} for everybody "
                "would replace; permitted beside it: policy table or stand-in, for the other seats"
            )

        def entry(old: Entry) -> Entry:
            mind = mind_of(policy, spelled(old.strategy)) if old.policy.tabled else old.policy
            plans = self.planning > 0 and not mind.tabled and not isinstance(mind, Team)
            return Entry(strategy=old.strategy, policy=Team(inner=mind, every=self.planning) if plans else mind)

        return self.model_copy(update={"players": tuple(map(entry, self.players))})

    def by_tables(self) -> Self:
        """The same world with the same strategies, all of them played by tables, whoever was to decide."""
        return self.model_copy(update={"players": tuple(Entry(strategy=entry.strategy) for entry in self.players)})

    def most_questions(self) -> dict[str, int]:
        """How many decisions of each stage one run can ask for at most, whatever anybody answers."""
        matches = len(self._pairs()) * self.rematches
        rounds = min(2 * matches * self.length, self.people * self.budget) * self.tournaments
        found = {"act": rounds}
        if self.chat and self.told:
            found["talk"] = 2 * matches * self.tournaments
        if self.pledges:
            found["pledge"] = 2 * matches * self.tournaments
        return found

    def start(self, seed: int, replicate: int = 0) -> Tournament:
        """The tournament before its first match; a function of what is declared, of the seed and of the replicate.

        Raises
        ------
        InputError
            if seed or replicate is no whole number of at least 0
        """
        from coop_abm.engine.team_tournament import Tournament

        return Tournament(self, seed, replicate)
