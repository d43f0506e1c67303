"""Rounds that read strategies' tables themselves are the rounds in which everybody is asked, bit for bit."""

import math

import numpy as np
import pytest

from coop_abm.abm import CoopModel
from coop_abm.core.dice import MEET, dice, scripted
from coop_abm.core.errors import CoopError
from coop_abm.engine.history import RoundWorld, series
from coop_abm.engine.plain import sums_in_any_order
from coop_abm.engine.rounds import Play, run
from coop_abm.policies.rule import TableReader
from coop_abm.scenario import Scenario
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named

from .worlds import RULES, both, difference, subsets, world

HELPERS_AND_DEFECTORS = [{"share": 0.5, "strategy": kind} for kind in ("allc", "alld")]
THREE = [{"share": 0.4, "strategy": "allc"}, {"share": 0.3, "strategy": "alld"}, {"share": 0.3, "strategy": "wsls"}]
WEIGHTED = [(0, 1, 1.0), (1, 2, 2.5), (2, 3, 1.0), (0, 3, 0.3), (0, 4, 1.0), (2, 4, 3.0), (1, 4, 0.7)]
REVISING = ("imitation", "pairwise_comparison", "imitate_the_best", "proportional_imitation")
UNSURE = [{"share": 1.0, "strategy": {"kind": "memory_one", "start": 0.4}}]
ODD = {"game.benefit": 3.3, "game.cost": 1.1}  # whole sums of these are not whole

BOARD = {
    "size": 30, "partners": "all", "payoff": "accumulated", "players": HELPERS_AND_DEFECTORS, "network.enabled": True,
    "update": "imitate_the_best", "network.graph": {"kind": "torus", "neighbours": 8},
}  # fmt: skip
LATTICE = {"network.graph": {"kind": "lattice", "neighbours": 8}}


def on_board(**changes):
    return replace(Scenario(), BOARD | {name.replace("__", "."): value for name, value in changes.items()})


BOARDS = {
    "self": on_board(update__self_interaction=True),
    "donation, where many tie": on_board(size=100),
    "four neighbours": on_board(network__graph={"kind": "torus", "neighbours": 4}),
    "borders": replace(on_board(), LATTICE),
    "borders, means, self": replace(on_board(payoff="averaged", update__self_interaction=True), LATTICE),
    "three rows": on_board(size=12, network__graph={"kind": "torus", "neighbours": 8, "rows": 3}),
    "stag hunt": on_board(game="stag_hunt", payoff="averaged"),
    "odd": on_board(game__benefit=3.3, game__cost=1.1),
    "felt": on_board(kin__enabled=True, kin__relatedness=0.25),
    "first": on_board(update__ties="first", size=64),
    "total": on_board(update__ties="first", update__scores="total", game__benefit=1.625, size=100),
    "total with borders": replace(on_board(update__ties="first", update__scores="total", size=42), LATTICE),
    "first of four, with itself": on_board(
        update__ties="first", update__self_interaction=True, network__graph={"kind": "torus", "neighbours": 4}
    ),
}
PLAIN = {
    **{f"all {rule}": world(("network",), rule, partners="all", payoff="accumulated", **ODD) for rule in REVISING},
    **{f"one {rule}": world(("network",), rule) for rule in (*REVISING, "birth_death", "death_birth")},
    "mixed": world((), "pairwise_comparison"),
    "generations": world(("network",), "wright_fisher", partners="all"),
    "groups": world(("network", "group"), "pairwise_comparison", partners="all"),
    "groups in turn": world(("network", "group", "kin"), "death_birth", partners="all", **ODD),
    "copies": world(("kin",), "pairwise_comparison", **{"kin.channel": "meeting"}),
    "families": world(
        (), "wright_fisher",
        **{"kin.enabled": True, "kin.channel": "descent", "kin.family": 4, "kin.pedigree": "founders"},
    ),
    "everybody known": world(("indirect",), "pairwise_comparison", **{"indirect.visibility": 1.0}),
    "sums of all rounds": world(("network",), "imitate_the_best", **{"update.scores": "total", "partners": "all"}),
    "weights": world(
        ("network",), "imitate_the_best", size=5, partners="all", players=HELPERS_AND_DEFECTORS,
        **ODD, **{"network.graph": {"kind": "edges", "size": 5, "edges": WEIGHTED}, "update.self_interaction": True},
    ),
    "three on a board": on_board(players=THREE),
    "first on a ring": on_board(update__ties="first", network__graph={"kind": "ring", "degree": 4}),
}  # fmt: skip
OTHERS = {
    **{f"{len(on)} rules: {' '.join(on)}": world(on, "pairwise_comparison" if "network" in on else "birth_death")
       for on in subsets() if "direct" in on},
    "all of all": world(RULES, "imitation", partners="all", payoff="accumulated", execution_error=0.2),
    "norm": world(("indirect", "network"), "imitation", **{"indirect.assessment": "stern_judging", "slips": "help"},
                  execution_error=0.1),
    "private": replace(named("private_opinions"), {"size": 10, "update.intensity": 0.5}),
    "unsure": world(("network",), "imitation", players=UNSURE),
    "first with groups": world(
        ("network", "group"), "imitate_the_best", "torus", partners="all", **{"update.ties": "first"}
    ),
    "first with three": on_board(update__ties="first", players=THREE),
    "sums with errors": world(("network",), "imitate_the_best", **{"update.scores": "total"}, execution_error=0.1),
}  # fmt: skip


