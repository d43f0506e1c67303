"""Rule-based users of a common-pool resource: what each does, of what it knows, in plain values.

A rule reads :class:`Known`, plain values and texts, and one number drawn by chance. The table reads them out of a
question, the stand-in out of a prompt, and both call the rules here; so the two can differ only where a prompt does
not say what a table sees. What a user remembers is a text, its notes: effort, watchfulness, strictness, in words.
A norm is a text too: who proposes one puts its number into :data:`NORM`, and who obeys one looks for the number in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from coop_abm.core.part import Part, kinds_in, knob, one_of

#: The one text that rules propose as a norm, and the one that they note for themselves.
NORM = "Nobody should harvest with an effort above {:.4f}."
QUOTA = "Nobody should take more than {:.0f} units."
NOTES = "My effort is {:.4f}, I watch others with probability {:.4f}, I punish with probability {:.4f}."

_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)?", re.ASCII)
_NOTED = re.compile(
    r"effort is (\d\.\d{4}), I watch others with probability (\d\.\d{4}), I punish with probability (\d\.\d{4})"
)
#: Splitmix64 over the 53 bits of the number that a question gives each decider.
_STEP, _WORD = 0x9E3779B97F4A7C15, 0xFFFFFFFFFFFFFFFF


class Traits(NamedTuple):
    """What a rule-based user is: effort e, probability m to watch, probability p to punish; all in [0, 1]."""

    effort: float
    watching: float
    punishing: float

    def text(self) -> str:
        """In words, with four decimals, as notes."""
        return NOTES.format(*self)

    def rounded(self) -> Traits:
        """With as many decimals as the notes have."""
        return Traits(*(min(max(decimals(value), 0.0), 1.0) for value in self))


class Known(NamedTuple):
    """What a user of the commons knows when it has to decide; None where there is nothing to know.

    The latest harvest is the one of this round, or at stage ``harvest`` that of the round before.

    stage    : harvest, punish, learn, propose or vote
    round    : from 0
    person, people : its number; how many live, it included
    full     : the stock at the start, which nobody had harvested
    stock    : the stock now
    store    : what it has
    notes    : its own notes
    units    : are whole units asked for, and not an effort?
    learns   : are others' outcomes shown after each harvest?
    needs    : what it uses up in a round; None if nothing
    starves  : does whoever cannot cover that die?
    before, taken : the stock before the latest harvest; what all took of it
    chosen, took : own effort, or units asked for, in the latest harvest; what it brought
    lost, paid : fines of the latest round of punishment; what punishing others cost it
    usual    : the median of what those whom it hears of chose in the latest harvest
    fined    : how many were fined in the latest round
    fine     : what its next punishment would take from it; None where nobody can punish
    norm     : the norm in force, word for word; empty before the first, None where none is ever agreed on
    other    : punish: whom it watched; learn: whose outcome it is shown
    other_chosen, other_took : what that one chose and took in the latest harvest
    offences : how often that one was fined before
    costs, hurts : what a punishment costs the punisher and takes from that one
    outcome, other_outcome : mean gain a round over the last rounds, own and that one's
    other_notes : what that one says it does, word for word
    proposals : vote: (person, text) of each proposal that it hears
    limit    : most characters of a text, where one is asked for
    """

    stage: str
    round: int
    person: int
    people: int
    full: float
    stock: float
    store: float
    notes: str
    units: bool = False
    learns: bool = False
    needs: float | None = None
    starves: bool = False
    before: float | None = None
    taken: float | None = None
    chosen: float | None = None
    took: float | None = None
    lost: float | None = None
    paid: float | None = None
    usual: float | None = None
    fined: int | None = None
    fine: float | None = None
    norm: str | None = None
    other: int | None = None
    other_chosen: float | None = None
    other_took: float | None = None
    offences: int | None = None
    costs: float | None = None
    hurts: float | None = None
    outcome: float | None = None
    other_outcome: float | None = None
    other_notes: str | None = None
    proposals: tuple[tuple[int, str], ...] | None = None
    limit: int | None = None


def decimals(value: float) -> float:
    """A number as it is seen and told, with four decimals; both roads read the same one."""
    return float(f"{value:.4f}") + 0.0  # zero has no sign, in words or as a number


def chances(draw: float) -> Iterator[float]:
    """As many numbers in [0, 1) as one wants, from the one that a question gives.

    >>> from itertools import islice
    >>> len(set(islice(chances(0.5), 4)))
    4
    """
    state = int(draw * 2.0**53)
    while True:
        state = (state + _STEP) & _WORD
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
        yield ((z ^ (z >> 31)) >> 11) * 2.0**-53


def normal(chance: Iterator[float]) -> float:
    """A standard normal number, from two uniform ones (Box and Muller)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - next(chance)))
    return radius * math.cos(2.0 * math.pi * next(chance))


