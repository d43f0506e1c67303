"""How often does one mutant take over a well-mixed population? Against egttools, which samples as well."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.harness import Benchmark, Bout, Goal, Spent, agree
from benchmarks.peers import Elsewhere, Peer
from coop_abm import Scenario
from coop_abm.core.dice import stream_base
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble, starting
from coop_abm.games import PrisonersDilemma
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD
from coop_abm.updates import PairwiseComparison

EGTTOOLS = Peer("egttools", ("egttools==0.1.14.2",), "3.12", "egttools_fixation.py")
SIZE, SEED = 100, 1
GAME = PrisonersDilemma(temptation=4.0, reward=3.0, punishment=1.0, sucker=0.0)
RUNS = 2000


def exact(intensity: float) -> float:
    """Fixation probability of one cooperator under pairwise comparison, no self-interaction [Traulsen2006]."""
    (cc, cd), (dc, dd) = GAME.payoffs()
    heads = np.arange(1, SIZE)
    cooperator = ((heads - 1) * cc + (SIZE - heads) * cd) / (SIZE - 1)
    defector = (heads * dc + (SIZE - heads - 1) * dd) / (SIZE - 1)
    return float(1 / (1 + np.exp(np.cumsum(intensity * (defector - cooperator))).sum()))


def against_egttools(intensity: float, every_event: bool, quick: bool) -> Bout:
    """Runs to fixation from one cooperator, ours and theirs."""
    scenario = Scenario(
        clock="event", size=SIZE, game=GAME, update=PairwiseComparison(intensity=intensity),
        players=(Players(share=0.5, strategy=AllC()), Players(share=0.5, strategy=AllD())),
    )  # fmt: skip
    ready = process(scenario, SEED, every_event=every_event)
    start = starting(scenario, 0, 1)
    runs, checked = (200, 2000) if quick else (RUNS, 50 * RUNS)
    ours_a_turn = runs * (5 if every_event else 50)

    def run_ours(cell: int, count: int) -> float:
        return float((ensemble(ready, start, count, base=stream_base(SEED, cell)).winner == 0).mean())

    peer = Elsewhere(EGTTOOLS)
    question = {"matrix": GAME.payoffs().tolist(), "size": SIZE, "runs": runs, "intensity": intensity}

    def run_theirs() -> Spent:
        return Spent(runs, peer.ask(question | {"seed": next(turn)})["seconds"])

    truth = exact(intensity)
    turn = iter(range(1, 1_000_000))
    said = agree("fixation probability and closed form", run_ours(0, checked), truth, _error(truth, checked))
    theirs = peer.ask(question | {"seed": 0})["probability"]
    said += "; " + agree("of egttools and closed form", theirs, truth, _error(truth, runs))

    def run_in_turn() -> float:
        run_ours(next(turn), ours_a_turn)
        return ours_a_turn

    return Bout(run_in_turn, run_theirs, said, peer.close)


def _error(probability: float, runs: int) -> float:
    return math.sqrt(probability * (1 - probability) / runs)


def _row(name: str, work: str, intensity: float, every_event: bool, goal: Goal) -> Benchmark:
    return Benchmark(
        name=name, work=f"fixation of one mutant, well-mixed N = 100, pairwise comparison, {work}",
        against="egttools", goal=goal, unit="us per run", per_second=1e6,
        prepare=lambda quick: against_egttools(intensity, every_event, quick),
    )  # fmt: skip


BENCHMARKS = (
    _row("fixation-pd", "prisoner's dilemma at intensity 0.01, every event", 0.01, True, Goal("faster", 150)),
    _row("fixation-neutral", "neutral, every event", 0.0, True, Goal("faster", 150)),
    _row("fixation-pd-jumps", "prisoner's dilemma at intensity 0.01, jump chain", 0.01, False, Goal("faster", 2000)),
    _row("fixation-neutral-jumps", "neutral, jump chain", 0.0, False, Goal("faster", 2000)),
)
