"""Named scenarios, each tied to its source."""

from __future__ import annotations

from collections.abc import Callable

from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.games import Donation, PrisonersDilemma, Snowdrift
from coop_abm.mechanisms import Direct, Group, Indirect, Kin, Network
from coop_abm.norms import ImageScoring, SternJudging
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import (
    AllC,
    AllD,
    Discriminator,
    GenerousTitForTat,
    TitForTat,
    TitForTwoTats,
    WinStayLoseShift,
    ZeroDeterminant,
)
from coop_abm.strategies.field import FIELD
from coop_abm.strategies.table import Strategy
from coop_abm.structures import BarabasiAlbert, Lattice, Ring, Torus
from coop_abm.updates import (
    BirthDeath,
    DeathBirth,
    ImitateTheBest,
    PairwiseComparison,
    ProportionalImitation,
    WrightFisher,
)


def well_mixed() -> Scenario:
    """All five rules off: defectors win, whatever the benefit."""
    return Scenario(clock="event", size=50, game=Donation(benefit=20.0), update=BirthDeath(intensity=0.01))


def kin() -> Scenario:
    """Hamilton's rule: half of the partner's payoff is felt as one's own [Hamilton1964, Nowak2006]."""
    return Scenario(clock="event", size=50, update=BirthDeath(intensity=0.1), kin=Kin(enabled=True, relatedness=0.5))


def direct() -> Scenario:
    """Tit-for-tat against defectors, ten turns on average [AxelrodHamilton1981, Nowak2006]."""
    return Scenario(
        clock="event", size=50, update=BirthDeath(intensity=0.05), direct=Direct(enabled=True, continuation=0.9)
    )


def indirect() -> Scenario:
    """Discriminators who know half of the defectors by name [NowakSigmund1998, Nowak2006]."""
    return Scenario(
        clock="event", size=50, update=BirthDeath(intensity=0.1), indirect=Indirect(enabled=True, visibility=0.5)
    )


def network() -> Scenario:
    """Four neighbours on a torus, death-birth updating [OhtsukiHauertLiebermanNowak2006, Allen2017]."""
    return Scenario(
        clock="event", size=100, game=Donation(benefit=5.0), update=DeathBirth(intensity=0.1),
        network=Network(enabled=True, graph=Torus(neighbours=4)),
    )  # fmt: skip


def group() -> Scenario:
    """Four groups of three that grow and split [TraulsenNowak2006]."""
    return Scenario(
        clock="event", size=12, update=BirthDeath(intensity=0.4), group=Group(enabled=True, size=3, split=0.01)
    )


def all_five() -> Scenario:
    """All five rules at once on the round clock: everybody meets, decides, is paid, learns [Nowak2006]."""
    return Scenario(
        size=100,
        game=Donation(benefit=3.0),
        update=PairwiseComparison(intensity=0.5),
        kin=Kin(enabled=True, relatedness=0.2),
        direct=Direct(enabled=True, continuation=0.5),
        indirect=Indirect(enabled=True, visibility=0.5),
        network=Network(enabled=True, graph=Ring(degree=4)),
        group=Group(enabled=True, size=20, split=0.01),
    )


def families() -> Scenario:
    """Full sibs live together and compete with everybody: r = 1/2 by descent, nothing is felt [Hamilton1964]."""
    return Scenario(
        clock="event", size=800, game=Donation(benefit=3.0), update=WrightFisher(intensity=0.05),
        kin=Kin(enabled=True, channel="descent", family=4, pedigree="full_sibs"),
    )  # fmt: skip


def nowak_may() -> Scenario:
    """Cooperators hold out in clusters: everybody takes up the best strategy around it [NowakMay1992]."""
    return Scenario(
        size=10_000, partners="all", payoff="accumulated", game=_spatial_dilemma(1.85),
        update=ImitateTheBest(self_interaction=True), players=_mostly_helpers(0.9),
        network=Network(enabled=True, graph=Torus(neighbours=8)),
    )  # fmt: skip


def kaleidoscope() -> Scenario:
    """One defector in the middle of cooperators unfolds into a symmetric pattern [NowakMay1992]."""
    return Scenario(
        size=99 * 99, partners="all", payoff="accumulated", game=_spatial_dilemma(1.85),
        update=ImitateTheBest(self_interaction=True),
        players=(Players(share=1.0, strategy=AllC()), Players(strategy=AllD(), nodes=(49 * 99 + 49,))),
        network=Network(enabled=True, graph=Lattice(neighbours=8)),
    )  # fmt: skip


def scale_free() -> Scenario:
    """Hubs carry cooperation: a network grown by preferential attachment [SantosPacheco2005]."""
    return Scenario(
        size=1000, partners="all", payoff="accumulated", game=_spatial_dilemma(1.5), update=ProportionalImitation(),
        players=_mostly_helpers(0.5), network=Network(enabled=True, graph=BarabasiAlbert(links=2)),
    )  # fmt: skip


def _spatial_dilemma(temptation: float) -> PrisonersDilemma:
    """Reward 1, nothing for whoever is exploited and for mutual defection: one number is left."""
    return PrisonersDilemma(temptation=temptation, reward=1.0, punishment=0.0, sucker=0.0)


def _mostly_helpers(share: float) -> tuple[Players, Players]:
    return Players(share=share, strategy=AllC()), Players(share=round(1 - share, 9), strategy=AllD())


