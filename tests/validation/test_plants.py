"""Planted errors: a wrong engine must fail the rows that the right one passes.

Each test measures one row twice: with the engine as it is, where the row agrees, and with an error planted
into the running code, where it must not. The plants reach the code by the doors that every kernel uses (the
rule's kernels, the payoff matrix, how payoffs are counted), so they do not depend on how an engine is written.
"""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from coop_abm.engine import bench as bench_module
from coop_abm.engine import drift as drift_module
from coop_abm.engine import fixation as fixation_module
from coop_abm.engine.crossing import crossing
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.fixation import fixation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from coop_abm.scenario.scenario import Scenario
from coop_abm.theory import chain
from coop_abm.updates import DeathBirth, Imitation
from tests.parity.reference import Events
from tests.validation.graphs import grown, two_stars
from tests.validation.rows import AGREES, planted, probability, ratio

# ------------------------------------------------------------------------------------ the errors


def victim_competes(monkeypatch):
    """The one who dies is among the candidates: in DeathBirth it competes for its own site, by its fitness."""
    for kernel in ("replace", "source", "gain"):
        monkeypatch.setattr(DeathBirth, kernel, getattr(Imitation, kernel))


def payoffs_are_summed(monkeypatch):
    """Accumulated payoffs run where averaged ones were declared, in every process and in neutral drift."""
    for module, name in ((fixation_module, "process"), (bench_module, "process"), (drift_module, "drift_sums")):
        right = getattr(module, name)

        def summed(world, *rest, right=right, **more):
            return right(replace(world, {"payoff": "accumulated"}), *rest, **more)

        monkeypatch.setattr(module, name, summed)


def everybody_meets_itself(monkeypatch):
    """Self-interaction in a mixed population or a group: head counts are not lessened by oneself.

    Counting oneself adds M[s, s] to the sum over the n - 1 others; spread over them that is the same for
    whoever holds s, whatever the others hold, so it is a constant of the row.
    """
    right = Scenario.matrix

    def with_itself(world, answers):
        found = right(world, answers)
        others = (world.group.size if world.group.enabled else world.size) - 1
        return found + np.diag(found)[:, None] / others

    monkeypatch.setattr(Scenario, "matrix", with_itself)


def paid_after_death(monkeypatch):
    """Payoffs counted after the death: neighbours have lost their game with the one who died.

    On a k-regular graph a neighbour j of the dead then has (k u_j - M[s_j, s_dead])/(k - 1). In the donation
    game what the dead gave is the same for all its neighbours and drops out of their competition, and what is
    left is k/(k - 1) b x (share of cooperators among all k neighbours) - c: the benefit counts k/(k - 1) fold.
    (The test beside this holds that against a naive world that really takes the dead away.)
    """
    right = Scenario.matrix

    def without_the_dead(world, answers):
        degree = answers.strength()[0]
        return right(replace(world, {"game.benefit": world.game.benefit * degree / (degree - 1)}), answers)

    monkeypatch.setattr(Scenario, "matrix", without_the_dead)


ERRORS = {plant.__name__: plant for plant in (victim_competes, payoffs_are_summed, everybody_meets_itself,
                                              paid_after_death)}  # fmt: skip

# ------------------------------------------------------------------------------------ the rows


def on_petersen(counted):
    world = replace(on_graph(named("network"), nx.petersen_graph()), {"update.intensity": 0.2, "game.benefit": 5.0})
    rho = chain.graph_fixation(
        nx.to_numpy_array(nx.petersen_graph()), world.matrix(world.answers()), update="death_birth", intensity=0.2
    ).cooperators
    return lambda: probability(fixation(world, runs=40_000, seed=3), rho, counted=counted)


def by_drift(world, expected, seed):
    return lambda: ratio(neutral_drift(world, seed=seed, relative_error=0.006), expected, "drift")


def grown_drift():
    return by_drift(on_graph(named("network"), grown()), 4.793888, 9)


def stars_crossing():
    world = replace(on_graph(named("network"), two_stars(5)), {"update.intensity": 0.02})
    expected = expectation(world).value
    return lambda: ratio(crossing(world, seed=9, relative_error=0.009), expected)


def torus_crossing():
    weak = replace(named("network"), {"size": 36, "update.intensity": 0.1})
    return lambda: ratio(crossing(weak, seed=5, relative_error=0.009), 4.857143)


def kin_crossing():
    world = replace(named("kin"), {"size": 20, "kin.relatedness": 0.2, "update.intensity": 0.05})
    return lambda: ratio(crossing(world, seed=6, relative_error=0.009), 18.8 / 2.8)


