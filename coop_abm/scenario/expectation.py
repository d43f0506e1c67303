"""What theory says about a scenario, or why it is silent.

Theory answers for the very process that was declared: its population size, its graph, its update
rule, its channel of kinship. Where it knows an answer only to first order in selection, it says so;
where it knows none, it gives the reason and no number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from coop_abm.core.errors import InputError, TheoryError
from coop_abm.mechanisms import Answers
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.limits import Answered, limits_of, pushes_of
from coop_abm.scenario.scenario import Scenario
from coop_abm.structures.graph import shared
from coop_abm.theory import birth_death, coalescence, composition, groups, thresholds

#: Regular graphs above this size are answered by the closed form, which takes no time.
LARGEST_WALKED = 500
#: Irregular graphs above this size, and group chains above these states, take more than a few seconds.
QUICK_NODES, QUICK_STATES = 1_000, 10_000
#: Splitting less likely than this is none.
RAREST = 1e-12
_NAMES = {"birth_death": "birth-death updating", "pairwise_comparison": "pairwise comparison"}
#: Why nothing is said, or measured, of fixation where strategies mutate.
MUTATES = "update.mutation: where strategies mutate none takes over for good, so there is no fixation; it must be 0"
#: The ratio on two regular graphs, and how many steps along one and then the other are taken to know that it is exact.
CLOSED = {"death_birth": thresholds.death_birth_on_two, "imitation": thresholds.imitation_on_two}
MOST_PRODUCTS = 20_000_000
#: Update rules of which a law of weak selection is known.
KNOWN = ("birth_death", "death_birth", "imitation", "pairwise_comparison", "wright_fisher")


class Expectation(NamedTuple):
    """The critical benefit-to-cost ratio of a scenario.

    value  : signed ratio; NaN where theory is silent
    kind   : "threshold" (cooperation is favoured above it), "spite" (negative: never, but harming can
             be), "never" (infinite), "near_singular" (too large to see) or "silent"
    limit  : the textbook's ratio for infinite populations, weak selection and rare splitting; NaN
             where more than one rule is on
    status : "exact" at this intensity, "first order" in selection, or "silent"
    reason : the law that was used, or why theory is silent
    references : keys of ``references.bib``
    limits : what the number does not say, in phrases; the last one says how far it moves at this intensity
    pushes : each rule's part in it, None where the game is not the donation game under the five rules
    """

    value: float
    kind: str
    limit: float
    status: str
    reason: str
    references: tuple[str, ...]
    limits: tuple[str, ...] = ()
    pushes: composition.Pushes | None = None


def expectation(scenario: Scenario, seed: int = 0, *, graph: int = 0, thorough: bool = False) -> Expectation:
    """What theory expects of this scenario.

    Parameters
    ----------
    seed, graph : root seed and number of its graph if the graph is random
    thorough : may it take minutes? Otherwise theory is silent, with that reason, about irregular graphs of more
        than 1,000 nodes and groups of more than 10,000 states
    """
    limit = textbook_limit(scenario, seed, graph)
    try:
        answers = scenario.answers(seed, graph)
        found = _answer(scenario, answers, thorough)
        kind = coalescence.kind_of(found.value)
        limits = limits_of(scenario, answers, found)
    except (_Silent, TheoryError) as silence:
        return Expectation(float("nan"), "silent", limit, "silent", str(silence), ())
    pushes = pushes_of(scenario, answers, found)
    return Expectation(found.value, kind, limit, found.status, found.reason, found.references, limits, pushes)


class _Silent(Exception):
    """Theory has no answer; the message says why."""


def _answer(scenario: Scenario, answers: Answers, thorough: bool) -> Answered:
    if scenario.update.mutation > 0:
        raise _Silent(
            "where strategies mutate none takes over for good, and the known ratios compare chances of taking over; "
            "coop_abm.theory.mutation and theory.chain.abundance know the long run of small or mixed populations"
        )
    if scenario.clock == "round":
        raise _Silent(
            "on the round clock a round has its own encounters and many can learn at once; the known thresholds are "
            "for expected payoffs and one replacement at a time (clock = event)"
        )
    first, slope = _family(scenario, answers)
    kind = scenario.update.kind
    if answers.fluid or answers.groups > 1:
        return _answer_for_groups(scenario, answers, first, slope, thorough)
    if kind not in KNOWN:
        raise _Silent(f"{kind.replace('_', ' ')} has no law of weak selection: the size of a payoff difference decides")
    status = "first order"
    if answers.family > 1:
        sigma = composition.sigma_from_ratio(thresholds.kin_descent(scenario.kin.related, answers.size, answers.family))
        reason = f"families of {answers.family} that compete with the whole population"
        references: tuple[str, ...] = ("Hamilton1964", "Hamilton1970")
    elif len(answers.indptr) == 0 or scenario.update.generational:
        sigma = composition.well_mixed_sigma(answers.size)
        steady = kind in ("birth_death", "imitation", "pairwise_comparison") and not scenario.update.linear
        status = "exact" if steady else status
        reason = "well-mixed population of this size" + (", exact at any intensity" if status == "exact" else "")
        if len(answers.indptr):
            reason = "offspring go anywhere, so the graph does not help: as in a well-mixed population"
        references = ("NowakSasakiTaylorFudenberg2004", "Nowak2006")
    else:
        ratio, reason, references = _ratio_of_graph(scenario, answers, thorough)
        sigma = composition.sigma_from_ratio(ratio)
    value = composition.critical_of_family(sigma, first, slope)
    return Answered(value, status, reason, references, sigma, first, slope)


def _answer_for_groups(
    scenario: Scenario, answers: Answers, first: np.ndarray, slope: np.ndarray, thorough: bool
) -> Answered:
    if answers.split < RAREST:
        raise _Silent("group.split is 0, so groups stay apart for ever and nothing can take over")
    if not answers.fluid:
        raise _Silent(
            "groups on a network that take each other over: takeovers follow replacements instead of the fitness of "
            "whole groups, so the formula for rare duplication does not apply; this process is ours, no theory is known"
        )
    if scenario.update.linear:
        raise _Silent("linear fitness in groups that grow and split: the known chain is for exponential fitness")
    if scenario.payoff == "accumulated":
        raise _Silent("accumulated payoffs in groups that change in size: the known chain is for averaged ones")
    states = groups.number_of_states(answers.group_size, answers.groups)
    if QUICK_STATES < states <= groups.LARGEST and not thorough:
        raise _Silent(
            f"the exact chain of these groups has {states:,} states and takes minutes: "
            'ask coop_abm.critical_ratio(..., method="exact")'
        )
    chained = groups.GroupChain(answers.group_size, answers.groups, answers.split)
    value = chained.critical(lambda b: first + b * slope, scenario.update.intensity * scenario.game.cost)
    reason = "full Markov chain of groups that split, at this intensity and splitting probability"
    return Answered(value, "exact", reason, ("TraulsenNowak2006",), chained.sigma(), first, slope)


def _family(scenario: Scenario, answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """The payoff matrix as first + benefit x slope, in units of the cost."""
    if scenario.on_directed_graph:
        raise _Silent("on a directed graph fitness is constant, so no benefit is large or small enough")
    if len(scenario.repertoire().names) != 2:
        raise _Silent("a critical ratio is for two strategies; this world has another number of them")
    if not scenario.game.has_ratio:
        raise _Silent(f"the game {scenario.game.kind} has no benefit and cost to compare")
    if scenario.repertoire().helper.tolist() != [1, 0]:
        raise _Silent("the first strategy must help strangers and the second must not")
    cost = scenario.game.cost
    if cost <= 0:
        raise _Silent("game.cost is 0, so there is no ratio")
    at = [replace(scenario, {"game.benefit": b * cost, "game.cost": cost}).matrix(answers) / cost for b in (2, 3, 5)]
    slope = at[1] - at[0]
    if not np.allclose(at[2], at[0] + 3 * slope, rtol=1e-9, atol=1e-9):
        raise _Silent("payoffs are not linear in the benefit, because a strategy depends on the game")
    return at[0] - 2 * slope, slope


def payoff_family(scenario: Scenario, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The payoff matrices of a scenario as first + (b/c) x slope, in units of the cost; each float (2, 2).

    Raises
    ------
    TheoryError
        if they are no such family: more than two strategies, no benefit and cost, a matrix that bends
    """
    try:
        return _family(scenario, scenario.answers(seed))
    except _Silent as silence:
        raise TheoryError(f"no critical ratio: {silence}") from None


