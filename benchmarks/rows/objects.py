"""Against agents that are objects: what a careful author would write in Mesa."""

from __future__ import annotations

import math
import time

import networkx
import numpy as np

from benchmarks.harness import Benchmark, Bout, Goal, Spent, agree
from benchmarks.mesa_models import DeathBirthModel, GroupModel, ImageScoringModel
from benchmarks.rows import death_birth
from coop_abm import Scenario
from coop_abm.core.dice import stream_base
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble, starting
from coop_abm.engine.image_scoring import ScoringSociety, images
from coop_abm.games import Donation
from coop_abm.mechanisms import Group
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD
from coop_abm.theory.chain import graph_fixation
from coop_abm.theory.groups import GroupChain
from coop_abm.updates import BirthDeath

SEED = 1


# ------------------------------------------------------------------ death-birth


def check_death_birth(runs: int) -> str:
    """Mesa's object model against the exact 2^N chain of a small graph."""
    graph = networkx.random_regular_graph(4, 8, seed=SEED)
    weights, benefit, intensity = networkx.to_numpy_array(graph), 6.0, 0.5
    matrix = [[benefit - 1, -1.0], [benefit, 0.0]]
    exact = graph_fixation(weights, matrix, update="death_birth", intensity=intensity).cooperators
    won = 0
    for run in range(runs):
        model = DeathBirthModel(graph, 1, benefit, 1.0, intensity, rng=run)
        while 0 < model.cooperators < 8:
            model.update()
        won += model.cooperators == 8
    error = math.sqrt(exact * (1 - exact) / runs)
    return agree("fixation of one mutant in the Mesa model and the exact chain at N = 8", won / runs, exact, error)


