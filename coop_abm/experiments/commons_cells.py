"""The worlds of the commons experiment, and what others published of theirs."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.engine.commons import STARTS, WORLDS, Commons, Users, commons, fishery
from coop_abm.games.commons import Logistic
from coop_abm.scenario.deciders import mind_of
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.wording import declared
from coop_abm.strategies.commons import Grasping, Quota

#: Social learning and group decision, by arm.
ARMS = {"full": (True, True), "learning only": (True, False), "vote only": (False, True), "neither": (False, False)}
#: Values of the sweeps: fine gamma, at r = 0.25; regrowth r; regrowth r of the three starts, where living costs 0.5.
FINES, RATES, RICHNESS = (0.0, 0.25, 0.5, 1.0, 2.0), (0.1, 0.2, 0.3, 0.4, 0.5), (0.2, 0.35, 0.6, 0.9)
MIDDLE, LIVING = 0.25, 0.5
PARTS = ("ablation", "punishment", "regrowth", "restraint", "fishery")

#: Survival time T_s with selfish language models [Gupta2025], as a review of the preprint quotes it; its resource, its
#: models and its number of rounds beyond 50 are not stated there.
PUBLISHED = {("selfish", "learning only"): 17.56, ("selfish", "vote only"): 38.21}
#: (T_s, share of runs that survived) of this project's offline reference: 60 runs a cell of a small program that is
#: independent of this package, without starvation; see ``docs/commons.md``.
REFERENCE = {
    ("rich", "selfish"): ((45.9, 0.82), (13.7, 0.0), (50.0, 1.0), (14.9, 0.0)),
    ("scarce", "selfish"): ((39.6, 0.67), (10.0, 0.0), (49.2, 0.97), (10.9, 0.0)),
    ("rich", "altruistic"): ((50.0, 1.0), (49.6, 0.95), (50.0, 1.0), (50.0, 1.0)),
    ("scarce", "altruistic"): ((50.0, 1.0), (48.7, 0.87), (50.0, 1.0), (49.9, 0.97)),
}
REFERENCE_FINES = dict(zip(FINES, (22.8, 38.4, 43.0, 46.5, 48.0), strict=True))
REFERENCE_RATES = dict(zip(RATES, (28.0, 39.6, 45.5, 48.2, 49.5), strict=True))
#: How the reference was run, and for how long the published models.
REFERENCE_ROUNDS, REFERENCE_SIZE = 50, 10
#: The knobs that the cells of each part differ in.
_SWITCHES = ("stock.rate", "social_learning", "group_decision")
VARIED = {
    "ablation": _SWITCHES,
    "punishment": ("fine", "punishment"),
    "regrowth": ("stock.rate",),
    "restraint": _SWITCHES,
}


class Govsim(NamedTuple):
    """One line of GovSim's table of the fishery [Piatti2024], Table 1: in percent, but months."""

    model: str
    rate: float
    months: float
    efficiency: float
    equality: float
    over_use: float


GOVSIM = (
    Govsim("GPT-4o", 53.3, 9.3, 55.0, 94.4, 10.8),
    Govsim("Claude-3 Opus", 46.7, 6.9, 48.8, 91.4, 21.0),
    Govsim("GPT-4-turbo", 40.0, 6.6, 52.0, 93.6, 15.7),
    Govsim("Qwen-110B", 20.0, 4.5, 30.3, 89.6, 47.0),
    Govsim("GPT-4", 6.7, 3.9, 26.2, 91.4, 27.1),
)


class Named(NamedTuple):
    """What a cell is about.

    part  : of the experiment
    place : rich or scarce, or the value of what is swept, in words
    start : selfish, mixed or altruistic; who fishes
    arm   : of the ablation
    x     : the value of what is swept
    """

    part: str
    place: str
    start: str
    arm: str
    x: float = float("nan")


def ablation(size: int, rounds: int) -> dict[str, tuple[Named, Commons]]:
    """Social learning x group decision, of three starts in two worlds."""
    found = {}
    for world in WORLDS:
        for start in STARTS:
            for arm, (learning, deciding) in ARMS.items():
                declared = commons(
                    start, world, size=size, horizon=rounds, social_learning=learning, group_decision=deciding
                )
                found[f"{world}, {start}: {arm}"] = Named("ablation", world, start, arm), declared
    return found


def punishment(size: int, rounds: int) -> dict[str, tuple[Named, Commons]]:
    """How strongly offenders are punished, in the full system of selfish users."""
    return {
        f"fine {fine:g}": (
            Named("punishment", f"r = {MIDDLE:g}", "selfish", "full", fine),
            commons(size=size, horizon=rounds, stock=Logistic(rate=MIDDLE), fine=fine),
        )
        for fine in FINES
    }


