"""Commons: users of a common-pool resource who harvest, watch and punish, learn from others, and agree on norms.

A round has up to five stages. *harvest*: everybody chooses an effort e in [0, 1], takes alpha e R of the stock R, and
says how likely it is to watch somebody; the stock regrows; everybody consumes c. *punish*: whoever watched somebody
may pay to take from that one. *learn*: everybody is shown somebody's outcome and rewrites its notes. *propose*:
everybody words a norm. *vote*: the norm with most votes is in force, and told to all word for word. Learning, and
proposing with voting, can each be switched off. This page declares the world; ``commons_run.py`` runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, model_validator

from coop_abm.core.errors import InputError, quoted
from coop_abm.core.part import Part, knob
from coop_abm.games.commons import AnyStock, Doubling, Logistic
from coop_abm.scenario.minds import STAND_IN, AnyMind, Mind, Model, Table, Team
from coop_abm.strategies.commons import Altruistic, AnyUser, Habitual, Quota, Selfish, User, spelled
from coop_abm.structures import Complete, Structure

if TYPE_CHECKING:
    from coop_abm.engine.commons_rules import Rules
    from coop_abm.engine.commons_run import CommonsRun

#: Users at most: who hears whom is kept pair by pair.
LARGEST = 1_000
#: How a population starts: the strategies of its two halves.
STARTS: dict[str, tuple[type[User], type[User]]] = {
    "selfish": (Selfish, Selfish),
    "mixed": (Selfish, Altruistic),
    "altruistic": (Altruistic, Altruistic),
}
#: Regrowth of a rich and of a scarce resource.
WORLDS = {"rich": 0.35, "scarce": 0.2}


class Users(Part):
    """So many users of one kind."""

    title = "users"

    count: int = knob(1, "number", low=1, high=LARGEST, step=1, help="how many of them there are")
    strategy: AnyUser = knob(
        Selfish(), "strategy", help="the rules by which they act, and with which habits they start"
    )
    policy: AnyMind = knob(Table(), "policy", help="who decides for them")

    @property
    def noted(self) -> bool:
        """Do they begin with notes of their habits? A language model is to find its own."""
        mind = self.policy
        return mind.tabled or (isinstance(mind, Model) and mind.model.startswith(STAND_IN))


Population = Annotated[
    tuple[Users, ...], BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)
]


class Commons(Part):
    """A common-pool resource and its users.

    Punishment, imitation of who does better, and collective choice of rules are three of the design principles
    of Ostrom (monitoring, graduated sanctions, collective choice), put together as by Gupta et al. Where their
    preprint leaves a number open it is ours, and a knob.

    References
    ----------
    Ostrom1990, Gupta2025
    """

    title = "commons"
    references = ("Ostrom1990", "Gupta2025")
    #: Who tells language models what a user knows.
    teller: ClassVar[str] = "coop_abm.policies.commons:CommonsTeller"
    #: Knobs that no user is told of, and that change nothing before the end.
    unspoken: ClassVar[tuple[str, ...]] = ("horizon",)

    horizon: int = knob(50, "rounds", low=1, high=100_000, step=1, help="how long it lasts unless the stock collapses")
    stock: AnyStock = knob(Logistic(), "stock", help="how the resource regrows")
    takes: Literal["effort", "units"] = knob(
        "effort", "what is chosen", help="an effort in [0, 1], or how many whole units one asks for"
    )
    catchability: float = knob(
        0.04, "catchability alpha", low=0, high=1, step=0.01, help="share of the stock that one takes at full effort"
    )
    consumption: float = knob(
        0.15, "consumption c", low=0, high=1e6, step=0.05, help="what everybody uses up in a round"
    )
    endowment: float = knob(1.0, "endowment", low=0, high=1e6, step=0.5, help="what everybody has at the start")
    starvation: bool = knob(
        True, "starvation", help="whoever cannot cover the consumption from harvest and store dies; else it goes hungry"
    )
    punishment: bool = knob(True, "punishment", help="whoever watched somebody may punish")
    fine: float = knob(
        0.5, "fine gamma", low=0, high=1e6, step=0.25, help="what a first punishment takes from an offender"
    )
    punishing_costs: float = knob(
        0.05, "cost kappa", low=0, high=1e6, step=0.05, help="what it costs to punish somebody"
    )
    escalation: float = knob(
        0.0, "graduation", low=0, high=100, step=0.5,
        help="each fine before makes the next one larger by this share of gamma; 0: all fines are equal",
    )  # fmt: skip
    social_learning: bool = knob(True, "social learning", help="everybody is shown somebody's outcome in each round")
    window: int = knob(5, "memory", low=1, high=1_000, step=1, unit="rounds", help="over which an outcome is averaged")
    group_decision: bool = knob(True, "group decision", help="norms are proposed and voted on")
    ties: Literal["first", "chance", "keep"] = knob(
        "first",
        "ties",
        help="of a vote: the proposer with the lowest number, one by chance, or the norm in force stays",
    )
    limit: int = knob(280, "length", low=120, high=4_000, step=1, unit="characters", help="most characters of a text")
    network: Structure = knob(Complete(), "network", help="who is whose neighbour; complete: everybody is everybody's")
    watch_neighbours: bool = knob(True, "watch neighbours", help="on a network: only neighbours are watched")
    learn_from_neighbours: bool = knob(
        True, "learn from neighbours", help="on a network: only their outcomes are shown"
    )
    hear_neighbours: bool = knob(
        True, "hear neighbours", help="on a network: only their proposals are heard and voted on"
    )
    players: Population = knob((Users(count=10),), "users", help="who uses the commons")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not 2 <= self.size <= LARGEST:
            raise ValueError(f"players: there must be 2 to {LARGEST} users in all; got {self.size}")
        self.network.check(self.size)
        for entry in self.players:
            if isinstance(entry.policy, Team):
                raise ValueError(
                    "players.policy: must not be team, because users keep notes and make no plans; got team"
                )
            kind = entry.strategy.kind
            if isinstance(entry.strategy, Habitual) and self.takes == "units":
                raise ValueError(f"players.strategy: must be quota or grasping where whole units are taken; got {kind}")
            if isinstance(entry.strategy, Quota) and self.takes == "effort":
                raise ValueError(f"players.strategy: must not be quota unless takes = units; got {kind}")
        if self.takes == "units" and self.stock.capacity % 1:
            raise ValueError(f"stock.capacity: must be whole where whole units are taken; got {self.stock.capacity:g}")
        if self.takes == "units" and not isinstance(self.stock, Doubling):
            raise ValueError(f"stock: must be doubling where whole units are taken; got {self.stock.kind}")
        return self

    @property
    def size(self) -> int:
        """How many users there are at the start."""
        return sum(entry.count for entry in self.players)

    @property
    def pressure(self) -> float:
        """alpha N / r: what all take at full effort, as a multiple of what a small stock grows by.

        Below about 1 nobody can ruin the resource; far above it, it is gone before a norm can act.
        """
        if self.takes == "units":
            return 1.0 / self.stock.growth
        return self.catchability * self.size / self.stock.growth if self.stock.growth else float("inf")

    def each(self) -> tuple[Users, ...]:
        """The entry of each user, in order."""
        return tuple(entry for entry in self.players for _ in range(entry.count))

    def minds(self) -> tuple[Mind, ...]:
        """Who decides, for each user."""
        return tuple(entry.policy for entry in self.each())

    def with_policy(self, policy: str) -> Self:
        """The same world and strategies, decided for as one word says: "table", "stand-in", a file, or a model.

        Raises
        ------
        ScenarioError
            if this is no such word, or names somebody who cannot decide here
        """
        from coop_abm.scenario.deciders import STANDING_IN, mind_of
        from coop_abm.scenario.wording import declared

        def of(entry: Users) -> Users:
            told = {} if policy == STANDING_IN else {"persona": entry.strategy.persona}
            return entry.model_copy(update={"policy": mind_of(policy, spelled(entry.strategy), **told)})

        # Declared anew, not copied: a file may name somebody who cannot decide here.
        return declared(type(self), {**dict(self), "players": tuple(map(of, self.players))})

    def most_questions(self) -> dict[str, int]:
        """How many decisions of each stage a run can ask for at most."""
        most = self.size * self.horizon
        asked = {"harvest": True, "punish": self.punishment, "learn": self.social_learning}
        asked |= {"propose": self.group_decision, "vote": self.group_decision}
        return {stage: most for stage, there in asked.items() if there}

    def table(self) -> Rules:
        """The rules of its strategies, which read view and draw of a question and nothing else."""
        from coop_abm.engine.commons_rules import Rules

        return Rules(tuple(entry.strategy for entry in self.players))

    def start(self, seed: int, replicate: int = 0) -> CommonsRun:
        """The world at its start."""
        from coop_abm.engine.commons_run import CommonsRun

        return CommonsRun(self, seed, replicate)


def commons(
    start: str = "selfish", world: str = "rich", *, size: int = 10, habits: dict | None = None, **knobs
) -> Commons:
    """A commons with one of the three starts, in a rich or a scarce world.

    Parameters
    ----------
    start  : selfish, altruistic, or mixed: the first half selfish, the others altruistic
    world  : rich or scarce: regrowth r of 0.35 or 0.20
    size   : users
    habits : knobs of both kinds of strategy, such as ``{"sensitivity": 4.0}``
    knobs  : any other knobs of :class:`Commons`

    Raises
    ------
    InputError
        if there is no such start or world

    >>> commons("mixed", "scarce").pressure
    2.0
    """
    for name, given, permitted in (("start", start, STARTS), ("world", world, WORLDS)):
        if given not in permitted:
            raise InputError(f"{name} must be one of {', '.join(permitted)}; got {quoted(given)}")
    first, second = STARTS[start]
    half = size // 2 if second is not first else size
    players = [Users(count=half, strategy=first(**habits or {}))]
    if half < size:
        players.append(Users(count=size - half, strategy=second(**habits or {})))
    return Commons(**{"stock": Logistic(rate=WORLDS[world]), "players": tuple(players), **knobs})


def fishery(*catches: tuple[int, User], months: int = 12) -> Commons:
    """GovSim's fishery: five users take whole tons of a stock of 100 that doubles, for twelve months.

    Nobody is fined, learns or votes in it, and nobody can starve, so it is their setting without conversation.

    Parameters
    ----------
    catches : (count, strategy) of its users; five that take the sustainable quota by themselves

    References
    ----------
    Piatti2024

    >>> from coop_abm.strategies.commons import Grasping
    >>> fishery((4, Quota()), (1, Grasping())).size
    5
    """
    return Commons(
        horizon=months, stock=Doubling(), takes="units", consumption=0.0, endowment=0.0, starvation=False,
        punishment=False, social_learning=False, group_decision=False,
        players=tuple(Users(count=count, strategy=user) for count, user in catches or ((5, Quota()),)),
    )  # fmt: skip
