"""A scenario: one world, declared once.

Everything else is read from it: validation and its error text, Mesa keywords, dashboard controls,
command-line options, sweep axes, the key under which results are stored, what theory expects.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BeforeValidator, model_validator

from coop_abm.core.dice import graph_seed
from coop_abm.core.part import Part, kind_of, knob
from coop_abm.games import AnyGame, Donation
from coop_abm.mechanisms import RULES, Answers, Direct, Group, Indirect, Kin, Network, expected_matrix, neutral
from coop_abm.scenario.minds import Mind, Table
from coop_abm.scenario.players import Players, head_count
from coop_abm.strategies import AllD, AnyStrategy, Reciprocator
from coop_abm.strategies.table import Repertoire, repertoire
from coop_abm.updates import AnyUpdate, BirthDeath

Population = Annotated[
    tuple[Players, ...], BeforeValidator(lambda given: tuple(given) if isinstance(given, list) else given)
]


class Scenario(Part):
    """One declared world: who lives in it, what they play, and the answers to the five questions."""

    name: str = knob("", "name", help="what this world is called")
    description: str = knob("", "description", help="what it shows")

    size: int = knob(100, "individuals N", low=2, high=10_000_000, step=1, help="how many individuals there are")
    clock: Literal["round", "event"] = knob(
        "round", "clock", help="round: all meet, then learn; event: one replacement at a time, expected payoffs"
    )
    partners: Literal["one", "all"] = knob(
        "one",
        "partners",
        help="round clock: everybody seeks one partner and is paid for that meeting, or meets all neighbours",
    )
    payoff: Literal["averaged", "accumulated"] = knob(
        "averaged", "payoff", help="what counts for selection: the mean over encounters, or their sum"
    )
    execution_error: float = knob(
        0.0, "execution error", low=0, high=0.5, step=0.01, live=True, help="probability that an intended action fails"
    )

    slips: Literal["both", "help"] = knob(
        "both", "slips", help="which intended actions can fail: help and refusal alike, or help alone"
    )

    talk: Literal["never", "first", "always"] = knob(
        "never", "talk", help="round clock: partners send each other a message before the first turn, or before each"
    )
    talk_limit: int = knob(
        280, "length of a message", low=1, high=4_000, step=1, unit="characters", help="most characters of a message"
    )

    game: AnyGame = knob(Donation(), "game", help="who gets what")
    update: AnyUpdate = knob(BirthDeath(), "update rule", help="who replaces whom")
    players: Population = knob(
        (Players(share=0.5, strategy=Reciprocator()), Players(share=0.5, strategy=AllD())),
        "players", help="who is in the population",
    )  # fmt: skip

    kin: Kin = knob(Kin(), "kin selection", help=Kin.question)
    direct: Direct = knob(Direct(), "direct reciprocity", help=Direct.question)
    indirect: Indirect = knob(Indirect(), "indirect reciprocity", help=Indirect.question)
    network: Network = knob(Network(), "network reciprocity", help=Network.question)
    group: Group = knob(Group(), "group selection", help=Group.question)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if not self.players:
            raise ValueError("players: at least one entry is needed")
        self._seats_fit()
        if self.clock == "event" and self.minded:
            self._refuse_minds()
        if self.clock == "event" and self.indirect.enabled and not self.indirect.assessment.innate:
            raise ValueError(
                "indirect.assessment: on the event clock it must be type, because under a norm there is no "
                f"constant payoff matrix; got {self.indirect.assessment.kind}"
            )
        if self.partners == "all" and self.kin.enabled and self.kin.channel == "meeting":
            raise ValueError("partners: must be one while kin.channel is meeting; got all")
        if self.network.enabled:
            self.network.check(self.size)
            self._two_graphs_fit()
            self._directions_fit()
        if self.update.meets_itself and (self.clock == "event" or self.partners == "one"):
            raise ValueError(
                "update.self_interaction: must be false unless clock = round and partners = all, where everybody "
                f"meets all neighbours; got true with clock = {self.clock}, partners = {self.partners}"
            )
        if self.clock == "event" and self.update.in_order:
            raise ValueError("update.ties: must be chance unless clock = round; got first with clock = event")
        if self.clock == "event" and self.update.adds_up:
            raise ValueError("update.scores: must be round unless clock = round; got total with clock = event")
        self._families_fit()
        grouped = self.group.enabled and 0 < self.group.size < self.size
        if grouped and self.update.generational:
            raise ValueError(
                "update: group selection replaces individuals inside groups, and "
                f"{self.update.kind} replaces everybody from the whole population; got {self.update.kind}"
            )
        if grouped and self.size % self.group.size:
            raise ValueError(f"group.size: must divide the number of individuals, {self.size}; got {self.group.size}")
        on_a_graph = self.network.enabled and self.network.graph.kind != "complete"
        if grouped and not on_a_graph and self.update.kind != "birth_death":
            raise ValueError(
                "update: group selection without a network is the process of Traulsen and Nowak, so it "
                f"must be birth_death; got {self.update.kind}"
            )
        if grouped and not on_a_graph and self.partners == "all":
            raise ValueError("partners: must be one while groups grow and shrink; got all")
        return self

    def _two_graphs_fit(self) -> None:
        """Can one meet on one graph and get replaced on another?"""
        network, update = self.network, self.update
        if not network.two_graphs:
            return
        if network.graph.kind == "complete":
            raise ValueError(
                "network.graph: must not be complete where network.replacement is a graph of its own, because a mixed "
                "population has no neighbours; got complete"
            )
        refused = f"network.replacement: must be same {{}}; got {network.replacement.kind}"
        if network.replacement.kind == "complete":
            raise ValueError(refused.format("or a graph other than complete"))
        if self.group.enabled and 0 < self.group.size < self.size:
            raise ValueError(refused.format("where groups say who replaces whom (group.enabled)"))
        if update.generational:
            raise ValueError(refused.format(f"under {update.kind}, where offspring go anywhere"))
        summed = self.payoff == "accumulated" and (self.clock == "event" or self.partners == "all")
        if summed and update.kind == "proportional_imitation":
            raise ValueError(refused.format("under proportional_imitation of sums, which weighs gains by one degree"))

    def _refuse_minds(self) -> None:
        if self.talk != "never":
            raise ValueError(f"talk: must be never unless clock = round; got {self.talk}")
        wrong = next(entry for entry in self.players if not entry.policy.tabled)
        raise ValueError(
            "players.policy: must be table on the event clock, which reads expected payoffs of strategies; got "
            f"{wrong.policy.kind} (clock = round can ask anybody)"
        )

    def _directions_fit(self) -> None:
        """On a directed graph, is it the process of evolutionary graph theory?

        That has offspring going along arrows and constant fitness; what it is to meet somebody along an arrow, and
        to compete for a place that arrows lead to, is not said there, and nobody else agrees.
        """
        directed = self._directed_graphs
        if not directed:
            return
        kind = directed[0]
        if self.network.two_graphs:
            raise ValueError(f"network.replacement: must be same where a graph is directed; got {kind}")
        if self.clock != "event" or self.update.kind != "birth_death" or self.payoff != "averaged":
            raise ValueError(
                f"network.graph: {kind} is directed, which needs clock = event, update = birth_death and payoff = "
                f"averaged; got {self.clock}, {self.update.kind} and {self.payoff}"
            )
        others = [rule for rule in self.active if rule != "network"]
        if others:
            raise ValueError(f"network.graph: {kind} is directed, so no other rule can be on; got {', '.join(others)}")
        payoffs = self.matrix(neutral(self.size))
        if np.ptp(payoffs, axis=1).max() > 1e-12 * np.abs(payoffs).max():
            raise ValueError(
                f"network.graph: {kind} is directed, so fitness must be constant: what a strategy earns must not "
                "depend on whom it meets (in the donation game, game.benefit = 0)"
            )

    def _seats_fit(self) -> None:
        """Do the shares and the declared nodes cover the population, each place once?"""
        shared = [entry.share for entry in self.players if not entry.nodes]
        if shared and abs(sum(shared) - 1) > 1e-6:
            raise ValueError(f"players: the shares must add up to 1; got {sum(shared):g}")
        nodes = [node for entry in self.players for node in entry.nodes]
        if any(not 0 <= node < self.size for node in nodes):
            wrong = next(node for node in nodes if not 0 <= node < self.size)
            raise ValueError(f"players.nodes: must be in [0, {self.size - 1}]; got {wrong}")
        if len(set(nodes)) < len(nodes):
            raise ValueError("players.nodes: every node can be given once")
        if not shared and len(nodes) < self.size:
            raise ValueError(f"players.nodes: must cover all {self.size} individuals where no entry has a share")

    def _families_fit(self) -> None:
        """Can the population live in families?"""
        if not (self.kin.enabled and self.kin.channel == "descent"):
            return
        if not self.update.generational:
            raise ValueError(
                "update: families (kin.channel = descent) are born whole, so it must be wright_fisher; "
                f"got {self.update.kind}"
            )
        if self.size % self.kin.family or self.kin.family >= self.size:
            raise ValueError(
                f"kin.family: must divide the number of individuals, {self.size}, and be smaller; got {self.kin.family}"
            )
        for rule in ("network", "group"):
            if getattr(self, rule).enabled:
                raise ValueError(f"{rule}.enabled: must be false while kin.channel is descent; one meets one's family")
        if self.kin.diploid and self.clock == "round":
            raise ValueError(
                "kin.pedigree: must be founders on the round clock, because an individual of two alleles has no one "
                f"strategy to play an encounter by (clock = event); got {self.kin.pedigree}"
            )

    @property
    def mechanisms(self) -> dict[str, Any]:
        """The five rules by name, on or off."""
        return {rule: getattr(self, rule) for rule in RULES}

    @property
    def active(self) -> tuple[str, ...]:
        """Names of the rules that are on."""
        return tuple(rule for rule, mechanism in self.mechanisms.items() if mechanism.enabled)

    def answers(self, seed: int = 0, graph: int = 0) -> Answers:
        """The answers to the five questions; the only place that looks at what is on.

        Parameters
        ----------
        seed, graph : root seed and number of the graph, where it is random

        Raises
        ------
        GraphError
            if the declared graph cannot have this many nodes
        """
        answers, drawn = neutral(self.size), graph_seed(seed, graph)
        for mechanism in self.mechanisms.values():
            if mechanism.enabled:
                answers = mechanism.answer(answers, drawn)
        return answers

    @property
    def on_random_graph(self) -> bool:
        """Does the graph depend on the seed?"""
        return self.network.enabled and self.network.random

    @property
    def on_directed_graph(self) -> bool:
        """Does offspring go along arrows, one way?"""
        return self.network.enabled and bool(self._directed_graphs)

    @property
    def _directed_graphs(self) -> tuple[str, ...]:
        """The kinds of the network's graphs that are directed, on or off."""
        graphs = [value for _name, value in self.network if isinstance(value, Part)]
        return tuple(kind_of(type(graph)) for graph in graphs if getattr(graph, "directed", False))

    @property
    def minded(self) -> bool:
        """Does anybody decide who is no strategy table, or does anybody talk?"""
        return self.talk != "never" or any(not entry.policy.tabled for entry in self.players)

    @property
    def inherited(self) -> tuple[tuple[AnyStrategy, Mind], ...]:
        """What can be inherited: a strategy and who decides, each pair once, in the order of `players`.

        Whoever sits on its nodes (a human) passes on its strategy alone.
        """
        return tuple(dict.fromkeys(_passed_on(entry) for entry in self.players))

    def repertoire(self) -> Repertoire:
        """The strategies of this world, equal ones once, in the order of `players`."""
        pairs = self.inherited
        names = [mind.label(strategy.kind) for strategy, mind in pairs]
        named = tuple(
            name if names.count(name) == 1 else f"{name}_{names[:s].count(name) + 1}" for s, name in enumerate(names)
        )
        payoffs = self.game.payoffs()
        return repertoire(named, tuple(strategy.automaton(payoffs) for strategy, _mind in pairs))

    def starting_counts(self) -> np.ndarray:
        """int64 (S,): how many individuals start with each strategy of the repertoire."""
        pairs = self.inherited
        counts = np.zeros(len(pairs), np.int64)
        for entry, heads in zip(self.players, head_count(self.players, self.size), strict=True):
            counts[pairs.index(_passed_on(entry))] += heads
        return counts

    def seats(self) -> np.ndarray:
        """int64 (N,): the strategy declared for each node, -1 where chance decides."""
        pairs = self.inherited
        found = np.full(self.size, -1, np.int64)
        for entry in self.players:
            found[list(entry.nodes)] = pairs.index(_passed_on(entry))
        return found

    @property
    def failing(self) -> tuple[float, float]:
        """Probabilities that an intended help, and an intended refusal, turns into the other."""
        return self.execution_error, self.execution_error if self.slips == "both" else 0.0

    def payoff_spread(self) -> float:
        """The largest difference between two expected felt payoffs of one encounter, in units of the game."""
        payoffs = self.game.payoffs()
        turns = 1 / (1 - self.direct.continuation) if self.direct.enabled else 1.0
        felt = self.kin.relatedness if self.kin.enabled and self.kin.channel == "value" else 0.0
        return float(payoffs.max() - payoffs.min()) * turns * (1 + felt)

    def matrix(self, answers: Answers) -> np.ndarray:
        """float (S, S): expected felt payoff of one encounter, see :func:`expected_matrix`."""
        rows = self.repertoire()
        return expected_matrix(
            rows.cooperate, rows.next_state, rows.helper, self.game.payoffs(), answers, self.execution_error,
            refusals_fail=self.slips == "both",
        )  # fmt: skip


def _passed_on(entry: Players) -> tuple[AnyStrategy, Mind]:
    return entry.strategy, Table() if entry.policy.seated else entry.policy