def regrowth(size: int, rounds: int) -> dict[str, tuple[Named, Commons]]:
    """How quickly the stock regrows, in the full system of selfish users."""
    return {
        f"regrowth {rate:g}": (
            Named("regrowth", f"r = {rate:g}", "selfish", "full", rate),
            commons(size=size, horizon=rounds, stock=Logistic(rate=rate)),
        )
        for rate in RATES
    }


def restraint(size: int, rounds: int) -> dict[str, tuple[Named, Commons]]:
    """Which start does best, from scarce to rich, where living costs so much that one can take too little."""
    found = {}
    for arm in ("full", "neither"):
        learning, deciding = ARMS[arm]
        for rate in RICHNESS:
            for start in STARTS:
                declared = commons(
                    start, size=size, horizon=rounds, stock=Logistic(rate=rate), consumption=LIVING,
                    social_learning=learning, group_decision=deciding,
                )  # fmt: skip
                found[f"r = {rate:g}, {start}: {arm}"] = Named("restraint", f"r = {rate:g}", start, arm, rate), declared
    return found


def fisheries(size: int, rounds: int) -> dict[str, tuple[Named, Commons]]:
    """GovSim's fishery with rules in the places of its models; its size and its months are its own."""
    crews = {
        "all take f(t)": ((5, Quota()),),
        "all take all": ((5, Grasping()),),
        "one takes all": ((4, Quota()), (1, Grasping())),
    }
    return {
        f"fishery: {crew}": (Named("fishery", "GovSim", crew, "alone"), fishery(*catches))
        for crew, catches in crews.items()
    }


class Crew(Commons):
    """GovSim's fishery, where nobody is told what it is like unless a policy file says so."""

    def with_policy(self, policy: str) -> Self:
        """Five of whoever this is, without persona."""
        return declared(
            type(self), {**dict(self), "players": (Users(count=5, strategy=Quota(), policy=mind_of(policy, "quota")),)}
        )


def strangers(name: str) -> dict[str, tuple[Named, Commons]]:
    """GovSim's fishery for somebody whom no rule describes: one crew, as crews of rules would differ in nothing."""
    crew = f"five of {name}"
    return {f"fishery: {crew}": (Named("fishery", "GovSim", crew, "alone"), Crew(**dict(fishery())))}


def given(world: Commons) -> dict[str, Any]:
    """The knobs that are not what they are by themselves, by their names with dots inside a stock of the same kind.

    The number of users is none of them: an experiment has an option for it.
    """
    usual, found = Commons(), dict[str, Any]()
    for name in Commons.model_fields:
        own, other = getattr(world, name), getattr(usual, name)
        if name == "players":
            own, other = [[user.model_copy(update={"count": 1}) for user in users] for users in (own, other)]
        if name == "stock" and own.kind == other.kind:
            found |= {f"stock.{knob}": getattr(own, knob) for knob in type(own).model_fields
                      if getattr(own, knob) != getattr(other, knob)}  # fmt: skip
        elif own != other:
            found[name] = getattr(world, name)
    return found


def refuse(knobs: dict[str, Any], world: Commons, size: int, part: str) -> None:
    """Refuse given knobs that this part, or an option of its own, decides on.

    Raises
    ------
    InputError
        in one line
    """
    if "horizon" in knobs:
        raise InputError(f"world.horizon: is chosen as rounds; got {knobs['horizon']}")
    if "players" in knobs or world.size not in (size, Commons().size):
        raise InputError("world.players: how many there are is chosen as size, and how they start by part")
    if part == "fishery" and knobs:
        raise InputError(f"world.{next(iter(knobs))}: the fishery is played as published; choose another part")
    for each in PARTS if part == "all" else (part,):
        for varied in VARIED.get(each, ()):
            if varied in knobs or varied.split(".")[0] in knobs:
                raise InputError(f"world.{varied}: part {each} varies it, so it cannot be given; choose another part")


def overridden(world: Commons, knobs: dict[str, Any]) -> Commons:
    """The world with knobs that were given.

    Raises
    ------
    InputError
        if they cannot be together
    """
    try:
        return replace(world, knobs) if knobs else world
    except ScenarioError as error:
        raise ScenarioError(f"world.{error}") from None


MAKERS = dict(zip(PARTS, (ablation, punishment, regrowth, restraint, fisheries), strict=True))
