"""The strategies that the literature calls by name."""

from __future__ import annotations

from typing import Literal

import numpy as np

from coop_abm.core.part import knob
from coop_abm.strategies.table import BAD, Automaton, Strategy, memory_one, refusing_the_bad


class AllC(Strategy):
    """Always cooperates.

    Names: ALLC, Cooperator [Axelrod1984].
    """

    title = "always cooperate"
    references = ("Axelrod1984",)
    kind: Literal["allc"] = "allc"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        return memory_one(1, 1, 1, 1, 1)


class AllD(Strategy):
    """Always defects.

    Names: ALLD, Defector [Axelrod1984].
    """

    title = "always defect"
    references = ("Axelrod1984",)
    kind: Literal["alld"] = "alld"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        return memory_one(0, 0, 0, 0, 0)


class TitForTat(Strategy):
    """Cooperates first, then does what the partner did last.

    Names: TFT, Tit For Tat [Axelrod1984].
    """

    title = "tit-for-tat"
    references = ("Axelrod1984",)
    kind: Literal["tft"] = "tft"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        return memory_one(1, 1, 0, 1, 0)


class GenerousTitForTat(Strategy):
    """Tit-for-tat that forgives a defection with some probability.

    With `generosity` -1 it forgives as often as it can afford,
    g = min(1 - (T - R)/(R - S), (R - P)/(T - P)), which is 1 - c/b in the donation game.

    Names: GTFT [NowakSigmund1992].
    """

    title = "generous tit-for-tat"
    references = ("NowakSigmund1992",)
    kind: Literal["gtft"] = "gtft"
    generosity: float = knob(
        -1.0, "generosity", low=-1, high=1, step=0.05, help="chance to forgive; -1 = as much as it can afford"
    )

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        g = self.generosity
        if g < 0:
            (reward, sucker), (temptation, punishment) = payoffs
            forgiving = [1.0]
            if reward != sucker:
                forgiving.append(1 - (temptation - reward) / (reward - sucker))
            if temptation != punishment:
                forgiving.append((reward - punishment) / (temptation - punishment))
            g = float(np.clip(min(forgiving), 0, 1))
        return memory_one(1, 1, g, 1, g)


class WinStayLoseShift(Strategy):
    """Repeats its action after a good outcome and changes it after a bad one.

    Names: WSLS, Pavlov [NowakSigmund1993].
    """

    title = "win-stay, lose-shift"
    references = ("NowakSigmund1993",)
    kind: Literal["wsls"] = "wsls"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        return memory_one(1, 1, 0, 0, 1)


class Grim(Strategy):
    """Cooperates until the partner defects once, then defects for the rest of the encounter.

    Names: GRIM, Grim Trigger, Friedman [Friedman1971].
    """

    title = "grim trigger"
    references = ("Friedman1971",)
    kind: Literal["grim"] = "grim"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        cooperate = np.zeros((2, 5, 3, 2, 2))
        cooperate[0] = 1.0
        trusting_then_angry = np.array([[0, 1, 0, 1], [1, 1, 1, 1]], np.int64)
        return Automaton(cooperate, trusting_then_angry)


class TitForTwoTats(Strategy):
    """Defects only after two defections of its partner in a row.

    Names: TF2T, Tit For 2 Tats [Axelrod1984].
    """

    title = "tit-for-two-tats"
    references = ("Axelrod1984",)
    kind: Literal["tf2t"] = "tf2t"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        cooperate = np.zeros((3, 5, 3, 2, 2))
        cooperate[:2] = 1.0  # the state is how many defections there were in a row
        return Automaton(cooperate, np.array([[0, 1, 0, 1], [0, 2, 0, 2], [0, 2, 0, 2]], np.int64))


class TwoTitsForTat(Strategy):
    """Answers each defection of its partner with two of its own.

    Names: TTFT, 2TFT, Two Tits For Tat [Axelrod1984].
    """

    title = "two-tits-for-tat"
    references = ("Axelrod1984",)
    kind: Literal["ttft"] = "ttft"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        cooperate = np.zeros((3, 5, 3, 2, 2))
        cooperate[0] = 1.0  # the state is how many answers are due
        return Automaton(cooperate, np.array([[0, 2, 0, 2], [0, 2, 0, 2], [1, 2, 1, 2]], np.int64))