def group_rho():
    world = replace(named("group"), {"update.intensity": 0.1, "game.benefit": 3.0})
    return lambda: probability(fixation(world, runs=150_000, seed=16), 0.084991)


ROWS = {
    "P3.counted": ("death-birth on the Petersen graph, rho_C counted", lambda: on_petersen(True)),
    "P3.followed": ("death-birth on the Petersen graph, rho_C followed", lambda: on_petersen(False)),
    "P1.crossing": ("death-birth on a 6 x 6 torus, crossing", torus_crossing),
    "P9.averaged": ("death-birth, averaged payoffs, grown network, neutral drift", grown_drift),
    "stars.crossing": ("death-birth, averaged payoffs, two stars, crossing", stars_crossing),
    "mixed.kin": ("felt payoff r = 0.2, N = 20, crossing", kin_crossing),
    "P16.rho_C": ("four groups of three, rho_C", group_rho),
}
#: Neutral drift knows its rules by formula and reads no payoffs, so of these errors it can only see sums.
TURNED = [
    ("victim_competes", "P3.counted"),
    ("victim_competes", "P3.followed"),
    ("victim_competes", "P1.crossing"),
    ("paid_after_death", "P3.counted"),
    ("paid_after_death", "P3.followed"),
    ("paid_after_death", "P1.crossing"),
    ("payoffs_are_summed", "P9.averaged"),
    ("payoffs_are_summed", "stars.crossing"),
    ("everybody_meets_itself", "mixed.kin"),
    ("everybody_meets_itself", "P16.rho_C"),
]
#: The plants that the ordinary suite tries, too: one for each error, the quickest.
QUICK = {("victim_competes", "P3.counted"), ("paid_after_death", "P3.counted"), ("payoffs_are_summed", "P9.averaged"),
         ("everybody_meets_itself", "P16.rho_C")}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "row"), [pytest.param(*pair, marks=[] if pair in QUICK else pytest.mark.validate) for pair in TURNED]
)
def test_a_planted_error_makes_its_row_fail(error, row, holds, monkeypatch):
    claim, made = ROWS[row]
    measure = made()  # what is expected is worked out before anything is planted
    assert measure().verdict == AGREES
    with monkeypatch.context() as plant:
        ERRORS[error](plant)
        found = measure()
    words = error.replace("_", " ")
    holds(planted(found, words), id=f"plant.{error}.{row}", claim=f"{words}: {claim}", source="theory targets, 4",
          seed="as the row")  # fmt: skip
    assert measure().verdict == AGREES  # taken out again


# ------------------------------------------------------------------------------------ the plants are what they say


class PaidAfterDeath(Events):
    """The naive world, its payoffs worked out anew after the death, by those who are left."""

    def replacement(self, u, v, w, payoff, fitness):
        dead = int(u * self.size)
        left = dict(fitness)
        for j, _ in self.around(dead):
            near = [(i, weight) for i, weight in self.around(j) if i != dead]
            whole = math.fsum(weight * self.matrix[self.strategy[j], self.strategy[i]] for i, weight in near)
            left[j] = math.exp(self.scenario.update.intensity * whole / math.fsum(weight for _, weight in near))
        return super().replacement(u, v, w, payoff, left)


def test_counting_payoffs_after_the_death_is_the_world_that_is_planted(monkeypatch):
    """The same draws, the same history: the naive world that takes the dead away, and the plant."""
    world = replace(on_graph(named("network"), nx.petersen_graph()), {"update.intensity": 0.7, "game.benefit": 3.3})
    right, parted = [(PaidAfterDeath(world, seed), Events(world, seed)) for seed in range(12)], False
    paid_after_death(monkeypatch)
    for seed, (truly, otherwise) in enumerate(right):
        told = Events(world, seed)
        for _ in range(25):
            for society in (truly, told, otherwise):
                society.event()
            assert truly.strategy == told.strategy
            parted = parted or truly.strategy != otherwise.strategy
    assert parted


def test_meeting_oneself_is_the_world_that_is_planted(monkeypatch):
    """In a mixed population: the payoffs of head counts that include oneself."""
    world = replace(named("kin"), {"size": 7})
    matrix = world.matrix(world.answers())
    everybody_meets_itself(monkeypatch)
    planted_matrix = world.matrix(world.answers())
    for cooperators in range(1, 7):
        heads = np.array([cooperators, 7 - cooperators])
        for s in (0, 1):
            others = heads - np.eye(2)[s]
            assert others @ planted_matrix[s] == pytest.approx(heads @ matrix[s])