def _ratio_of_graph(scenario: Scenario, answers: Answers, thorough: bool) -> tuple[float, str, tuple[str, ...]]:
    """The critical ratio of the donation game on the graph, and where it comes from."""
    kind, payoff, size, replacing = scenario.update.kind, scenario.payoff, answers.size, answers.replacing()
    strength = answers.strength()
    isothermal = all(np.ptp(each) <= 1e-9 * each.max() for each in (strength, replacing.strength()))
    regular = isothermal and len(answers.weight) == len(replacing.weight) == 0
    if kind in ("birth_death", "pairwise_comparison") and isothermal:
        source = "OhtsukiHauertLiebermanNowak2006" if kind == "birth_death" else "OhtsukiNowak2006b"
        reason = f"{_NAMES[kind]} on a graph of equal degrees: as in a well-mixed population"
        return thresholds.birth_death(size), reason, (source,)
    if regular and kind in CLOSED and size > LARGEST_WALKED and answers.two_graphs:
        known = _closed_form_of_two(kind, answers)
        if known is not None:
            return known, "closed form for two regular graphs", ("OhtsukiPachecoNowak2007", "Chen2013")
    elif regular and kind in CLOSED and size > LARGEST_WALKED:
        formula = thresholds.death_birth if kind == "death_birth" else thresholds.imitation
        return formula(int(strength[0]), size), "closed form for regular graphs", ("Chen2013", "TaylorDayWild2007")
    if size > coalescence.LARGEST:
        raise _Silent(
            f"{_many(answers)} of more than {coalescence.LARGEST:,} nodes is too large for "
            "exact walks: "
            'ask coop_abm.critical_ratio(..., method="walks")'
        )
    if size > QUICK_NODES and not thorough:
        raise _Silent(
            f"{_many(answers)} of more than {QUICK_NODES:,} nodes takes exact walks a while: "
            'ask coop_abm.critical_ratio(..., method="exact")'
            + ("" if answers.two_graphs else ", or coop-abm threshold")
        )
    here, sources, other = "on this graph", ["Allen2017"], None
    if answers.two_graphs:
        here, other = "on the graph of replacement, payoffs from the other", weights_of(replacing)
        sources.append("OhtsukiPachecoNowak2007")
    if kind == "birth_death":
        value = birth_death.critical_ratio(weights_of(answers), payoff=payoff, replacement=other)
        return value, f"coalescing lines of birth-death updating {here}", tuple(sources)
    value = coalescence.critical_ratio(weights_of(answers), update=kind, payoff=payoff, replacement=other)
    return value, f"coalescing random walks {here}", tuple(sources)


