"""What theory knows of one cooperator, of the end of a run and of the long run: what a page may draw as a line."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.mechanisms import Answers
from coop_abm.scenario.expectation import weights_of
from coop_abm.scenario.scenario import Scenario
from coop_abm.theory import chain, fixation, mutation, passage

#: Graphs up to this size have a chain of all their states; larger ones take too long.
SMALL = 11
#: Well-mixed populations up to this size.
MIXED = 20_000


def _two_on_the_event_clock(scenario: Scenario) -> bool:
    """Two strategies that neither mutate nor have linear fitness, of which no chain is known."""
    known = scenario.update.mutation == 0 and not scenario.update.linear
    return scenario.clock == "event" and len(scenario.repertoire().names) == 2 and known


def _intensity_when_mixed(scenario: Scenario, answers: Answers) -> float | None:
    """Intensity times mean payoff is the exponent of fitness; None where nobody is mixed, or no such chain known."""
    structured = len(answers.indptr) or answers.groups > 1 or answers.fluid or answers.family > 1
    if structured or scenario.update.kind not in fixation.UPDATES or scenario.size > MIXED:
        return None
    if answers.assortment > 0:  # whom one meets depends on oneself
        return None
    return scenario.update.selection * (answers.size - 1 if scenario.payoff == "accumulated" else 1)


def _mixed(scenario: Scenario, answers: Answers) -> tuple[np.ndarray, np.ndarray] | None:
    """T+ and T- of a well-mixed population, None where it is none or its rule has no such chain."""
    beta = _intensity_when_mixed(scenario, answers)
    if beta is None:
        return None
    return fixation.steps(scenario.matrix(answers), answers.size, beta, scenario.update.kind)


def _small_graph(scenario: Scenario, answers: Answers) -> dict | None:
    """The arguments of ``theory.chain`` for a graph that is small enough; None where there is none."""
    alone = len(answers.indptr) and answers.groups <= 1 and answers.family == 1 and answers.assortment == 0
    if not alone or answers.size > SMALL or scenario.update.kind not in chain.UPDATES:
        return None
    return {
        "weights": weights_of(answers).toarray(), "M": scenario.matrix(answers), "update": scenario.update.kind,
        "intensity": scenario.update.selection, "payoff": scenario.payoff,
        "replacement": weights_of(answers.replacing()).toarray() if answers.two_graphs else None,
    }  # fmt: skip


def _which(answers: Answers) -> str:
    return "these two graphs" if answers.two_graphs else "this graph"


def rho(scenario: Scenario, seed: int = 0) -> tuple[float, str] | None:
    """The exact probability that one cooperator takes over, and whence it is known; None where it is not."""
    if not _two_on_the_event_clock(scenario):
        return None
    answers = scenario.answers(seed)
    try:
        rates = _mixed(scenario, answers)
        if rates is not None:
            return fixation.pair_of(*rates).cooperators, "birth-death chain of a well-mixed population"
        graph = _small_graph(scenario, answers)
        if graph is not None:
            return chain.graph_fixation(**graph).cooperators, f"Markov chain of all states of {_which(answers)}"
    except TheoryError:
        return None
    return None


class Times(NamedTuple):
    """What theory knows of how long one cooperator's fate takes.

    means : in events
    rates : T+ and T- of the chain of head counts, where there is one
    whence : how it is known
    """

    means: fixation.FixationTimes
    rates: tuple[np.ndarray, np.ndarray] | None
    whence: str

    def ended_by(self, events: list[int]) -> np.ndarray | None:
        """Of those who win, and of those who are lost, the share that has by then, (2, T); None where unknown."""
        if self.rates is None or len(self.rates[0]) >= passage.LARGEST:
            return None
        won = float(fixation.chain_probability(*self.rates)[1])
        if not 0 < won < 1:
            return None
        return passage.ended_by(*self.rates, events) / np.array([[won], [1 - won]])


def times(scenario: Scenario, seed: int = 0) -> Times | None:
    """How long it takes until one cooperator has taken over or is gone; None where theory does not know."""
    if not _two_on_the_event_clock(scenario):
        return None
    answers = scenario.answers(seed)
    try:
        rates = _mixed(scenario, answers)
        if rates is not None:
            found = fixation.chain_times(*rates)
            return Times(found, rates, "birth-death chain of a well-mixed population")
        graph = _small_graph(scenario, answers)
        if graph is not None:
            return Times(chain.fixation_times(**graph), None, f"Markov chain of all states of {_which(answers)}")
    except (TheoryError, InputError):  # selection so strong that a step has no probability in floats
        return None
    return None


def long_run(scenario: Scenario, seed: int = 0) -> tuple[np.ndarray | None, str]:
    """float (N + 1,), the exact share of time with 0 .. N cooperators, and whence; or None, and why it is unknown."""
    kind = scenario.update.kind
    if scenario.clock == "round":
        return None, "on the round clock no exact chain is known"
    if scenario.update.linear:
        return None, "the known chains are for exponential fitness, and here it is linear"
    if kind not in fixation.UPDATES:
        return None, f"no exact chain is known for {kind.replace('_', ' ')}"
    answers, rate, how = scenario.answers(seed), scenario.update.mutation, scenario.update.mutation_kind
    beta = _intensity_when_mixed(scenario, answers)
    try:
        if beta is not None:
            found = mutation.long_run(scenario.matrix(answers), answers.size, beta, rate, update=kind, kind=how)
            return found, "birth-death chain of a well-mixed population with mutation"
        graph = _small_graph(scenario, answers)
        if graph is not None and how == "reproduction" and rate <= 0.5:
            return chain.abundance(**graph, mutation=rate), f"Markov chain of all states of {_which(answers)}"
    except TheoryError as error:
        return None, f"theory has no number here ({error})"
    if len(answers.indptr) and answers.size > SMALL:
        return None, f"exact chains of graphs have 2^N states, so they end at {SMALL} individuals"
    return None, "no exact chain of this structure with this kind of mutation is known"


def final_share(scenario: Scenario, seed: int = 0) -> float | None:
    """The mean share of the first strategy at the end of very many runs from this start; NaN-free, None if unknown.

    In a well-mixed population on the event clock a run ends in one colour, in that of the first strategy with an
    exact probability; the mean of final shares is that very number, so a chart of shares can show it.
    """
    if not _two_on_the_event_clock(scenario) or scenario.repertoire().helper.tolist() != [1, 0]:
        return None
    if scenario.network.enabled and scenario.network.graph.kind != "complete":  # so no large graph is built for this
        return None
    try:
        rates = _mixed(scenario, scenario.answers(seed))
        if rates is None:
            return None
        found = float(fixation.chain_probability(*rates)[int(scenario.starting_counts()[0])])
    except TheoryError:
        return None
    return found if math.isfinite(found) else None
