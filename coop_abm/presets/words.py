"""Presets in words: what is expected, what was found, which papers it is from."""

from __future__ import annotations

from coop_abm.core.errors import InputError
from coop_abm.presets.base import Outcome, Preset, verify
from coop_abm.scenario.bibliography import entry, plain, reference


def cited(key: str) -> str:
    """Authors, year and journal of a reference, in short.

    >>> cited("NowakMay1992")
    'Nowak & May 1992, Nature'
    """
    of = entry(key)
    authors = [plain(name).partition(",")[0] for name in of.fields["author"].split(" and ")]
    names = f"{', '.join(authors[:-1])} & {authors[-1]}" if len(authors) > 1 else authors[0]
    paper = reference(of)
    return f"{names} {paper.year}, {paper.source}"


def expected(preset: Preset) -> str:
    """What to expect, in a line."""
    check = preset.check
    between = f"{check.low:.3g}" if check.low == check.high else f"{check.low:.3g} to {check.high:.3g}"
    return f"{check.words}: {check.expected:.3g} ({check.source}); counts as agreeing: {between}"


def found(preset: Preset, outcome: Outcome) -> str:
    """What a check found, in a line."""
    verdict = "agrees" if outcome.agrees else "differs"
    return f"our run {verdict}: {outcome.ours:.3f} against {preset.check.expected:.3f}, seed {outcome.seed}"


def told(preset: Preset, *, whole: bool = False) -> str:
    """A preset for a terminal: a line, or everything."""
    line = f"{preset.name:<18}  {preset.title}: {preset.sees}"
    if not whole:
        return line
    knobs = " ".join(f"--{path} {value}" for path, value in preset.changes.items())
    rest = (
        preset.claim, f"one run: {preset.shows}", f"number: {expected(preset)}", f"start: {preset.start}",
        f"papers: {'; '.join(cited(key) for key in preset.references)}",
        f"run: coop-abm run {preset.base} --steps {preset.steps} --seed {preset.seed} {knobs}".rstrip(),
    )  # fmt: skip
    return "\n".join([line, *(f"    {part}" for part in rest)])


def checked(preset: Preset, seeds: int = 0) -> tuple[bool, str]:
    """Does the preset show what it says, and that in words.

    Parameters
    ----------
    seeds : how many seeds from 1 on, of which 19 in 20 must agree; 0 for the seed of the preset alone

    Raises
    ------
    InputError
        if there cannot be so many seeds
    """
    if not 0 <= seeds <= 10_000:
        raise InputError(f"seeds must lie in [0, 10,000]; got {seeds}")
    outcomes = [verify(preset, seed) for seed in range(1, seeds + 1)] or [verify(preset)]
    agreeing = sum(outcome.agrees for outcome in outcomes)
    agrees = 20 * agreeing >= 19 * len(outcomes)
    if len(outcomes) == 1:
        return agrees, f"{preset.name:<18}  {found(preset, outcomes[0])}  ({preset.check.words})"
    mean = sum(outcome.ours for outcome in outcomes) / len(outcomes)
    word = "agrees" if agrees else "differs"
    return agrees, (
        f"{preset.name:<18}  {word}: {agreeing} of {len(outcomes)} seeds, mean {mean:.3f} against "
        f"{preset.check.expected:.3f}  ({preset.check.words})"
    )