def columns_of(play, counts):
    found = [(name, column.copy()) for name, column in play.state.columns.items()]
    return [*found, ("acts", play.acts), ("counts", counts), ("round", np.array(play.round))]


def asked(scenario, rounds=6):
    """A world in which everybody is asked in every turn."""
    play, counts = Play(scenario, 7, replicates=2), []
    reader = TableReader(play.repertoire)
    while play.round < rounds:
        now = play.round
        play.tell(reader.decide(play.ask()))
        if play.round > now:
            held, living = play.state.strategy, play.state.alive == 1
            counts.append([[int((living[k] & (held[k] == s)).sum()) for s in range(len(play.repertoire.names))]
                           for k in range(2)])  # fmt: skip
    return columns_of(play, np.array(counts).transpose(1, 0, 2))


def advanced(scenario, rounds=6):
    """The same world, which reads the tables itself, in two strides."""
    play = Play(scenario, 7, replicates=2)
    return columns_of(play, np.concatenate([play.advance(1), play.advance(rounds - 1)], axis=1))


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_is_the_world_that_asks(name):
    assert Play(BOARDS[name]).board is not None
    assert not difference(asked(BOARDS[name], 12), advanced(BOARDS[name], 12))


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_world_is_the_world_that_asks(name):
    play = Play(PLAIN[name])
    assert play.plain is not None
    assert play.board is None
    assert not difference(asked(PLAIN[name]), advanced(PLAIN[name]))


@pytest.mark.parametrize("name", OTHERS)
def test_any_other_world_is_the_world_that_asks(name):
    assert Play(OTHERS[name]).board is None
    assert not difference(asked(OTHERS[name]), advanced(OTHERS[name]))


@pytest.mark.parametrize("name", ["nowak_may", "kaleidoscope", "scale_free", "all_five", "stern_judging"])
def test_named_worlds_of_some_size_are_the_worlds_that_ask(name):
    small = {"nowak_may": {"size": 1600, "game.temptation": 1.65}, "scale_free": {"size": 300}}
    scenario = replace(named(name), small.get(name, {}))
    assert not difference(asked(scenario, 15), advanced(scenario, 15))


@pytest.mark.parametrize(
    "scenario",
    [BOARDS["donation, where many tie"], BOARDS["total with borders"], PLAIN["weights"], PLAIN["one imitation"],
     OTHERS["private"], OTHERS["all of all"]],
    ids=["board", "scores", "all", "one", "private", "turns"],
)  # fmt: skip
def test_rounds_without_asking_are_the_same_on_both_engines(scenario):
    assert not difference(*both(advanced, scenario, 4))


# ------------------------------------------------------------------------------- who may advance


def test_a_reader_is_not_asked_and_anybody_else_is():
    class Listening(TableReader):
        heard = 0

        def decide(self, question):
            Listening.heard += 1
            return super().decide(question)

    class Counting(TableReader):
        """Decides as any reader, so it need not be asked."""

    play = Play(BOARDS["self"])
    run(play, Counting(play.repertoire), 3)
    run(play, Listening(play.repertoire), 5)
    assert (play.round, Listening.heard) == (5, 2)
    other = Play(BOARDS["self"])
    other.advance(5)
    assert np.array_equal(play.state.strategy, other.state.strategy)