def death_birth_objects(quick: bool) -> Bout:
    """One mutant's or half's runs are what the engine does; a generation from half is what Mesa does."""
    size, runs = (100, 20) if quick else (1000, 40)
    scenario = death_birth.world(size)
    ready, start = process(scenario, SEED), starting(scenario, 0, size // 2)
    graph = networkx.random_regular_graph(4, size, seed=SEED)
    model = DeathBirthModel(graph, size // 2, death_birth.BENEFIT, 1.0, death_birth.INTENSITY, rng=SEED)
    turn = iter(range(1_000_000))

    def generation() -> float:
        model.step()
        return size

    return Bout(
        ours=lambda: float(ensemble(ready, start, runs, base=stream_base(SEED, next(turn))).events.sum()),
        peer=generation, agreement=check_death_birth(200 if quick else 1000),
    )  # fmt: skip


# ------------------------------------------------------------------ groups that split

GROUPS, MEMBERS, SPLIT, BENEFIT, INTENSITY = 10, 10, 0.01, 3.0, 0.1


def group_world(count: int, size: int, intensity: float) -> Scenario:
    """The process of Traulsen and Nowak with the donation game."""
    return Scenario(
        clock="event", size=count * size, game=Donation(benefit=BENEFIT), update=BirthDeath(intensity=intensity),
        players=(Players(share=0.5, strategy=AllC()), Players(share=0.5, strategy=AllD())),
        group=Group(enabled=True, size=size, split=SPLIT),
    )  # fmt: skip


def check_groups(lean: bool, runs: int) -> str:
    """Mesa's object model against the exact chain of four groups of three."""
    intensity = 0.4
    exact = GroupChain(3, 4, SPLIT).fixation([[BENEFIT - 1, -1.0], [BENEFIT, 0.0]], intensity).cooperators
    won = 0
    for run in range(runs):
        model = GroupModel(4, 3, SPLIT, 1, BENEFIT, 1.0, intensity, rng=run, lean=lean)
        while not model.settled:
            model.step()
        won += model.cooperators > 0
    error = math.sqrt(exact * (1 - exact) / runs)
    return agree(
        "fixation of one mutant in the Mesa model and the exact chain of 4 groups of 3", won / runs, exact, error
    )


def group_objects(lean: bool, quick: bool) -> Bout:
    """Runs from half cooperators to fixation, until enough births have happened."""
    scenario = group_world(GROUPS, MEMBERS, INTENSITY)
    ready, start = process(scenario, SEED), starting(scenario, 0, GROUPS * MEMBERS // 2)
    turn = iter(range(1_000_000))
    births = 2_000 if quick else 30_000

    def run_theirs() -> Spent:
        done, spent = 0, 0.0
        while done < births:
            model = GroupModel(
                GROUPS, MEMBERS, SPLIT, GROUPS * MEMBERS // 2, BENEFIT, 1.0, INTENSITY, rng=next(turn), lean=lean
            )
            began = time.process_time()
            while not model.settled:
                model.step()
                done += 1
            spent += time.process_time() - began
        return Spent(done, spent)

    def run_ours() -> float:
        return float(ensemble(ready, start, 20 if quick else 2000, base=stream_base(SEED, next(turn))).events.sum())

    return Bout(run_ours, run_theirs, check_groups(lean, 200 if quick else 1500))


# ------------------------------------------------------------------ image scoring

PLAYERS, MEETINGS, COST, MUTATION = 100, 125, 0.1, 0.001


def image_scoring(lean: bool, quick: bool) -> Bout:
    """Generations with mutation, so that no strategy is left alone."""
    society = ScoringSociety(
        size=PLAYERS, interactions=MEETINGS, benefit=1.0, cost=COST, endowment=COST, mutation=MUTATION
    )
    generations, watched, replicates = (10, 10, 20) if quick else (40, 20, 60)
    kinds = range(ImageScoringModel.LOWEST, ImageScoringModel.HIGHEST + 2)

    def model(seed: int) -> ImageScoringModel:
        thresholds = np.random.default_rng(seed).choice(kinds, PLAYERS).tolist()
        return ImageScoringModel(thresholds, MEETINGS, 1.0, COST, rng=seed, mutation=MUTATION, lean=lean)

    ours = images(society, watched, replicates=20 * replicates, seed=SEED).cooperation.mean(axis=1)
    theirs = np.empty(replicates)
    for k in range(replicates):
        checked = model(k)
        for _ in range(watched):
            checked.step()
        theirs[k] = checked.helped / (watched * MEETINGS)
    error = math.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
    said = agree(f"share of help in {watched} generations, ours and Mesa's", ours.mean(), theirs.mean(), error)
    going = model(SEED)
    turn = iter(range(1, 1_000_000))

    def run_theirs() -> float:
        for _ in range(generations):
            going.step()
        return generations * MEETINGS

    def run_ours() -> float:
        images(society, 100 * generations, every=generations, seed=next(turn))
        return 100 * generations * MEETINGS

    return Bout(run_ours, run_theirs, said)


_FAIR, _LEAN = "Mesa, agents as objects", "the same agents, used again"

BENCHMARKS = (
    Benchmark(
        name="image-scoring", work="image scoring, 100 players, 125 meetings a generation",
        against=_FAIR, goal=Goal("faster", 200), unit="ns per meeting",
        prepare=lambda quick: image_scoring(False, quick),
    ),
    Benchmark(
        name="image-scoring-lean", work="image scoring, as above",
        against=_LEAN, goal=Goal("none"), unit="ns per meeting", prepare=lambda quick: image_scoring(True, quick),
    ),
    Benchmark(
        name="groups", work="10 groups of 10 that grow and split, from half to fixation",
        against=_FAIR, goal=Goal("faster", 500), unit="ns per birth", prepare=lambda quick: group_objects(False, quick),
    ),
    Benchmark(
        name="groups-lean", work="groups, as above",
        against=_LEAN, goal=Goal("none"), unit="ns per birth", prepare=lambda quick: group_objects(True, quick),
    ),
    Benchmark(
        name="death-birth-objects", work="death-birth on a random 4-regular graph, N = 1,000, from half",
        against=_FAIR, goal=Goal("none"), unit="ns per update", prepare=death_birth_objects,
    ),
)  # fmt: skip
