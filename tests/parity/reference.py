"""The oracle: the same worlds again, naively, in dictionaries and lists.

Written from the papers and from what the docstrings promise, not from the kernels. Only random
numbers are shared: the same addresses and streams give the same draws. Nothing is kept up to date
here; whatever is needed is worked out from the beginning each time.

Traulsen & Nowak (2006) for groups that grow; Ohtsuki et al. (2006) for death-birth, birth-death and
imitation; Traulsen et al. (2006) for pairwise comparison; Ohtsuki & Iwasa (2004) for norms; Ohtsuki, Pacheco &
Nowak (2007) for who meets whom on one graph and replaces whom on another.
"""

from __future__ import annotations

import math

import numpy as np

from coop_abm.core import dice as chance
from coop_abm.core.kernel import engine

GOOD, BAD = 1, 0
#: Rules by which an event on a graph asks for a second random number.
TWO_DRAWS = ("birth_death", "pairwise_comparison", "proportional_imitation")
#: What a norm calls good, given whether the donor helped and whether the recipient was good.
NORMS = {
    "image_scoring": lambda helped, worthy: helped,
    "simple_standing": lambda helped, worthy: helped or not worthy,
    "stern_judging": lambda helped, worthy: helped == worthy,
    "shunning": lambda helped, worthy: helped and worthy,
}


def norm_of(assessment):
    """(helped, recipient good, donor good) -> good, from the published tables."""
    if assessment.kind != "leading_eight":
        return lambda helped, worthy, _own: NORMS[assessment.kind](helped, worthy)
    # Hilbe et al. (2018), table 1: L1 ... L8 in the three cases in which they differ.
    good_helps_bad = "GBGGBBGB"[assessment.number - 1] == "G"
    bad_helps_bad = "GGGBGBBB"[assessment.number - 1] == "G"
    bad_refuses_bad = "BBGGGGBB"[assessment.number - 1] == "G"

    def judged(helped, worthy, own):
        if worthy:
            return helped
        if own:
            return good_helps_bad if helped else True
        return bad_helps_bad if helped else bad_refuses_bad

    return judged


def drawn_from(weighted, u):
    """One of [(thing, weight)], in proportion to weight; None where there is nothing to draw."""
    total = 0.0
    for _, weight in weighted:
        total += weight
    passed, found = 0.0, None
    for thing, weight in weighted:
        if weight > 0:
            passed, found = passed + weight, thing
            if u * total < passed:
                break
    return found


class Stream:
    """A stream of random numbers, one after the other."""

    def __init__(self, words):
        self.words = words

    def __call__(self):
        with engine("plain"):
            u, *self.words = chance.drawn(*self.words)
        return float(u)

    def shuffle(self, things):
        for a in range(len(things) - 1, 0, -1):
            b = int(self() * (a + 1))
            things[a], things[b] = things[b], things[a]
        return things