def test_a_reader_of_other_tables_is_asked():
    play = Play(world(("direct",)))
    defecting = Play(world(("direct",), players=[{"share": 1.0, "strategy": "alld"}])).repertoire
    foreign = TableReader(defecting._replace(cooperate=np.repeat(defecting.cooperate, 3, axis=0)))
    run(play, foreign, 2)
    assert play.acts[0, 0] == 0


def test_a_round_that_is_half_told_is_told_to_its_end():
    scenario = world(("direct",), **{"direct.continuation": 0.9})
    play, other = Play(scenario, 5), Play(scenario, 5)
    reader = TableReader(play.repertoire)
    play.tell(reader.decide(play.ask()))
    assert play.ask().turn == 1
    with pytest.raises(CoopError, match="within a round"):
        play.advance(1)
    run(play, reader, 3)
    other.advance(3)
    assert np.array_equal(play.state.strategy, other.state.strategy)
    assert np.array_equal(play.state.payoff, other.state.payoff)


def test_scripted_dice_are_heard_in_the_round():
    script = [((0, MEET, 0, 0, i), 0.0) for i in range(12)]
    play = Play(world((), "imitation"), chance=scripted(dice(0), script))
    run(play, TableReader(play.repertoire), 1)
    with pytest.raises(CoopError, match="scripted"):
        play.advance(1)


def test_a_question_that_is_open_gives_way():
    play, other = Play(OTHERS["norm"], 3), Play(OTHERS["norm"], 3)
    play.ask()
    play.advance(4)
    other.advance(4)
    assert np.array_equal(play.state.strategy, other.state.strategy)
    assert np.array_equal(play.ask().view.strategy, other.ask().view.strategy)


def test_a_world_of_rounds_counts_its_strategies_whoever_decides():
    class Asked(TableReader):
        def decide(self, question):
            return super().decide(question)

    worlds = []
    for policy in (TableReader, Asked):
        play = Play(OTHERS["norm"], 3, replicates=2)
        worlds.append(RoundWorld(play, policy(play.repertoire)))
    one, other = (of.advance(5) for of in worlds)
    assert one.shape == (2, 5, 3)
    assert np.array_equal(one, other)
    assert (one.sum(axis=2) == 12).all()


@pytest.mark.parametrize("pair", [(2.2, -1.1), (1.0, 0.0), (0.1, 1.85), (1e16, 1.0), (0.1, -0.3)])
def test_a_sum_of_payoffs_is_the_exact_sum_rounded_once_in_whatever_order(pair):
    sums = sums_in_any_order(*pair, 9)
    for i in range(10):
        for j in range(10 - i):
            assert sums[i, j] == math.fsum([pair[0]] * i + [pair[1]] * j)


@pytest.mark.parametrize("name", ["kaleidoscope", "all_five", "stern_judging"])
def test_a_series_of_head_counts_is_the_series_of_looks(name):
    told = ("cooperators", "individuals") + (("good_standing",) if name == "all_five" else ())
    columns = {}
    for measures in (told, (*told, "mean_payoff")):  # a payoff must be looked at
        scenario = named(name)
        play = Play(scenario, 2)
        going = RoundWorld(play, TableReader(play.repertoire))
        assert going.tells(measures) == (measures == told)
        columns[measures] = series(going, play.repertoire.names, 6, None, measures)
    counted, looked = columns.values()
    assert set(looked) - set(counted) == {"mean_payoff"}
    for column, values in counted.items():
        assert values.tobytes() == looked[column].tobytes(), column


def test_standing_that_follows_from_deeds_and_acts_are_not_told_by_counts():
    play = Play(OTHERS["norm"])
    going = RoundWorld(play, TableReader(play.repertoire))
    assert not going.tells(("good_standing",)) and not going.tells(("cooperation",))
    assert not RoundWorld(Play(OTHERS["norm"], replicates=2), going.policy).tells(())


def test_a_model_that_is_not_watched_collects_the_same_rows():
    rows = []
    for measures in (("cooperators",), ("cooperators", "mean_payoff")):
        model = CoopModel("kaleidoscope", rng=1, measures=measures)
        model.run_for(3)
        model.agent_at(17).strategy = "alld"
        model.run_for(4)
        rows.append(model.frame()[["time", "cooperators", "share_alld"]].to_numpy())
        assert model.steps == 7
    assert np.array_equal(*rows)
