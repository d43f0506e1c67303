"""Realised payoffs: what happens to a threshold when payoffs are sampled games instead of expectations.

Theory speaks of expected payoffs. Where an individual is judged by G games that it really played, as individuals
are whose decisions come from a language model, its payoff is noisy, and fitness exp(intensity x payoff) is bent: by
Jensen's inequality noise raises mean fitness, as if payoff were larger by intensity x variance / (2 G). Cooperators
and defectors have different noise, so the critical ratio moves, in proportion to intensity / G.

Here a mixed population under birth-death updating plays its games anew before each event: each individual G
encounters, each with a random other, and it alone is paid. :func:`realised_crossing` measures where rho_C = rho_D,
:func:`realised_limit` measures it with more and more games and extrapolates the shift away.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from coop_abm.core.dice import drawn, open_stream
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.core.kernel import kernel
from coop_abm.engine.bench import Report
from coop_abm.engine.crossing import MOST_EVENTS, Measured, amplification, crossing, to_zero
from coop_abm.engine.events import LARGEST_EXPONENT, Process
from coop_abm.engine.statistics import Z95
from coop_abm.scenario.scenario import Scenario

#: Games of each individual before each event, from which the limit of infinitely many is read.
GAMES = (2, 4, 8)


class Sampled(NamedTuple):
    """What an event reads, where payoffs are sampled.

    size      : number of individuals
    games     : encounters of each individual before each event
    cooperate, next_state, helper : the repertoire, see ``strategies/table.py``
    payoffs   : float (2, 2), one turn of the game
    continuation, visibility, relatedness, assortment : see ``Answers``
    help_fails, refusal_fails : probabilities that an intended action turns into the other
    intensity : intensity of selection
    value     : empty; runs are counted, not followed
    """

    size: int
    games: int
    cooperate: np.ndarray
    next_state: np.ndarray
    helper: np.ndarray
    payoffs: np.ndarray
    continuation: float
    visibility: float
    relatedness: float
    assortment: float
    help_fails: float
    refusal_fails: float
    intensity: float
    value: np.ndarray


def realised_crossing(
    scenario: Scenario,
    *,
    games: int = 1,
    seed: int = 0,
    relative_error: float = 0.005,
    largest: float = 1000.0,
    most_events: int = MOST_EVENTS,
    report: Report | None = None,
) -> Measured:
    """The ratio at which rho_C = rho_D, where each payoff is the mean of `games` encounters that were really played.

    Raises
    ------
    ScenarioError
        unless the population is mixed, under birth-death updating, with payoffs that are means
    NoCrossing
        if no ratio up to `largest` lets cooperators do as well as defectors
    """
    if isinstance(games, bool) or not isinstance(games, int) or games < 1:
        raise InputError(f"games must be a whole number of at least 1; got {games!r}")
    return crossing(
        scenario, seed=seed, relative_error=relative_error, largest=largest,
        most_events=max(1, most_events // (scenario.size * games)), report=report,
        prepare=lambda world, _seed: sampled_process(world, games),
    )  # fmt: skip


def realised_limit(
    scenario: Scenario,
    *,
    games: tuple[int, ...] = GAMES,
    seed: int = 0,
    relative_error: float = 0.005,
    most_events: int = MOST_EVENTS,
    report: Report | None = None,
) -> Measured:
    """The critical ratio of expected payoffs, from payoffs that were played: a line in intensity / games.

    Parameters
    ----------
    games : at least two numbers of games; the intensity of selection is that of the scenario throughout

    Returns
    -------
    Measured
        with power 1 and, of three numbers or more, the fit of the line; one list of points for each

    Raises
    ------
    as :func:`realised_crossing`
    """
    if len(set(games)) < 2:
        raise InputError(f"games must be at least two different numbers; got {games!r}")
    intensity = getattr(scenario.update, "intensity", 0.0)
    x = np.array([intensity / count for count in games])
    each = relative_error / amplification(x)
    parts = [
        realised_crossing(
            scenario, games=count, seed=seed, relative_error=each, most_events=most_events // len(games), report=report
        )
        for count in games
    ]  # fmt: skip
    return extrapolated_to_expectation(games, parts)


def extrapolated_to_expectation(games: tuple[int, ...], parts: list[Measured]) -> Measured:
    """Crossings measured with these numbers of games, at any intensities, as a line in intensity / games at 0."""
    x = np.array([part.intensities[0] / count for part, count in zip(parts, games, strict=True)])
    value, error, fit = to_zero(x, np.array([p.value for p in parts]), np.array([p.error for p in parts]))
    return Measured(
        value, error, value - Z95 * error, value + Z95 * error,
        tuple(part.points[0] for part in parts), tuple(part.intensities[0] for part in parts),
        sum(part.runs for part in parts), 1, fit,
    )  # fmt: skip


def sampled_process(scenario: Scenario, games: int) -> Process:
    """The process of a scenario whose payoffs are the mean of `games` sampled encounters.

    Raises
    ------
    ScenarioError
        unless it is a mixed population under birth-death updating, with payoffs that are means
    """
    answers, rows = scenario.answers(), scenario.repertoire()
    if not answers.well_mixed or answers.family > 1 or scenario.update.kind != "birth_death":
        raise ScenarioError(
            "realised payoffs: the population must be mixed (no network, groups or families) with update birth_death; "
            f"got {scenario.update.kind} with {', '.join(scenario.active) or 'no rule'} on"
        )
    if scenario.update.linear or scenario.update.mutation > 0:
        raise ScenarioError("realised payoffs: update.fitness must be exponential and update.mutation 0")
    if scenario.payoff != "averaged" or not answers.innate:
        raise ScenarioError("realised payoffs: payoff must be averaged and indirect.assessment must be type")
    payoffs = scenario.game.payoffs()
    turns = 1 / (1 - answers.continuation)
    if scenario.update.selection * float(np.abs(payoffs).max()) * turns > LARGEST_EXPONENT:
        raise ScenarioError(f"update.intensity x payoff must stay below {LARGEST_EXPONENT:g}, or fitness overflows")
    help_fails, refusal_fails = scenario.failing
    world = Sampled(
        scenario.size, games, np.ascontiguousarray(rows.cooperate), np.ascontiguousarray(rows.next_state),
        np.ascontiguousarray(rows.helper), np.ascontiguousarray(payoffs, dtype=np.float64), answers.continuation,
        answers.visibility, answers.relatedness, answers.assortment, help_fails, refusal_fails,
        scenario.update.selection, np.empty(0),
    )  # fmt: skip
    return Process("mixed", world, ensemble_sampled, ensemble_sampled, None)  # type: ignore[arg-type]


@kernel
def play(s, t, world, s0, s1, s2, s3):
    """One encounter of strategies s and t, turn by turn: what s feels of it, and the stream."""
    state0 = np.int64(0)
    state1 = np.int64(0)
    before0 = np.int64(0)
    before1 = np.int64(0)
    total0 = 0.0
    total1 = 0.0
    again = True
    while again:
        seen0 = np.int64(2)
        seen1 = np.int64(2)
        if world.visibility > 0.0:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            if u < world.visibility:
                seen0 = world.helper[t]
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            if u < world.visibility:
                seen1 = world.helper[s]
        done0, s0, s1, s2, s3 = acted(
            world.cooperate[s, state0, before0, seen0, 0, world.helper[s]], world, s0, s1, s2, s3
        )
        done1, s0, s1, s2, s3 = acted(
            world.cooperate[t, state1, before1, seen1, 0, world.helper[t]], world, s0, s1, s2, s3
        )
        total0 += world.payoffs[done0, done1]
        total1 += world.payoffs[done1, done0]
        state0 = world.next_state[s, state0, 2 * done0 + done1]
        state1 = world.next_state[t, state1, 2 * done1 + done0]
        before0 = 1 + 2 * done0 + done1
        before1 = 1 + 2 * done1 + done0
        again = False
        if world.continuation > 0.0:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            again = u < world.continuation
    return total0 + world.relatedness * total1, s0, s1, s2, s3


@kernel
def acted(chance, world, s0, s1, s2, s3):
    """The action of somebody who intends to help with this probability: 0 help, 1 refusal; and the stream."""
    done = np.int64(0 if chance >= 1.0 else 1)
    if 0.0 < chance < 1.0:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        done = np.int64(0 if u < chance else 1)
    fails = world.help_fails if done == 0 else world.refusal_fails
    if fails > 0.0:
        u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
        if u < fails:
            done = 1 - done
    return done, s0, s1, s2, s3


@kernel
def earned(own, count, world, s0, s1, s2, s3):
    """The mean payoff that somebody of strategy `own` really earns in its games; and the stream.

    count : int64 (S,), head counts
    """
    total = 0.0
    for _ in range(world.games):
        partner = np.int64(own)
        met_copy = False
        if world.assortment > 0.0:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            met_copy = u < world.assortment
        if not met_copy:
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            left = np.int64(u * (world.size - 1))
            for t in range(count.shape[0]):
                others = count[t] - 1 if t == own else count[t]
                if left < others:
                    partner = np.int64(t)
                    break
                left -= others
        felt, s0, s1, s2, s3 = play(own, partner, world, s0, s1, s2, s3)
        total += felt
    return total / world.games, s0, s1, s2, s3


@kernel
def ensemble_sampled(world, base, first, start, limit, winner, events):
    """Replicates of a mixed population that plays anew before each event; see ``ensemble_mixed``."""
    size = world.size
    payoff = np.empty(size)
    for k in range(winner.shape[0]):
        s0, s1, s2, s3 = open_stream(base, first + k)
        count = start.copy()
        done = np.int64(0)
        while done < limit and 0 < count[0] < size:
            best = -math.inf
            i = 0
            for s in range(count.shape[0]):
                for _ in range(count[s]):
                    payoff[i], s0, s1, s2, s3 = earned(s, count, world, s0, s1, s2, s3)
                    best = max(best, payoff[i])
                    i += 1
            total = 0.0
            for i in range(size):  # measured from the richest, so that it cannot overflow
                payoff[i] = math.exp(world.intensity * (payoff[i] - best))
                total += payoff[i]
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            target = u * total
            passed = 0.0
            parent = 0
            for i in range(size):
                passed += payoff[i]
                parent = i
                if target < passed:
                    break
            new = 0 if parent < count[0] else 1
            u, s0, s1, s2, s3 = drawn(s0, s1, s2, s3)
            dead = np.int64(u * (size - 1))  # one of the others
            if dead >= parent:
                dead += 1
            old = 0 if dead < count[0] else 1
            count[old] -= 1
            count[new] += 1
            done += 1
        winner[k] = -1 if 0 < count[0] < size else (0 if count[0] == size else 1)
        events[k] = done
