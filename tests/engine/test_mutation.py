"""Mutation: the long run against exact chains, plain against compiled, and who refuses to speak of fixation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, chi2

from coop_abm.core.errors import CoopError, TheoryError
from coop_abm.core.kernel import engine
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble, fixation
from coop_abm.engine.history import EventWorld, RoundWorld
from coop_abm.engine.lineage import Watched
from coop_abm.engine.revisions import take_round
from coop_abm.engine.rounds import Play, run
from coop_abm.engine.walks import walked_ratio
from coop_abm.engine.witness import foresee
from coop_abm.policies.rule import TableReader
from coop_abm.scenario import Scenario
from coop_abm.scenario.expectation import expectation, weights_of
from coop_abm.scenario.knobs import digest, replace
from coop_abm.theory import mutation
from coop_abm.theory.chain import abundance
from coop_abm.updates.base import other_than

#: Looks at a world, and generations between two of them: so many that one knows next to nothing of the other.
LOOKS, APART = 10_000, 20
BETA, RATE = 0.5, 0.1
WHEEL = {"network.enabled": True, "network.graph": "wheel"}


def world(update, size=9, *, kind="reproduction", rate=RATE, **changes):
    declared = {
        "clock": "event", "update": {"kind": update, "mutation": rate, "mutation_kind": kind},
        "players": [{"share": 0.5, "strategy": "allc"}, {"share": 0.5, "strategy": "alld"}],
    }  # fmt: skip
    intensity = {} if update in ("imitate_the_best", "proportional_imitation") else {"update.intensity": BETA}
    return replace(Scenario(size=size), declared | intensity | changes)


def fits(heads, expected):
    """Do counts of heads agree with their exact distribution? Chi-square; rejected once in 1,000 seeds."""
    seen, wanted = np.bincount(heads, minlength=len(expected)), len(heads) * expected
    assert wanted.min() > 5
    return chi2.sf(((seen - wanted) ** 2 / wanted).sum(), len(expected) - 1) > 0.001


def long_run(scenario, seed=5):
    return EventWorld(scenario, seed).record(50 + LOOKS * APART)[50::APART, 0]


def stationary(chain):
    """The distribution that a matrix of transition probabilities, rows to columns, leaves as it is."""
    system = np.vstack([chain.T - np.eye(len(chain)), np.ones(len(chain))])
    return np.linalg.lstsq(system, np.r_[np.zeros(len(chain)), 1.0], rcond=None)[0]


def shares(scenario):
    """float (N + 1,): the share of all fitness that j cooperators have, in a mixed population of averaged payoffs."""
    (a, b), (c, d) = scenario.matrix(scenario.answers())
    n, j = scenario.size, np.arange(scenario.size + 1)
    f = np.exp(BETA * ((j - 1) * a + (n - j) * b) / (n - 1))
    g = np.exp(BETA * (j * c + (n - j - 1) * d) / (n - 1))
    return j * f / (j * f + (n - j) * g)


def test_the_long_run_of_imitation_is_the_stationary_distribution_of_theory():
    scenario = world("imitation", 12)
    expected = mutation.stationary(scenario.matrix(scenario.answers()), 12, BETA, RATE)
    assert fits(long_run(scenario), expected)
    assert not fits(long_run(scenario), mutation.stationary(scenario.matrix(scenario.answers()), 12, BETA, RATE / 1.2))


@pytest.mark.parametrize("update", ["birth_death", "death_birth", "pairwise_comparison"])
def test_the_long_run_of_a_mixed_population_is_that_of_the_exact_chain(update):
    scenario = world(update)
    everybody = np.ones((9, 9)) - np.eye(9)
    matrix = scenario.matrix(scenario.answers())
    expected = abundance(everybody, matrix, update=update, intensity=BETA, mutation=RATE)
    assert fits(long_run(scenario), expected)


@pytest.mark.parametrize("keyed", [True, pytest.param(False, marks=pytest.mark.validate)])
@pytest.mark.parametrize("update", ["death_birth", "birth_death"])
def test_the_long_run_on_a_graph_is_that_of_the_exact_chain(update, keyed, monkeypatch):
    scenario = world(update, 6, **WHEEL)
    answers = scenario.answers()
    weights, matrix = weights_of(answers).toarray(), scenario.matrix(answers)
    running = EventWorld(scenario, 5)
    if not keyed:
        monkeypatch.setattr("coop_abm.engine.keys.MOST_KEYS", 0)
        monkeypatch.setattr("coop_abm.engine.events.MOST_KEYS", 0)
        running = EventWorld(scenario, 5)
    assert running.process.keyed == keyed
    heads = running.record(50 + LOOKS * APART)[50::APART, 0]
    assert fits(heads, abundance(weights, matrix, update=update, intensity=BETA, mutation=RATE))


def test_spontaneous_mutants_appear_at_their_rate_per_individual_and_generation():
    scenario, n = world("imitation", 10, kind="spontaneous"), 10
    share, j = shares(scenario), np.arange(11)
    up, down = (n - j) / n * share, j / n * (1 - share)
    event = np.diag(1 - up - down) + np.diag(up[:-1], 1) + np.diag(down[1:], -1)
    ray = np.diag(np.full(11, 1 - RATE)) + RATE * (np.diag((n - j[:-1]) / n, 1) + np.diag(j[1:] / n, -1))
    assert fits(long_run(scenario), stationary(event @ ray))


@pytest.mark.parametrize("clock", ["event", pytest.param("round", marks=pytest.mark.validate)])
def test_generations_of_mutants_are_the_exact_chain_on_both_clocks(clock):
    scenario = world("wright_fisher", 8, clock=clock, partners="all", rate=0.2)
    born = shares(scenario) * 0.8 + (1 - shares(scenario)) * 0.2
    expected = stationary(binom.pmf(np.arange(9)[None, :], 8, born[:, None]))
    if clock == "event":
        heads = long_run(scenario)
    else:
        heads = Play(scenario, 5).advance(50 + LOOKS * 8)[0, 50::8, 0]
    assert fits(heads, expected)


@pytest.mark.validate
def test_replacements_in_turn_on_the_round_clock_mutate_as_on_the_event_clock():
    scenario = world("birth_death", clock="round", partners="all")
    matrix = scenario.matrix(scenario.answers())
    expected = abundance(np.ones((9, 9)) - np.eye(9), matrix, update="birth_death", intensity=BETA, mutation=RATE)
    heads = Play(scenario, 5).advance(500 + LOOKS * 100)[0, 500::100, 0]
    assert fits(heads, expected)


PLACES = {
    "mixed": {},
    "keys": {"network.enabled": True, "network.graph": {"kind": "ring", "degree": 4}},
    "takeovers": {"network.enabled": True, "network.graph": "torus", "group.enabled": True, "group.size": 4,
                  "group.split": 0.3},
    "groups": {"group.enabled": True, "group.size": 4, "group.split": 0.3},
    "families": {"kin.enabled": True, "kin.channel": "descent", "kin.family": 4, "kin.pedigree": "full_sibs"},
}  # fmt: skip
THREE = [{"share": 0.5, "strategy": "allc"}, {"share": 0.25, "strategy": "alld"}, {"share": 0.25, "strategy": "tft"}]


@pytest.mark.parametrize("kind", ["reproduction", "spontaneous"])
@pytest.mark.parametrize("place", PLACES)
def test_plain_and_compiled_worlds_mutate_alike_and_nothing_dies_out_for_good(place, kind):
    update = {"families": "wright_fisher", "takeovers": "death_birth"}.get(place, "birth_death")
    scenario = world(update, 12, kind=kind, rate=0.2, players=THREE, **PLACES[place])
    ends = []
    for name in ("plain", "compiled"):
        with engine(name):
            running, seen = EventWorld(scenario, 3), set()
            for _ in range(12):
                running.step()
                seen |= set(running.snapshot().strategy[0].tolist())
            running.event()
            ends.append((running.strategy.tolist(), running.payoff.tolist(), [int(x) for x in running.stream]))
    assert ends[0] == ends[1]
    assert seen == {0, 1, 2}


@pytest.mark.parametrize("kind", ["reproduction", "spontaneous"])
@pytest.mark.parametrize("update", ["birth_death", "imitate_the_best", "proportional_imitation", "wright_fisher"])
def test_rounds_mutate_alike_on_both_engines_and_whether_somebody_is_asked_or_not(update, kind):
    graph = {} if update == "wright_fisher" else {"network.enabled": True, "network.graph": "torus"}
    scenario = world(update, 16, kind=kind, rate=0.2, clock="round", partners="all", **graph)
    ends = []
    for name, asked in (("plain", False), ("compiled", False), ("compiled", True)):
        with engine(name):
            play = Play(scenario, 3, replicates=2)
            if asked:
                policy = TableReader(play.repertoire)
                while play.round < 6:
                    play.tell(policy.decide(play.ask()))
            else:
                run(play, TableReader(play.repertoire), 6)
            ends.append((play.state.strategy.tolist(), play.state.payoff.tolist()))
    assert ends[0] == ends[1] == ends[2]


def test_where_nobody_is_left_to_differ_from_a_mutant_still_comes():
    scenario = world("birth_death", 10, rate=0.05, **{"update.intensity": 0.0})
    running = EventWorld(scenario, 1)
    heads = running.record(2000)[:, 0]
    assert {0, 10} <= set(heads.tolist()) and heads[-500:].min() < heads[-500:].max()


def test_another_strategy_is_any_but_ones_own_each_as_likely():
    drawn = [[int(other_than(own, (k + 0.5) / 30, 4)) for k in range(30)] for own in range(4)]
    for own, others in enumerate(drawn):
        assert {s: others.count(s) for s in set(others)} == {s: 10 for s in range(4) if s != own}
    assert other_than(0, 0.9, 1) == 0


def test_without_mutation_a_world_is_the_one_it_was():
    still = world("death_birth", rate=0.0, kind="spontaneous")
    assert process(still).ensemble is not None
    assert digest(still) == digest(world("death_birth", rate=0.0)) != digest(world("death_birth"))
    assert "mutate" not in process(still).advance.function.__name__


def test_whoever_speaks_of_fixation_refuses_mutation():
    scenario = world("death_birth", 12, **WHEEL)
    for ask in (fixation, neutral_drift, walked_ratio):
        with pytest.raises((CoopError, TheoryError), match=r"update\.mutation: .* it must be 0$"):
            ask(scenario)
    with pytest.raises(CoopError, match=r"update\.mutation"):
        ensemble(process(scenario), np.array([1, 11]), 10, base=np.uint64(1))
    said = expectation(scenario)
    assert said.kind == "silent" and "mutate" in said.reason and np.isnan(said.limit)


def test_whoever_tells_who_copied_whom_refuses_mutation():
    event, rounds = world("death_birth", 12, **{"network.enabled": True}), world("imitation", 12, clock="round")
    play = Play(rounds, 1)
    of_rounds = RoundWorld(play, TableReader(play.repertoire))
    for ask in (lambda: Watched(EventWorld(event)), lambda: Watched(of_rounds)):
        with pytest.raises(CoopError, match=r"update\.mutation"):
            ask()
    for told in (lambda: foresee(EventWorld(event)), lambda: take_round(of_rounds)):
        with pytest.raises(CoopError, match=r"update\.mutation"):
            told()
