"""What the commons experiment says of its table: which orders hold, with what power, and what this does not show."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from coop_abm.experiments.commons_cells import ARMS, LIVING, PUBLISHED, REFERENCE_ROUNDS, RICHNESS
from coop_abm.scenario.deciders import STANDING_IN
from coop_abm.scenario.minds import STAND_IN
from coop_abm.theory.inference import holm, mean_interval, paired_test, power

if TYPE_CHECKING:
    from coop_abm.experiments.commons import CommonsExperiment
    from coop_abm.experiments.runs import Runs

#: The effect whose power is told, as a share of the rounds: published vote only above learning only.
STATED_EFFECT = (PUBLISHED["selfish", "vote only"] - PUBLISHED["selfish", "learning only"]) / REFERENCE_ROUNDS
#: (first, second): is T_s of the first above that of the second? Holm's method is over all of them in one world.
COMPARED = (
    ("vote only", "full"), ("vote only", "learning only"), ("vote only", "neither"),
    ("full", "learning only"), ("full", "neither"),
)  # fmt: skip
#: Studies that are played for a power, and replications at most of each.
_STUDIES, _MOST = 200, 200


def said(study: CommonsExperiment, results: Runs) -> str:
    """All of it, as a paragraph."""
    told = [f"Other than usual in all cells but the fishery: {study.changes}."] if study.changes else []
    told += [*_of_arms(study, results), *_of_the_reference(study, results), *_of_sweeps(study, results)]
    told += [*_of_starts(study, results), *_of_fish(study, results)]
    fished = all(study.named[name].part == "fishery" for name in results.whole)
    setting = (
        "GovSim's agents talk before they fish and remember it, ours do neither, so its published scores are no "
        "prediction for ours"
        if fished
        else "the preprint's resource, costs and learning rule are not public, so the worlds are our own and only "
        "orders can be compared with its T_s of language models (50 rounds, 10 trials)"
    )
    told.append(
        f"Limits: {setting}; {_players(study, fished)}; intervals are Student's t over replications, and have no width "
        "where all runs agree."
    )
    return " ".join(told)


def _players(study: CommonsExperiment, fished: bool) -> str:
    """Who played, and what that says of language models."""
    through = " played through the prompts of a model" if study.policy == STANDING_IN else ""
    if study.ruled and fished:
        return f"ours are of rules{through}, which say nothing of language models"
    if study.ruled:
        return (
            f"ours are of rules{through}, whose habits are our own; they propose norms from one template, so their "
            "similarity measures how near their numbers are and says nothing of language models"
        )
    if study.player.startswith(STAND_IN):
        return f"ours are of {study.player}, which is no language model and says nothing of any"
    if fished:
        return f"ours are of {study.player}, and say nothing of other models"
    return (
        f"ours are of {study.player}, told one persona by start where the preprint's priors are not known, and say "
        "nothing of other models; the similarity of norms compares wordings and knows no meanings"
    )


def _of_arms(study: CommonsExperiment, results: Runs) -> list[str]:
    found, powers = [], {}
    for place in ("rich", "scarce"):
        arms = {arm: f"{place}, selfish: {arm}" for arm in ARMS}
        if not all(name in results.whole for name in arms.values()):
            continue
        runs = {arm: results.sample(name, "survival") for arm, name in arms.items()}
        tests = [paired_test(runs[one], runs[other], alternative="greater").p for one, other in COMPARED]
        p = holm(tests).tolist()
        means = ", ".join(f"{arm} {values.mean():.1f}" for arm, values in runs.items())
        found.append(
            f"Selfish users of a {place} resource, T_s: {means}; vote only above full {_p(p[0])}, above learning "
            f"only {_p(p[1])}, above neither {_p(p[2])}; full above learning only {_p(p[3])}, above "
            f"neither {_p(p[4])} (one-sided sign-flip tests of paired replications, Holm)."
        )
        spread = max(float((runs[one] - runs[other]).std(ddof=1)) for one, other in COMPARED)
        powers[place] = _power(STATED_EFFECT * study.rounds, min(results.wanted, _MOST), round(spread, 2))
    if powers:
        shares = " and ".join(f"in {100 * value:.0f} % ({place})" for place, value in powers.items())
        found.append(
            f"With these replications and their largest spread a difference of {STATED_EFFECT * study.rounds:.1f} "
            "rounds (the share of the rounds by which published vote only is above learning only) is found "
            f"{shares} at the level that Holm asks of the first test, 0.05 / {len(COMPARED)} = "
            f"{0.05 / len(COMPARED):g}; the smallest p of {results.wanted} replications is {2.0**-results.wanted:.2g}."
        )
    altruistic = [n for n, what in study.named.items() if what.part == "ablation" and what.start == "altruistic"]
    whole = [name for name in altruistic if name in results.whole]
    if whole:
        lowest = min(float(results.sample(name, "sustained").mean()) for name in whole)
        found.append(
            f"From an altruistic start the resource survives in at least {100 * lowest:.0f} % of the runs of each arm."
        )
    return found


@cache
def _power(effect: float, replications: int, spread: float) -> float:
    """How often one such test finds it at the level of Holm's first step; a paired difference has two arms' spread."""
    level = 0.05 / len(COMPARED)
    return power(
        effect, replications, between=spread / 2**0.5, paired=True, alpha=level, repeats=_STUDIES
    ).value  # fmt: skip


def _of_the_reference(study: CommonsExperiment, results: Runs) -> list[str]:
    there = [name for name in results.whole if study.reference(study.named[name]) is not None]
    if not there:
        return []
    if study.worlds[there[0]].starvation:
        return ["The reference is without starvation and ours are with it; --set world.starvation=false is like it."]
    return ["The reference is without starvation, and so are ours."]


def _of_sweeps(study: CommonsExperiment, results: Runs) -> list[str]:
    words = {"punishment": "the fine", "regrowth": "regrowth"}
    found = []
    for part, called in words.items():
        names = [name for name, what in study.named.items() if what.part == part and name in results.whole]
        if len(names) > 1:
            ends = [float(results.sample(name, "survival").mean()) for name in (names[0], names[-1])]
            first, last = (study.named[name].x for name in (names[0], names[-1]))
            p = paired_test(
                results.sample(names[-1], "survival"), results.sample(names[0], "survival"), alternative="greater"
            ).p
            found.append(f"T_s by {called}: {ends[0]:.1f} at {first:g}, {ends[1]:.1f} at {last:g} (higher: {_p(p)}).")
    return found


def _of_starts(study: CommonsExperiment, results: Runs) -> list[str]:
    found = []
    for arm in ("full", "neither"):
        told = [words for rate in RICHNESS if (words := _at(study, results, arm, rate))]
        if told:
            found.append(f"{arm}: {'; '.join(told)}")
    if not found:
        return []
    costs = study.given.get("consumption", LIVING)
    return [
        f"Where living costs {costs:g} a round, the start whose users harvest most, with its mean in all rounds "
        f"and the share of users alive at the end: {'. '.join(found)}."
    ]


def _at(study: CommonsExperiment, results: Runs, arm: str, rate: float) -> str:
    """Which start does best in this arm at this regrowth; "" where not all three are there."""
    names = {
        what.start: name for name, what in study.named.items()
        if what.part == "restraint" and (what.arm, what.x) == (arm, rate) and name in results.whole
    }  # fmt: skip
    if len(names) < 3:
        return ""
    gains = {start: results.sample(name, "gain") for start, name in names.items()}
    best = max(gains, key=lambda start: float(gains[start].mean()))
    rivals = [paired_test(gains[best], gains[start], alternative="greater").p for start in gains if start != best]
    living = {start: float(results.sample(name, "alive").mean()) for start, name in names.items()}
    least = min(living, key=living.__getitem__)
    return (
        f"r = {rate:g} {best} ({gains[best].mean():.0f}, {100 * living[best]:.0f} % alive; above each of the "
        f"others {_p(max(rivals))}; fewest live of the {least}, {100 * living[least]:.0f} %)"
    )


def _of_fish(study: CommonsExperiment, results: Runs) -> list[str]:
    names = [name for name, what in study.named.items() if what.part == "fishery" and name in results.whole]
    if not names:
        return []
    told = "; ".join(_scored(study, results, name) for name in names)
    bare = "" if study.ruled else " They were told no persona, as in GovSim, unless a policy file names one."
    return [
        f"In GovSim's fishery: {told}.{bare} There all who take f(t) fish for twelve months at efficiency 1, and a "
        "wipe-out in the first month leaves 20 tons each and efficiency 1/6; its published scores of language models "
        "(five seeds, with talk) stand below."
    ]


def _scored(study: CommonsExperiment, results: Runs, name: str) -> str:
    months = mean_interval(results.sample(name, "survival"))
    efficient, equal = (float(study.sample(results, name, score).mean()) for score in ("efficiency", "equality"))
    gain = float(results.sample(name, "gain").mean())
    return (
        f"{study.named[name].start}, {months.value:.3g} months, {gain:.3g} tons each, efficiency {efficient:.2f}, "
        f"equality {equal:.2f}"
    )


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}" if not math.isnan(value) else "no p"
