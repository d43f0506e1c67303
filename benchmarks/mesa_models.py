"""What a careful author would write in Mesa, with agents as objects: the fair opponents.

Nothing is computed twice: fitness is a table made once, each agent keeps its own entry of it, and only
agents around a change look theirs up again; neighbours and groups are plain lists of agents. No data is
collected. Agents are born and removed as Mesa has it, which is most of the cost where many die. Two models
have a `lean` version as well, which no author of a Mesa model would write: whoever dies is used again for
somebody newly born, so that Mesa never hears of either, and pairs are drawn by two floats.

References
----------
OhtsukiHauertLiebermanNowak2006, TraulsenNowak2006, NowakSigmund1998
"""

from __future__ import annotations

import math
from itertools import accumulate

import mesa
import networkx
from mesa.discrete_space import FixedAgent, Network

# ------------------------------------------------------------------ death-birth on a graph


class Node(FixedAgent):
    """An individual on a node of a graph.

    cooperates, helpers : its strategy (1 or 0), how many of its neighbours cooperate
    neighbours : agents next to it
    fitness    : exp(intensity x mean payoff)
    """

    def __init__(self, model: DeathBirthModel, cell, cooperates: int):
        super().__init__(model)
        self.cell = cell
        self.cooperates, self.helpers, self.fitness = cooperates, 0, 1.0
        self.neighbours: list[Node] = []

    def settle(self) -> None:
        """Look around once: neighbours never change."""
        self.neighbours = list(self.cell.neighborhood.agents)
        self.helpers = sum(other.cooperates for other in self.neighbours)
        self.renew()

    def renew(self) -> None:
        """Look up fitness."""
        self.fitness = self.model.fitness[len(self.neighbours)][self.cooperates][self.helpers]


class DeathBirthModel(mesa.Model):
    """Donation game on a graph under death-birth updating; a step is one generation.

    Parameters
    ----------
    graph : nodes 0 .. N-1, no isolated ones
    cooperators : how many nodes cooperate at the start, drawn at random
    benefit, cost, intensity : of the donation game, averaged over neighbours, and of selection
    """

    def __init__(
        self, graph: networkx.Graph, cooperators: int, benefit: float, cost: float, intensity: float, rng: int
    ):
        super().__init__(rng=rng)
        self.fitness = {
            degree: [
                [math.exp(intensity * (benefit * helped / degree - cost * own)) for helped in range(degree + 1)]
                for own in (0, 1)
            ]
            for degree in {degree for _node, degree in graph.degree}
        }
        # A layout must be given: Mesa's own is a spring layout, 4.6 s at N = 1,000.
        network = Network(graph, random=self.random, layout=dict.fromkeys(graph, (0.0, 0.0)))
        chosen = set(self.random.sample(range(len(graph)), cooperators))
        self.nodes = [Node(self, network[i], int(i in chosen)) for i in graph]
        for node in self.nodes:
            node.settle()
        self.cooperators = cooperators

    def update(self) -> None:
        """One individual dies, and its neighbours compete for the empty site."""
        random = self.random.random
        dead = self.nodes[int(random() * len(self.nodes))]
        target = random() * sum([other.fitness for other in dead.neighbours])
        for parent in dead.neighbours:
            target -= parent.fitness
            if target < 0:
                break
        born = parent.cooperates
        change = born - dead.cooperates
        if change:
            dead.cooperates = born
            self.cooperators += change
            dead.renew()
            for other in dead.neighbours:
                other.helpers += change
                other.renew()

    def step(self) -> None:
        """One generation."""
        for _ in range(len(self.nodes)):
            self.update()


# ------------------------------------------------------------------ groups that grow and split


class Member(mesa.Agent):
    """A member of a group: whether it cooperates, and its fitness there."""

    def __init__(self, model: GroupModel, cooperates: int):
        super().__init__(model)
        self.cooperates, self.fitness = cooperates, 1.0