class Discriminator(Strategy):
    """Helps everybody except those it sees in bad standing; remembers nothing of the encounter.

    Names: Discriminator, q-strategist [NowakSigmund1998].
    """

    title = "discriminator"
    references = ("NowakSigmund1998", "Nowak2006")
    kind: Literal["discriminator"] = "discriminator"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        return refusing_the_bad(memory_one(1, 1, 1, 1, 1))


class OrDiscriminator(Strategy):
    """Helps the good, and helps anybody while it is in bad standing itself.

    This is the action rule that goes with L1 and L2 of the leading eight; the plain discriminator goes
    with the other six.

    Names: OR [OhtsukiIwasa2004].
    """

    title = "good partner or bad self"
    references = ("OhtsukiIwasa2004",)
    kind: Literal["or_discriminator"] = "or_discriminator"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        row = refusing_the_bad(memory_one(1, 1, 1, 1, 1))
        row.cooperate[:, :, BAD, :, BAD] = 1.0  # own standing is the last axis
        return row


class Reciprocator(Strategy):
    """Helps unless its partner refused it in the previous turn, or is seen in bad standing.

    It is tit-for-tat where only memory is to be had, a discriminator where only reputation is, and
    an unconditional helper where there is neither: the cooperator of all five rules.

    Names: discriminating reciprocator; TFT of [Nowak2006] when reputation is off.
    """

    title = "reciprocator"
    references = ("Nowak2006", "Axelrod1984")
    kind: Literal["reciprocator"] = "reciprocator"

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        return refusing_the_bad(memory_one(1, 1, 0, 1, 0))


class ZeroDeterminant(Strategy):
    """Enforces a straight line between the two players' long-run payoffs.

    Whatever the partner does, own - baseline = slope * (partner's - baseline) in the limit of many
    turns. With the punishment payoff as baseline it extorts (Extort-2: slope 2), with the reward as
    baseline it is generous (ZDGTFT-2: slope 2, strength 1).

    Names: ZD, Extort-2, ZDGTFT-2 [PressDyson2012, StewartPlotkin2012].
    """

    title = "zero-determinant"
    references = ("PressDyson2012", "StewartPlotkin2012")
    kind: Literal["zero_determinant"] = "zero_determinant"
    slope: float = knob(3.0, "slope", low=1, high=100, step=0.5, help="own gain for each unit of the partner's")
    baseline: Literal["punishment", "reward"] = knob("punishment", "baseline", help="where the line starts")
    strength: float = knob(0.5, "strength", low=0.001, high=1, step=0.05, help="share of the largest possible step")

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        (reward, sucker), (temptation, punishment) = payoffs
        base = punishment if self.baseline == "punishment" else reward
        own = np.array([reward, sucker, temptation, punishment]) - base
        partner = np.array([reward, temptation, sucker, punishment]) - base
        tilt = own - self.slope * partner  # after CC, CD, DC, DD
        # Probabilities are 1 + step * tilt after own C and step * tilt after own D, within [0, 1].
        room = [-t for t in tilt[:2] if t < 0] + [t for t in tilt[2:] if t > 0]
        step = self.strength / max(room) if room else 0.0
        cc, cd, dc, dd = np.clip(np.array([1.0, 1.0, 0.0, 0.0]) + step * tilt, 0, 1)
        return memory_one(1, cc, cd, dc, dd)


class MemoryOne(Strategy):
    """Any strategy that looks at the last outcome alone, given by its five probabilities.

    Names: memory-one, reactive stochastic strategy [NowakSigmund1993].
    """

    title = "memory-one"
    references = ("NowakSigmund1993",)
    kind: Literal["memory_one"] = "memory_one"
    start: float = knob(1.0, "cooperate first", low=0, high=1, step=0.05, help="probability in the first turn")
    cc: float = knob(1.0, "after CC", low=0, high=1, step=0.05, help="probability after mutual cooperation")
    cd: float = knob(0.0, "after CD", low=0, high=1, step=0.05, help="probability after being exploited")
    dc: float = knob(1.0, "after DC", low=0, high=1, step=0.05, help="probability after exploiting")
    dd: float = knob(0.0, "after DD", low=0, high=1, step=0.05, help="probability after mutual defection")

    def automaton(self, payoffs: np.ndarray) -> Automaton:
        return memory_one(self.start, self.cc, self.cd, self.dc, self.dd)
