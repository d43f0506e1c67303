"""A round robin of the strategies that both packages have: against axelrod."""

from __future__ import annotations

import numpy as np

from benchmarks.harness import Benchmark, Bout, Disagreement, Goal, Spent
from benchmarks.peers import Elsewhere, Peer
from coop_abm.experiments.tournament import tournament
from coop_abm.strategies.field import AXELROD

# 4.14 needs torch, several gigabytes, for strategies that are not played here; matches run by the same code.
AXELROD_LIBRARY = Peer("axelrod", ("axelrod>=4.13,<4.14",), None, "axelrod_tournament.py")
TURNS, REPETITIONS, SEED = 200, 10, 1
CHECKED = 300


def against_axelrod(quick: bool) -> Bout:
    """The same tournament with ten repetitions, again and again with other seeds."""
    names, repetitions, calls = list(AXELROD), 2 if quick else REPETITIONS, 1 if quick else 20
    turns = len(names) * (len(names) + 1) // 2 * TURNS * repetitions
    peer = Elsewhere(AXELROD_LIBRARY)
    question = {
        "players": [[AXELROD[name], {}] for name in names], "payoffs": [3, 0, 5, 1], "turns": TURNS,
        "repetitions": repetitions, "scores": False, "seed": SEED,
    }  # fmt: skip
    played = tournament(names, turns=TURNS, repetitions=CHECKED, seed=SEED).scores
    theirs = np.array(peer.ask(question | {"scores": True})["matrix"])
    said = _agree(names, played, theirs, repetitions)
    turn = iter(range(1, 1_000_000))

    def run_ours() -> float:
        for _ in range(calls):
            tournament(names, turns=TURNS, repetitions=repetitions, seed=next(turn))
        return calls * turns

    def run_theirs() -> Spent:
        return Spent(turns, peer.ask(question | {"seed": next(turn)})["seconds"])

    return Bout(run_ours, run_theirs, f"{said}; axelrod {peer.version}", peer.close)


def _agree(names: list[str], ours: np.ndarray, theirs: np.ndarray, repetitions: int) -> str:
    """Matches without chance are equal, mean scores of all players within 4.5 standard errors.

    Parameters
    ----------
    ours   : float (repetitions, S, S), mean payoff of a turn; theirs : float (S, S), its mean over `repetitions`
    """
    certain = ours.std(axis=0) == 0
    apart = certain & (np.abs(ours[0] - theirs) > 1e-9)
    if apart.any():
        s, t = np.argwhere(apart)[0]
        raise Disagreement(f"{names[s]} earns {ours[0, s, t]:.4f} from {names[t]}, in axelrod {theirs[s, t]:.4f}")
    means = ours.mean(axis=2)
    error = means.std(axis=0, ddof=1) * np.sqrt(1 / repetitions + 1 / len(ours))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(error > 0, (theirs.mean(axis=1) - means.mean(axis=0)) / error, 0.0)
    worst = int(np.abs(z).argmax())
    if not abs(z[worst]) <= 4.5:
        raise Disagreement(f"mean score of {names[worst]}: z = {z[worst]:+.1f}")
    return (
        f"{int(certain.sum())} of {certain.size} payoffs are without chance and equal, mean scores of the "
        f"{len(names)} players agree (largest z = {z[worst]:+.1f})"
    )


BENCHMARKS = (
    Benchmark(
        name="tournament",
        work="round robin of 18 memory-one and finite-state strategies, 200 turns, 10 repetitions",
        against="axelrod", goal=Goal("faster", 500), unit="ns per turn", pairs=5, prepare=against_axelrod,
    ),
)  # fmt: skip