def _many(answers: Answers) -> str:
    return "a pair of graphs" if answers.two_graphs else "an irregular graph"


def _closed_form_of_two(kind: str, answers: Answers) -> float | None:
    """The ratio on two regular graphs, None where its form is not exact or cannot be told in a moment."""
    meets, replaces = len(answers.indices) // answers.size, len(answers.replacement_indices) // answers.size
    both = shared(answers.size, answers.rows, answers.replacing().rows)
    if np.ptp(both) or answers.size * meets * replaces > MOST_PRODUCTS:
        return None
    one, other = weights_of(answers), weights_of(answers.replacing())
    if (one @ other - other @ one).count_nonzero():
        return None
    return CLOSED[kind](meets, replaces, int(both[0]), answers.size)


def weights_of(answers: Answers):  # scipy is imported on use, so no annotation
    """The graph as a sparse matrix (N, N)."""
    from scipy.sparse import csr_array

    weight = answers.weight if len(answers.weight) else np.ones(len(answers.indices))
    return csr_array((weight, answers.indices, answers.indptr), shape=(answers.size, answers.size))


def textbook_limit(scenario: Scenario, seed: int = 0, graph: int = 0) -> float:
    """Nowak's ratio for the one rule that is on; NaN where none or several are, or the update rule has no such law.

    Infinite populations, weak selection and rare splitting; on an irregular graph the mean degree, and on two the mean
    degrees and the mean number of neighbours in both.
    """
    active = scenario.active
    if scenario.update.mutation > 0 or scenario.on_directed_graph:
        return float("nan")
    judged = scenario.indirect.enabled and not scenario.indirect.assessment.innate
    if len(active) != 1 or not scenario.game.has_ratio or judged or scenario.update.kind not in KNOWN:
        return float("nan")
    rule = active[0]
    try:
        if rule == "kin":
            return thresholds.kin_value(scenario.kin.related)
        if rule == "direct":
            return thresholds.direct(scenario.direct.continuation)
        if rule == "indirect":
            return thresholds.indirect(scenario.indirect.visibility)
        if rule == "group":
            size = scenario.group.size or scenario.size
            return thresholds.group(size, scenario.size // size)
        answers = scenario.answers(seed, graph)
        degree = answers.size - 1 if len(answers.indptr) == 0 else len(answers.indices) / answers.size
        per_update: dict[str, float] = {"death_birth": degree, "imitation": degree + 2}
        if answers.two_graphs:
            others = len(answers.replacement_indices) / answers.size
            both = float(shared(answers.size, answers.rows, answers.replacing().rows).mean())
            per_update = {rule: formula(degree, others, both) for rule, formula in CLOSED.items()}
        return float(per_update.get(scenario.update.kind, np.inf))
    except (InputError, ZeroDivisionError):
        return float("inf")


def verdict(scenario: Scenario, expected: Expectation) -> str:
    """What theory says about cooperation in this world, in one sentence."""
    if expected.kind == "silent":
        return f"Theory is silent: {expected.reason}."
    ratio = scenario.game.benefit / scenario.game.cost
    if expected.kind == "threshold":
        side, word = ("above", "favoured") if ratio > expected.value else ("below", "not favoured")
        said = (
            f"b/c = {ratio:.4g} is {side} {expected.value:.4g}: theory says cooperation is {word} "
            f"({expected.status}; {expected.reason})."
        )
        moves = expected.limits[-1] if expected.limits and expected.status == "first order" else ""
        return f"{said} {moves[:1].upper()}{moves[1:]}." if moves else said
    words = "too large to be seen in a simulation"
    if expected.value < 0:
        words = "negative, so no benefit is large enough"
    elif expected.kind == "never":
        words = "infinite: no benefit is large enough"
    return f"The critical ratio is {expected.value:.4g}, {words} ({expected.reason})."