def private_opinions() -> Scenario:
    """Stern judging without a common view: opinions part, and half of all help is lost [Hilbe2018]."""
    return Scenario(
        size=50,
        game=Donation(benefit=5.0),
        update=PairwiseComparison(intensity=0.0),
        players=(Players(share=1.0, strategy=Discriminator()),),
        indirect=Indirect(
            enabled=True, visibility=1.0, assessment=SternJudging(), perception_error=0.05, opinions="private",
            observation=0.9,
        ),
    )  # fmt: skip


def stern_judging() -> Scenario:
    """Standing that follows from deeds: discriminators under stern judging [PachecoSantosChalub2006]."""
    return Scenario(
        size=100,
        execution_error=0.01,
        game=Donation(benefit=5.0),
        update=PairwiseComparison(intensity=0.5),
        players=(
            Players(share=0.6, strategy=Discriminator()),
            Players(share=0.2, strategy=AllC()),
            Players(share=0.2, strategy=AllD()),
        ),
        indirect=Indirect(enabled=True, visibility=1.0, assessment=SternJudging(), assessment_error=0.01),
    )


def image_scoring() -> Scenario:
    """Helping earns a good name, refusing a bad one, whoever it was: discriminators by image [NowakSigmund1998]."""
    return Scenario(
        size=100,
        game=Donation(benefit=10.0),
        update=PairwiseComparison(intensity=0.2),
        players=(
            Players(share=0.6, strategy=Discriminator()),
            Players(share=0.2, strategy=AllC()),
            Players(share=0.2, strategy=AllD()),
        ),
        indirect=Indirect(enabled=True, visibility=1.0, assessment=ImageScoring()),
    )


def snowdrift() -> Scenario:
    """Sharing a task with four neighbours: fewer cooperate than in a mixed population [HauertDoebeli2004]."""
    return Scenario(
        size=2500, partners="all", payoff="accumulated", game=Snowdrift(benefit=2.0, cost=1.6),
        update=ProportionalImitation(), players=_mostly_helpers(0.5),
        network=Network(enabled=True, graph=Torus(neighbours=4)),
    )  # fmt: skip


def ecology() -> Scenario:
    """Six strategies that grow by what they earn: those who exploit starve with their prey [Axelrod1984]."""
    return _long_game(
        0.95, 0.02, 2000, (0.2, AllC()), (0.2, AllD()), (0.3, FIELD["random"]), (0.1, TitForTwoTats()),
        (0.1, TitForTat()), (0.1, FIELD["joss"]),
    )  # fmt: skip


def turn_of_the_tide() -> Scenario:
    """Defectors live on unconditional helpers until tit-for-tat turns the tide [ImhofFudenbergNowak2005]."""
    return _long_game(0.95, 0.02, 2000, (0.6, AllC()), (0.2, AllD()), (0.2, TitForTat()))


def win_stay_lose_shift() -> Scenario:
    """Two strategies that err: win-stay, lose-shift mends what tit-for-tat cannot [NowakSigmund1993]."""
    return _long_game(0.99, 0.02, 100, (0.5, WinStayLoseShift()), (0.5, TitForTat()), error=0.01)


def generosity() -> Scenario:
    """Defectors in the majority, and errors: tit-for-tat opens the door for generosity [NowakSigmund1992]."""
    return _long_game(
        0.99, 0.05, 1000, (0.8, AllD()), (0.1, TitForTat()), (0.1, GenerousTitForTat()), error=0.02
    )  # fmt: skip


def extortion() -> Scenario:
    """Extortion wins each match and loses the population to generosity [PressDyson2012, StewartPlotkin2013]."""
    return _long_game(
        0.99, 0.02, 100, (0.5, ZeroDeterminant(slope=2, baseline="punishment", strength=0.5)),
        (0.5, ZeroDeterminant(slope=2, baseline="reward", strength=1)),
    )  # fmt: skip


def _long_game(
    continuation: float, intensity: float, size: int, *start: tuple[float, Strategy], error: float = 0.0
) -> Scenario:
    """The prisoner's dilemma of the tournaments, played again and again in a mixed population."""
    return Scenario(
        clock="event", size=size, game=PrisonersDilemma(), update=BirthDeath(intensity=intensity),
        execution_error=error, players=tuple(Players(share=share, strategy=strategy) for share, strategy in start),
        direct=Direct(enabled=True, continuation=continuation),
    )  # fmt: skip


#: Every named scenario; to add one, write its function and name it here.
NAMED: dict[str, Callable[[], Scenario]] = {
    maker.__name__: maker
    for maker in (
        well_mixed,
        kin,
        direct,
        indirect,
        network,
        group,
        all_five,
        families,
        nowak_may,
        kaleidoscope,
        scale_free,
        image_scoring,
        stern_judging,
        private_opinions,
        snowdrift,
        ecology,
        turn_of_the_tide,
        win_stay_lose_shift,
        generosity,
        extortion,
    )
}


def named(name: str) -> Scenario:
    """The scenario of this name, its description filled in.

    Raises
    ------
    ScenarioError
        listing the names there are
    """
    if name not in NAMED:
        raise ScenarioError(f"scenario must be a file or one of {', '.join(NAMED)}; got {quoted(name)}")
    maker = NAMED[name]
    described = (maker.__doc__ or "").strip().splitlines()[0]
    return maker().model_copy(update={"name": name, "description": described})
