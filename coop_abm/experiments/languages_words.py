"""What the table of the factorial says, and what it does not, in a paragraph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from coop_abm.engine.factorial import AGAINST, RULES, Factorial
from coop_abm.experiments.languages_rows import LEVELS, base, both, games_of
from coop_abm.experiments.languages_scores import Incomplete, Scores, replications, stated_power
from coop_abm.experiments.languages_strategies import ERROR, confusions
from coop_abm.experiments.published import fairgame

#: The difference whose power is told: the smaller step of the published models between levels, harsh to conventional.
STATED_EFFECT = 0.05


def reading(factorial: Factorial, scores: Scores, rows: list[dict[str, Any]]) -> str:
    """The scores of each model in a sentence, then the limits."""
    said = [f"{_of_model(factorial, model, rows)} {_power(factorial, scores, rows, model)}".strip()
            for model in factorial.models]  # fmt: skip
    said.append(_limits(factorial, scores))
    return " ".join(sentence for sentence in said if sentence)


def _of_model(factorial: Factorial, model: str, rows: list[dict[str, Any]]) -> str:
    table = {(row["game"], row["score"]): row for row in rows if row["model"] == model}
    dilemma = next((g for g in ("pd", *games_of(factorial)) if (g, "cooperation") in table), "")
    told: list[str] = []

    def add(score: str, text: str) -> None:
        row = table.get((dilemma, score))
        if row is not None and row["ours"] is not None:
            chance = "" if row["holm"] is None else f" (p = {row['holm']:.3g} after Holm)"
            told.append(text.format(round(row["ours"], 3) + 0.0, **row) + chance)

    add("cooperation", f"cooperates in {{0:.0%}} of its choices in {dilemma.replace('_', ' ')}")
    add("personalities", "cooperative pairs cooperate by {0:+.3f} more than selfish ones")
    add("mild - harsh", "mild payoffs give {0:+.3f} against harsh ones")
    add("end-game effect", "a known end changes the last round by {0:+.3f}")
    add("inconsistency", "languages differ within settings by a standard deviation of {0:.3f}")
    add("framing reward - native", "telling the same payoffs as gains instead of losses gives {0:+.3f}")
    return f"{model}: {', '.join(told)}." if told else ""


def _power(factorial: Factorial, scores: Scores, rows: list[dict[str, Any]], model: str) -> str:
    """How often the steps between levels of the dilemma would be found, at the level that Holm's method leaves."""
    groups = [scores.of(both(base(factorial, "pd", model), level=level)) for level in LEVELS]
    if any(isinstance(games, Incomplete) or not games for games in groups):
        return ""
    samples = [replications(games) for games in groups if not isinstance(games, Incomplete)]
    runs, tests = len(samples[0]), sum(row["model"] == model and row["p"] is not None for row in rows)
    between = max(float(sample.std(ddof=1)) for sample in samples)
    if between < 1e-9:
        return ""
    level = 0.05 / tests
    one, two = stated_power(STATED_EFFECT, runs, round(between, 4), level)
    return (
        f"Holm's method holds the smallest p of its {tests} tests against .05/{tests} = {level:.2g}. There, with "
        f"{runs} replications and a spread of {between:.2g} between them, a step of {STATED_EFFECT:g} from one level "
        f"of payoffs to the next (the smaller published one) is found in {one:.0%}, two-sided, and two such steps, "
        f"one-sided each, in {two:.0%}."
    )


def _limits(factorial: Factorial, scores: Scores) -> str:
    rules = [model for model in factorial.models if all(_is_rule(one) for one in model.split(AGAINST))]
    said = []
    if rules:
        said.append(
            f"{_listed(rules)} {'is a rule and hears' if len(rules) == 1 else 'are rules and hear'} no language: what "
            "languages differ by there is chance, and shows how small a difference these numbers can tell."
        )
    beside = [game for game in games_of(factorial) if (game, "cooperation") in fairgame.RATES]
    if beside:
        said.append(
            "The published column is the mean of four language models under other prompts, which in three of the games "
            "told that only the last reward counts; it has no interval, and no agreement with it is claimed or tested."
        )
    if "pd" in games_of(factorial) and factorial.rounds > 1:
        right = " and ".join(f"{found.accuracy:.0%} ({found.method})" for found in confusions(factorial.rounds))
        said.append(
            f"Of simulated players of {factorial.rounds} rounds with {ERROR:.0%} errors the strategy is recognised in "
            f"{right}, so shares of strategies are resemblances."
        )
    said.append(
        "End-game effect, inconsistency and variability are formulas of our own. Personalities, knowledge and horizons "
        "are what players are told, not what they are."
    )
    return " ".join(said)


def _is_rule(name: str) -> bool:
    return name.partition("?")[0] in RULES


def _listed(names: Iterable[str]) -> str:
    *head, last = names
    return f"{', '.join(head)} and {last}" if head else last