class GroupModel(mesa.Model):
    """The process of Traulsen and Nowak: births by fitness, groups that split; a step is one birth.

    Parameters
    ----------
    count, size : groups, and members of a full group
    split       : probability that a group that grew too large divides
    cooperators : at the start, on random places
    lean        : see above
    """

    def __init__(
        self, count: int, size: int, split: float, cooperators: int, benefit: float, cost: float, intensity: float,
        rng: int, lean: bool = False,
    ):  # fmt: skip
        super().__init__(rng=rng)
        self.lean = lean
        self.size, self.split, self.cooperators = size, split, cooperators

        def payoff(members: int, helpers: int, own: int) -> float:
            """Mean over the others; a lone member plays with nobody."""
            return benefit * (helpers - own) / (members - 1) - cost * own if members > 1 else 0.0

        # fitness[members][cooperators][own strategy]
        self.fitness = [
            [[math.exp(intensity * payoff(members, helpers, own)) for own in (0, 1)] for helpers in range(members + 1)]
            for members in range(size + 2)
        ]
        chosen = set(self.random.sample(range(count * size), cooperators))
        members = [Member(self, int(i in chosen)) for i in range(count * size)]
        self.groups = [members[g * size : (g + 1) * size] for g in range(count)]
        self.alive = count * size
        self.totals = [0.0] * count
        for g in range(count):
            self.renew(g)

    def renew(self, g: int) -> None:
        """Members of group g look up their fitness."""
        group = self.groups[g]
        table = self.fitness[len(group)][sum([member.cooperates for member in group])]
        total = 0.0
        for member in group:
            member.fitness = table[member.cooperates]
            total += member.fitness
        self.totals[g] = total

    def step(self) -> None:
        """One birth, and what follows from it."""
        random = self.random.random
        target = random() * sum(self.totals)
        for home, total in enumerate(self.totals):  # noqa: B007
            if target < total:
                break
            target -= total
        group = self.groups[home]
        for parent in group:
            target -= parent.fitness
            if target < 0:
                break
        born = parent.cooperates
        if len(group) < self.size:
            group.append(Member(self, born))
            self.alive += 1
            self.cooperators += born
            self.renew(home)
        elif random() >= self.split:
            self.squeeze(home, parent)
        else:
            self.divide(home, born)

    def squeeze(self, home: int, parent: Member) -> None:
        """A full group has one more, and one of them dies, who may be the newborn."""
        group, born = self.groups[home], parent.cooperates
        place = int(self.random.random() * (len(group) + 1))
        changed = place < len(group) and group[place].cooperates != born
        if changed:
            self.cooperators += born - group[place].cooperates
        if not self.lean:
            newborn = Member(self, born)
            newborn.fitness = parent.fitness
            group.append(newborn)
            group.pop(place).remove()
        elif changed:
            group[place].cooperates = born
        if changed:
            self.renew(home)

    def divide(self, home: int, born: int) -> None:
        """A group of one too many divides; another one makes room."""
        random = self.random.random
        other = int(random() * (len(self.groups) - 1))
        other += other >= home
        for member in self.groups[other]:
            self.cooperators -= member.cooperates
            self.alive -= 1
            member.remove()
        everybody = [*self.groups[home], Member(self, born)]
        self.alive += 1
        self.cooperators += born
        leaving: list[bool] = []
        while not 0 < sum(leaving) < len(everybody):
            leaving = [random() < 0.5 for _ in everybody]
        self.groups[home] = [member for member, leaves in zip(everybody, leaving) if not leaves]
        self.groups[other] = [member for member, leaves in zip(everybody, leaving) if leaves]
        self.renew(home)
        self.renew(other)

    @property
    def settled(self) -> bool:
        """Is one strategy left?"""
        return self.cooperators in (0, self.alive)


# ------------------------------------------------------------------ image scoring


class Player(mesa.Agent):
    """A player of image scoring: helps whoever has a score of at least its threshold."""

    def __init__(self, model: ImageScoringModel, threshold: int):
        super().__init__(model)
        self.threshold, self.score, self.earned = threshold, 0, 0.0

    def meet(self, recipient: Player) -> None:
        """Decide whether to help."""
        model = self.model
        recipient.earned += model.cost
        if recipient.score >= self.threshold:
            recipient.earned += model.benefit
            model.helped += 1
            if self.score < model.HIGHEST:
                self.score += 1
        else:
            self.earned += model.cost
            if self.score > model.LOWEST:
                self.score -= 1


class ImageScoringModel(mesa.Model):
    """Indirect reciprocity by image scoring with everybody watching; a step is one generation.

    In each of `meetings` meetings a donor and a recipient are drawn; the donor helps if the recipient's score is
    at least the donor's threshold, and its own score goes up or down by 1, within -5 and 5. Offspring are drawn in
    proportion to what was earned, and scores start anew at 0.

    Parameters
    ----------
    thresholds : of the players at the start
    meetings   : in a generation
    benefit, cost : of help; `cost` is also added in each meeting to what both earn, so that nobody has less than 0
    mutation   : probability that an offspring has a random threshold in -5 .. 6
    lean       : see above
    """

    LOWEST, HIGHEST = -5, 5

    def __init__(
        self, thresholds: list[int], meetings: int, benefit: float, cost: float, rng: int, mutation: float = 0.0,
        lean: bool = False,
    ):  # fmt: skip
        super().__init__(rng=rng)
        self.lean = lean
        self.players = [Player(self, threshold) for threshold in thresholds]
        self.meetings, self.benefit, self.cost, self.mutation = meetings, benefit, cost, mutation
        self.helped = 0

    def pair(self) -> tuple[Player, Player]:
        """Donor and recipient of a meeting."""
        if not self.lean:
            donor, recipient = self.random.sample(self.players, 2)
            return donor, recipient
        random, players = self.random.random, self.players
        first = int(random() * len(players))
        second = int(random() * (len(players) - 1))
        return players[first], players[second + (second >= first)]

    def step(self) -> None:
        """One generation."""
        for _ in range(self.meetings):
            donor, recipient = self.pair()
            donor.meet(recipient)
        thresholds = self.inherited()
        if self.lean:
            for player, threshold in zip(self.players, thresholds):
                player.threshold, player.score, player.earned = threshold, 0, 0.0
            return
        for player in self.players:
            player.remove()
        self.players = list(Player.create_agents(self, len(thresholds), thresholds))

    def inherited(self) -> list[int]:
        """Thresholds of the next generation: of parents drawn by what they earned, sometimes mutated."""
        earned = list(accumulate([player.earned for player in self.players]))
        if earned[-1] <= 0:
            return [player.threshold for player in self.players]
        parents = self.random.choices(self.players, cum_weights=earned, k=len(earned))
        if not self.mutation:
            return [parent.threshold for parent in parents]
        return [
            self.random.randint(self.LOWEST, self.HIGHEST + 1) if self.random.random() < self.mutation else p.threshold
            for p in parents
        ]