@lru_cache(maxsize=4096)
def traits_in(notes: str) -> Traits | None:
    """The traits that notes hold; None where they hold none."""
    found = _NOTED.search(notes)
    return Traits(*map(float, found.groups())) if found else None


@lru_cache(maxsize=4096)
def ceiling(text: str | None, units: bool) -> float | None:
    """The largest permitted effort, or number of units, that a norm names; None where it names none.

    An effort above 1 is read as a percentage.

    >>> ceiling("Nobody should harvest with an effort above 0.3125.", False), ceiling("At most 30 %!", False)
    (0.3125, 0.3)
    >>> ceiling("Be kind.", False) is None
    True
    """
    found = _NUMBER.search(text or "")
    if found is None:
        return None
    value = float(found.group().replace(",", "."))
    return value / 100.0 if value > 1.0 and not units else value


class User(Part):
    """A way to use the commons: one rule for each stage.

    persona : what a language model in its place is told that it is like, see ``scenario/minds.py``
    """

    persona: ClassVar[str] = ""

    def start(self, rng: np.random.Generator) -> str:
        """The notes with which it begins."""
        return ""

    def harvest(self, known: Known, draw: float) -> tuple[float, float]:
        """Effort (or units), and the probability with which it will watch somebody."""
        raise NotImplementedError

    def punish(self, known: Known, draw: float) -> bool:
        """Does it punish whom it watched?"""
        return False

    def learn(self, known: Known, draw: float) -> str:
        """Its notes from now on."""
        return known.notes

    def propose(self, known: Known, draw: float) -> str:
        """The norm that it proposes."""
        raise NotImplementedError

    def vote(self, known: Known, draw: float) -> int:
        """Whose proposal it votes for: the nearest to its own, never its own; -1 for nobody's.

        The first of those that are equally near. Proposals without a number come last.
        """
        named = [(person, ceiling(text, known.units)) for person, text in known.proposals or ()]
        own = next((value for person, value in named if person == known.person), None)
        others = [(person, value) for person, value in named if person != known.person]
        if not others:
            return -1
        if own is None:
            return others[0][0]
        return min(others, key=lambda other: math.inf if other[1] is None else abs(other[1] - own))[0]


class Habitual(User):
    """A user with habits: effort grows by itself, fines and norms curb it, successful others are imitated.

    All numbers are this project's own: the published model does not state them. A fine cuts the effort by
    `chastened`, otherwise it grows by `growth`. A norm is obeyed with a probability that rises with the fine to be
    expected: others are taken to be as watchful and strict as oneself. Who is imitated is copied in all traits,
    with the probability 1 / (1 + exp(-sensitivity (gain of the other - own gain))), and with errors of size `mutation`.
    What the stock bears is guessed from how it grew, with an error; a proposal lies between the own effort and that
    guess. Without a norm, whoever takes a tenth more than the median is an offender.
    """

    references = ("Gupta2025", "Schaefer1954")

    growth: float = knob(
        0.03, "growth", low=0, high=1, step=0.01, help="by which effort grows in a round without a fine"
    )
    chastened: float = knob(
        0.25, "chastening", low=0, high=1, step=0.05, help="share of the effort that a fine takes away"
    )
    compliance: float = knob(
        0.2, "compliance", low=0, high=1, step=0.05, help="chance to obey a norm that nobody enforces"
    )
    deterrence: float = knob(1.5, "deterrence", low=0, high=100, step=0.1, help="added to it per unit of expected fine")
    sensitivity: float = knob(
        2.0, "sensitivity", low=0, high=1000, step=0.5, help="of imitation, per unit of gain a round"
    )
    mutation: float = knob(
        0.02, "errors of imitation", low=0, high=1, step=0.01, help="standard deviation, for each trait"
    )
    misjudging: float = knob(
        0.2, "errors of judgement", low=0, high=10, step=0.05, help="relative, of what the stock bears"
    )
    insight: float = knob(
        0.35, "insight", low=0, high=1, step=0.05, help="weight of what the stock bears in a proposal"
    )

    #: (a, b) of the beta distributions that efforts, and the two other traits, are drawn from at the start.
    eager: ClassVar[tuple[float, float]]
    strict: ClassVar[tuple[float, float]]

    def start(self, rng: np.random.Generator) -> str:
        return Traits(rng.beta(*self.eager), rng.beta(*self.strict), rng.beta(*self.strict)).rounded().text()

    @property
    def usual(self) -> Traits:
        """The mean habits of its kind; those of a user whose notes hold none, as where rules stand in for a model."""
        (a, b), (c, d) = self.eager, self.strict
        return Traits(a / (a + b), c / (c + d), c / (c + d)).rounded()

    def traits(self, known: Known) -> Traits:
        """What it is now: its notes, or what it last did where notes are never written again."""
        noted = traits_in(known.notes) or self.usual
        return noted if known.learns or known.chosen is None else noted._replace(effort=known.chosen)

    def harvest(self, known: Known, draw: float) -> tuple[float, float]:
        own, chance = self.traits(known), chances(draw)
        effort = own.effort
        if known.chosen is not None:
            effort = effort * (1.0 - self.chastened) if known.lost else min(effort * (1.0 + self.growth), 1.0)
        permitted = ceiling(known.norm, known.units)
        if permitted is not None:
            expected = own.watching * own.punishing * (known.fine or 0.0)
            if next(chance) < min(self.compliance + self.deterrence * expected, 0.95):
                effort = min(effort, permitted)
        return decimals(effort), own.watching

    def punish(self, known: Known, draw: float) -> bool:
        permitted = ceiling(known.norm, known.units)
        if permitted is None:
            permitted = 1.1 * (known.usual or 0.0)
        offends = known.other_chosen is not None and known.other_chosen > permitted
        return offends and next(chances(draw)) < self.traits(known).punishing

    def learn(self, known: Known, draw: float) -> str:
        own, chance = self.traits(known), chances(draw)
        if known.chosen is not None:
            own = own._replace(effort=known.chosen)
        if known.other is not None and known.other_chosen is not None:
            ahead = (known.other_outcome or 0.0) - (known.outcome or 0.0)
            if next(chance) < 1.0 / (1.0 + math.exp(min(-self.sensitivity * ahead, 700.0))):
                noted = traits_in(known.other_notes or "") or own
                own = noted._replace(effort=known.other_chosen)
        return Traits(*(trait + self.mutation * normal(chance) for trait in own)).rounded().text()

    def propose(self, known: Known, draw: float) -> str:
        own, chance = self.traits(known).effort, chances(draw)
        guess = self.bearable(known)
        guess = own if guess is None else min(max(guess * (1.0 + self.misjudging * normal(chance)), 0.0), 1.0)
        return NORM.format((1.0 - self.insight) * own + self.insight * guess)

    @staticmethod
    def bearable(known: Known) -> float | None:
        """The effort of each that the stock seems to bear: r / (2 + r) / (alpha N), guessed from the last harvest.

        What was left, X, grew by r X (1 - X / K); the untouched stock is taken for K, and alpha follows from what
        the own effort brought. None where nothing can be told from it.
        """
        if known.before is None or known.taken is None or not known.took or not known.chosen:
            return None
        left = known.before - known.taken
        crowding = left * (1.0 - left / known.full)
        if crowding <= 0.0:
            return None
        rate = (known.stock - left) / crowding
        catchability = known.took / (known.chosen * known.before)
        return rate / ((2.0 + rate) * catchability * known.people)