class Society:
    """What both clocks have in common: who is where, and who replaces whom."""

    def __init__(self, scenario, seed):
        s = self.scenario = scenario
        self.size = s.size
        kinds = list(dict.fromkeys(p.strategy for p in s.players))
        self.kinds = kinds
        self.automata = [kind.automaton(s.game.payoffs()) for kind in kinds]
        self.starting = [
            k for k, n in enumerate(s.starting_counts().tolist()) for _ in range(n)
        ]  # fmt: skip
        self.relatedness = s.kin.relatedness if s.kin.enabled and s.kin.channel == "value" else 0.0
        self.assortment = s.kin.relatedness if s.kin.enabled and s.kin.channel == "meeting" else 0.0
        self.continuation = s.direct.continuation if s.direct.enabled else 0.0
        self.visibility = s.indirect.visibility if s.indirect.enabled else 0.0
        on_a_graph = s.network.enabled and s.network.graph.kind != "complete"
        self.grouped = s.group.enabled and 0 < s.group.size < self.size
        self.fluid = self.grouped and not on_a_graph
        mates = s.group.size if self.grouped else self.size
        #: the living: individual -> its group
        self.group = {i: i // mates for i in range(self.size)}
        self.groups = self.size // mates
        self.edges = {i: {j: 1.0 for j in range(self.size) if j != i} for i in range(self.size)}
        if on_a_graph:
            drawn = chance.graph_seed(seed, 0)
            self.edges = self.joined(s.network.graph.build(self.size, drawn))
        #: those among whom one is replaced, or finds a model
        self.ties = self.edges
        if on_a_graph and s.network.replacement.kind != "same":
            self.ties = self.joined(s.network.replacement.build(self.size, chance.replacement_seed(drawn)))

    def joined(self, graph):
        """{i: {neighbour: weight}}, within groups where there are groups."""
        edges = {i: {} for i in range(self.size)}
        for i, j, weight in zip(*graph.edges(), strict=True):
            if self.group[i] == self.group[j]:
                edges[i][j] = edges[j][i] = float(weight)
        return edges

    def around(self, i):
        """[(neighbour, weight)] of i, whom it meets, in ascending order; in growing groups, its living mates."""
        if self.fluid:
            return [(j, 1.0) for j in sorted(self.group) if j != i and self.group[j] == self.group[i]]
        return sorted(self.edges[i].items())

    def rivals(self, i):
        """The same of those who compete for the place of i, or whom it may imitate."""
        return sorted(self.ties[i].items())

    def model_of(self, i, v, w, payoff, fitness):
        """Whose strategy does i carry on with, by imitation or by comparison?"""
        kind = self.scenario.update.kind
        if kind == "imitate_the_best":
            richest = max([payoff[i], *(payoff[j] for j, _ in self.rivals(i))])
            best = [j for j, _ in self.rivals(i) if payoff[j] == richest]
            return i if payoff[i] == richest else best[int(v * len(best))]
        if kind == "imitation":
            return drawn_from([(i, fitness[i])] + [(j, x * fitness[j]) for j, x in self.rivals(i)], v)
        j = drawn_from(self.rivals(i), v)
        gain = 0.0 if j is None else payoff[j] - payoff[i]
        if kind == "proportional_imitation":
            s = self.scenario
            ways = [x for row in s.game.payoffs().tolist() for x in row]
            spread = (max(ways) - min(ways)) * (1 + self.relatedness) / (1 - self.continuation)
            if s.payoff == "accumulated" and (s.clock == "event" or s.partners == "all"):
                spread *= max(sum(x for _, x in self.rivals(m)) for m in (i, i if j is None else j))
            return i if gain <= 0 or w >= gain / spread else j
        return i if j is None or w >= 1 / (1 + math.exp(-self.scenario.update.intensity * gain)) else j

    def replacement(self, u, v, w, payoff, fitness):
        """(who is replaced, by whose offspring or example)."""
        kind, everybody = self.scenario.update.kind, range(self.size)
        if kind == "birth_death":
            parent = drawn_from([(i, fitness[i]) for i in everybody], u)
            dead = drawn_from(self.rivals(parent), w)
            return (parent if dead is None else dead), parent
        dead = int(u * self.size)
        if kind == "death_birth":
            parent = drawn_from([(j, x * fitness[j]) for j, x in self.rivals(dead)], v)
            return dead, (dead if parent is None else parent)
        return dead, self.model_of(dead, v, w, payoff, fitness)

    def seated(self, stream):
        """Who starts where: the declared nodes first, the rest in random order."""
        given = {n: self.kinds.index(p.strategy) for p in self.scenario.players for n in p.nodes}
        rest = list(self.starting)
        for kind in given.values():
            rest.remove(kind)
        rest = iter(stream.shuffle(rest))
        return [given[i] if i in given else next(rest) for i in range(self.size)]

    def generation(self, stream, strategy, fitness):
        """Everybody is replaced by a copy of a parent drawn from all, by fitness."""
        born = []
        for _ in range(self.size):
            born.append(strategy[drawn_from([(j, fitness[j]) for j in range(self.size)], stream())])
            stream()  # which of the founders of one's family: there is only one
        return born

    def take_over(self, home, stream, strategy):
        """The home group copies itself onto another one, in random order."""
        other = drawn_from([(g, 1.0) for g in range(self.groups) if g != home], stream())
        ours, theirs = ([i for i in range(self.size) if self.group[i] == g] for g in (home, other))
        for mine, yours in zip(ours, stream.shuffle(theirs), strict=True):
            strategy[yours] = strategy[mine]

    def birth(self, stream, strategy, fitness):
        """One birth in groups that grow and split; the newborn, or None if it died at once."""
        parent = drawn_from([(i, fitness[i]) for i in sorted(self.group)], stream())
        home = self.group[parent]
        members = [i for i in sorted(self.group) if self.group[i] == home]
        traits = strategy[parent], fitness[parent]
        newborn, divides = None, False
        if len(members) == self.scenario.group.size:
            divides = stream() < self.scenario.group.split
            if not divides:  # somebody dies, and the newborn takes the place
                newborn = drawn_from([(i, 1.0) for i in [*members, None]], stream())
                if newborn is None:
                    return None
        if divides:
            doomed = drawn_from([(g, 1.0) for g in range(self.groups) if g != home], stream())
            for i in [i for i in self.group if self.group[i] == doomed]:
                del self.group[i]
        if newborn is None:
            newborn = min(i for i in range(self.size) if i not in self.group)
        strategy[newborn], fitness[newborn] = traits
        self.group[newborn] = home
        if divides:
            family = sorted([*members, newborn])
            moved = []
            while not 0 < len(moved) < len(family):
                moved = [i for i in family if stream() < 0.5]
            self.group |= dict.fromkeys(moved, doomed)
        return newborn


class Rounds(Society):
    """One world on the round clock."""

    def __init__(self, scenario, seed, replicate=0):
        super().__init__(scenario, seed)
        self.dice = chance.dice(seed, 1, first=replicate)
        self.t = 0
        self.strategy = self.seated(self.stream(chance.PLACE, 0, 0))
        self.standing = dict.fromkeys(range(self.size), GOOD)
        self.private = scenario.indirect.enabled and scenario.indirect.opinions == "private"
        #: what the first thinks of the second
        self.opinion = {(i, j): GOOD for i in range(self.size) for j in range(self.size)}
        self.payoff = dict.fromkeys(range(self.size), 0.0)

    def u(self, purpose, turn, row):
        with engine("plain"):
            return float(chance.uniform(self.dice, 0, purpose, self.t, turn, row))

    def stream(self, purpose, turn, row):
        with engine("plain"):
            return Stream(chance.open_stream_at(self.dice, 0, purpose, self.t, turn, row))

    def round(self):
        rule = self.scenario.indirect
        norm = norm_of(rule.assessment) if rule.enabled and rule.assessment.kind != "type" else None
        if norm is None:  # one is what one is: does one help a stranger?
            for i in self.group:
                self.standing[i] = int(self.automata[self.strategy[i]].helps_strangers)
        meetings = [(e, pair, *self.meeting(e, pair)) for e, pair in self.pairs()]
        self.feel(meetings)
        if norm:
            self.judge(norm, meetings)
        self.learn()
        self.t += 1

    def pairs(self):
        if self.scenario.partners == "all":
            return list(enumerate((i, j) for i in range(self.size) for j, _ in self.around(i) if i < j))
        found = []
        for i in sorted(self.group):
            partner = drawn_from(self.around(i), self.u(chance.MEET, 0, i))
            if self.u(chance.MEET, 1, i) < self.assortment:
                partner = i
            if partner is not None:
                found.append((i, (i, partner)))
        return found

    def meeting(self, e, pair):
        """All turns of encounter e; the totals and the last acts (True: cooperated) of both."""
        totals, states, last, turn = [0.0, 0.0], [0, 0], [0, 0], 0
        while True:
            did = []
            for side in (0, 1):
                row, me, you = 2 * e + side, pair[side], pair[1 - side]
                known = self.u(chance.KNOW, turn, row) < self.visibility
                name, own = self.standing[you], self.standing[me]
                if self.private:
                    name, own = self.opinion[me, you], self.opinion[me, me]
                seen = name if known else 2
                likely = self.automata[self.strategy[me]].cooperate[states[side], last[side], seen, 0, own]
                helps = self.u(chance.ACT, turn, row) < likely
                slips = self.u(chance.SLIP, turn, row) < self.scenario.execution_error
                did.append(helps != (slips and (helps or self.scenario.slips == "both")))
            for side in (0, 1):
                mine, yours = int(not did[side]), int(not did[1 - side])
                totals[side] += self.scenario.game.payoffs()[mine, yours]
                states[side] = self.automata[self.strategy[pair[side]]].next_state[states[side], 2 * mine + yours]
                last[side] = 1 + 2 * mine + yours
            if self.u(chance.AGAIN, turn, e) >= self.continuation:
                return totals, did
            turn += 1

    def feel(self, meetings):
        everybody = self.scenario.partners == "all"
        felt = {i: [] for i in range(self.size)}
        for _, pair, totals, _ in meetings:
            weight = self.edges[pair[0]][pair[1]] if everybody else 1.0
            for side in (0, 1) if everybody else (0,):  # who is sought is not paid for it
                felt[pair[side]].append((weight, weight * (totals[side] + self.relatedness * totals[1 - side])))
        for i, values in felt.items():
            whole, weight = math.fsum(x for _, x in values), math.fsum(w for w, _ in values)
            self.payoff[i] = whole / weight if values and self.scenario.payoff == "averaged" else whole

    def judge(self, norm, meetings):
        if self.private:
            self.judge_privately(norm, meetings)
            return
        before = dict(self.standing)
        for e, pair, _, did in meetings:
            for side in (0, 1):
                blind = self.u(chance.JUDGE, 1, 2 * e + side) < self.scenario.indirect.perception_error
                verdict = norm(did[side] != blind, before[pair[1 - side]] == GOOD, before[pair[side]] == GOOD)
                wrong = self.u(chance.JUDGE, 0, 2 * e + side) < self.scenario.indirect.assessment_error
                self.standing[pair[side]] = GOOD if verdict != wrong else BAD

    def judge_privately(self, norm, meetings):
        before, rule = dict(self.opinion), self.scenario.indirect
        for e, pair, _, did in meetings:
            for side in (0, 1):
                donor, recipient = pair[side], pair[1 - side]
                for o in range(self.size):
                    row = (2 * e + side) * self.size + o
                    if o not in pair and self.u(chance.JUDGE, 2, row) >= rule.observation:
                        continue
                    blind = o != donor and self.u(chance.JUDGE, 3, row) < rule.perception_error
                    wrong = o != donor and self.u(chance.JUDGE, 4, row) < rule.assessment_error
                    verdict = norm(did[side] != blind, before[o, recipient] == GOOD, before[o, donor] == GOOD)
                    self.opinion[o, donor] = GOOD if verdict != wrong else BAD
        for i in range(self.size):
            well = sum(self.opinion[o, i] == GOOD for o in range(self.size) if o != i)
            self.standing[i] = GOOD if well >= (self.size - 1) / 2 else BAD

    def clear(self, i):
        """Somebody new: in good standing with all, and all with it."""
        self.standing[i] = GOOD
        for j in range(self.size):
            self.opinion[i, j] = self.opinion[j, i] = GOOD

    def learn(self):
        update, alive = self.scenario.update, sorted(self.group)
        richest = max(self.payoff[i] for i in alive)
        fitness = {i: math.exp(update.selection * (self.payoff[i] - richest)) for i in alive}
        if update.kind == "wright_fisher":
            self.strategy = self.generation(self.stream(chance.LEARN, 0, 0), self.strategy, fitness)
            for i in alive:
                self.clear(i)
        elif self.fluid:
            for r in range(update.replacements):
                newborn = self.birth(self.stream(chance.LEARN, r, 0), self.strategy, fitness)
                if newborn is not None:
                    self.clear(newborn)
        elif update.synchronous:
            draws = {i: (self.u(chance.LEARN, 0, i), self.u(chance.LEARN, 1, i)) for i in alive}
            models = {i: self.model_of(i, *draws[i], self.payoff, fitness) for i in alive}
            self.strategy = [self.strategy[models[i]] for i in alive]
            for i in alive:
                if models[i] != i:
                    self.perhaps_take_over(0, i)
        else:
            for r in range(update.replacements):
                u, v, w = (self.u(chance.LEARN, r, which) for which in range(3))
                dead, parent = self.replacement(u, v, w, self.payoff, fitness)
                if dead != parent:
                    self.strategy[dead], fitness[dead] = self.strategy[parent], fitness[parent]
                    self.clear(dead)
                    self.perhaps_take_over(1 + r, dead)

    def perhaps_take_over(self, turn, i):
        if self.grouped and self.u(chance.SPLIT, 2 * turn, i) < self.scenario.group.split:
            self.take_over(self.group[i], self.stream(chance.SPLIT, 2 * turn + 1, i), self.strategy)


class Events(Society):
    """One world on the event clock, individual by individual."""

    def __init__(self, scenario, seed, replicate=0):
        super().__init__(scenario, seed)
        self.matrix = scenario.matrix(scenario.answers(seed))
        with engine("plain"):
            self.stream = Stream(chance.open_stream(chance.stream_base(seed), replicate))
        self.strategy = self.seated(self.stream)
        self.events = 0

    def expected(self):
        """What each of the living can expect of its neighbours, and its fitness."""
        payoff = {}
        for i in sorted(self.group):
            near = self.around(i)
            whole = math.fsum(weight * self.matrix[self.strategy[i], self.strategy[j]] for j, weight in near)
            share = math.fsum(weight for _, weight in near) if self.scenario.payoff == "averaged" else 1.0
            payoff[i] = whole / share if near else 0.0
        return payoff, {i: math.exp(self.scenario.update.selection * x) for i, x in payoff.items()}

    def event(self):
        payoff, fitness = self.expected()
        if self.scenario.update.kind == "wright_fisher":
            richest = max(payoff.values())
            fitness = {i: math.exp(self.scenario.update.selection * (x - richest)) for i, x in payoff.items()}
            self.strategy = self.generation(self.stream, self.strategy, fitness)
            self.events += self.size
            return
        self.events += 1
        if self.fluid:
            self.birth(self.stream, self.strategy, dict(fitness))
            return
        u = self.stream()
        v = u * self.size - int(u * self.size)  # what is left of u after it drew one of all
        w = self.stream() if self.scenario.update.kind in TWO_DRAWS else None
        dead, parent = self.replacement(u, v, w, payoff, fitness)
        self.strategy[dead] = self.strategy[parent]
        if self.grouped and dead != parent and self.stream() < self.scenario.group.split:
            self.take_over(self.group[dead], self.stream, self.strategy)

    @property
    def winner(self):
        """The strategy that all the living hold, -1 while there are more."""
        left = {self.strategy[i] for i in self.group}
        return left.pop() if len(left) == 1 else -1

    def run(self, limit):
        while self.winner < 0 and self.events < limit:
            self.event()
        return self


def columns(society):
    """The living of a society, as the table has them: individual -> (strategy, group)."""
    return {i: (int(society.strategy[i]), int(society.group[i])) for i in sorted(society.group)}


def table_of(strategy, group, alive):
    """The same of a row of columns."""
    return {int(i): (int(strategy[i]), int(group[i])) for i in np.flatnonzero(alive)}