class Selfish(Habitual):
    """Starts with high effort, seldom watches and seldom punishes; proposes norms near to what it does itself."""

    title = "selfish"
    persona = "selfish"
    eager, strict = (8.0, 2.0), (2.0, 5.0)
    kind: Literal["selfish"] = "selfish"


class Altruistic(Habitual):
    """Starts with low effort, often watches and punishes; proposes norms near to what the stock seems to bear."""

    title = "altruistic"
    persona = "cooperative"
    eager, strict = (2.0, 8.0), (5.0, 2.0)
    kind: Literal["altruistic"] = "altruistic"
    insight: float = knob(0.8, "insight", low=0, high=1, step=0.05, help="weight of what the stock bears in a proposal")


class Quota(User):
    """Takes an equal share of half of the stock, in whole units: floor(floor(R / 2) / N), what a doubling stock bears.

    References
    ----------
    Piatti2024
    """

    title = "quota"
    persona = "cooperative"
    references = ("Piatti2024",)
    kind: Literal["quota"] = "quota"

    def harvest(self, known: Known, draw: float) -> tuple[float, float]:
        return float(int(known.stock / 2) // known.people), 0.0

    def propose(self, known: Known, draw: float) -> str:
        return QUOTA.format(int(known.stock / 2) // known.people)


class Grasping(User):
    """Takes whatever it can: full effort, or all units that are there."""

    title = "grasping"
    persona = "selfish"
    kind: Literal["grasping"] = "grasping"

    def harvest(self, known: Known, draw: float) -> tuple[float, float]:
        return (float(int(known.stock)) if known.units else 1.0), 0.0

    def propose(self, known: Known, draw: float) -> str:
        return QUOTA.format(int(known.stock)) if known.units else NORM.format(1.0)


USERS = kinds_in(globals(), User)

AnyUser = one_of(*USERS)


def spelled(user: User) -> str:
    """As the stand-in spells it: its kind, and the knobs that are not what they are by themselves.

    >>> spelled(Selfish(sensitivity=4.0)), spelled(Quota())
    ('selfish?sensitivity=4.0', 'quota')
    """
    kind: Any = user
    told = [f"{name}={getattr(user, name)!r}" for name, field in type(user).model_fields.items()
            if name != "kind" and getattr(user, name) != field.default]  # fmt: skip
    return kind.kind + ("?" + "&".join(told) if told else "")
