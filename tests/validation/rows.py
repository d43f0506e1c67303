"""What a row of the validation table is, and how a measurement is judged.

A test asks ``holds(judged, id=..., claim=..., source=...)``. The judged part comes from one of the
functions below, one for each kind of comparison; each says what the null hypothesis is, which statistic
was taken over how many runs, which deviation is tolerated, and why. The row is recorded, pass or fail, and
the test fails if the verdict is not the one that was hoped for.

Seeds are fixed, so a test cannot fail by chance once it passed; the tolerance says what a new seed or a new
platform may do.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from coop_abm.engine.crossing import Measured
from coop_abm.engine.fixation import Fixation

#: A measured critical ratio may lie this far from the exact one, as a share of it, or 3 standard errors if
#: that is more; and it must be known this sharply (acceptance table of the theory targets).
NEAR, SHARP, SIGMAS = 0.02, 0.01, 3.0
#: A difference in the wrong direction by chance: beyond this many standard errors once in 31,600 seeds.
CLEAR = 4.0

AGREES, DIFFERS, NOISY = "agrees", "differs", "too noisy"
CAUGHT, MISSED = "caught", "missed"
GOOD = (AGREES, CAUGHT)


class Row(NamedTuple):
    """One line of the table.

    id, claim, source : what is claimed, and by whom (keys of ``references.bib``)
    null      : the hypothesis that would be rejected
    statistic : what was computed from the runs
    n         : over how many runs, with their unit
    seed      : root seed; "none" where nothing is drawn
    measured, error : the statistic and its standard error; error 0 where nothing is random
    relation  : how it should stand to `expected`: "=", "<", ">", or "p" where a p-value decides
    expected  : what theory says
    tolerance : how far from it the statistic may lie
    reason    : why so far
    z, p      : deviation in standard errors and its two-sided p-value; NaN where nothing is random
    verdict   : "agrees", "differs", "too noisy"; of a planted error "caught" or "missed"
    """

    id: str
    claim: str
    source: str
    null: str
    statistic: str
    n: str
    seed: str
    measured: float
    error: float
    relation: str
    expected: float
    tolerance: float
    reason: str
    z: float
    p: float
    verdict: str

    @property
    def passed(self) -> bool:
        return self.verdict in GOOD

    def __str__(self) -> str:
        return (
            f"{self.id}: {self.verdict}: measured {self.measured:.6g} (standard error {self.error:.2g}), "
            f"expected {self.relation} {self.expected:.6g}, tolerance {self.tolerance:.3g}; {self.claim}"
        )


Holds = Callable[..., Row]

_BLANK = Row("", "", "", "", "", "", "none", 0.0, 0.0, "=", 0.0, 0.0, "", math.nan, math.nan, DIFFERS)


def two_sided(z: float) -> float:
    """The probability of a deviation at least this large, either way, of a normal number."""
    return math.erfc(abs(z) / math.sqrt(2))


def _judged(measured: float, error: float, expected: float, tolerance: float, **words: str) -> Row:
    z = (measured - expected) / error if error > 0 else math.nan
    verdict = AGREES if abs(measured - expected) <= tolerance else DIFFERS
    return _BLANK._replace(
        measured=float(measured), error=float(error), expected=float(expected), tolerance=float(tolerance),
        z=float(z), p=two_sided(z), verdict=verdict, **words,
    )  # fmt: skip


METHODS = {
    "crossing": "root of the line through rho_C - rho_D (graphs) or ln(rho_C/rho_D) at four benefits",
    "extrapolated": "root of rho_C - rho_D at three intensities, extrapolated to 0 in intensity squared",
    "drift": "ratio of two means over neutral runs, T1/T2",
}


def ratio(found: Measured, expected: float, by: str = "crossing", *, near: float = NEAR, plus: bool = False) -> Row:
    """Is the measured critical ratio the expected one?

    Parameters
    ----------
    by   : how it was measured, a key of METHODS
    plus : allow `near` and 3 standard errors together instead of the larger of the two
    """
    allowed = near * abs(expected), SIGMAS * found.error
    why = f"{near:.0%} of the exact value or 3 standard errors, whichever is more"
    if plus:
        why = f"{near:.0%} of the exact value for the finite intensity, and 3 standard errors"
    row = _judged(
        found.value, found.error, expected, sum(allowed) if plus else max(allowed),
        null=f"the critical benefit-to-cost ratio is {expected:.6g}", statistic=METHODS[by],
        n=f"{found.runs:,} runs", reason=why + f"; the standard error may be at most {SHARP:.0%}",
    )  # fmt: skip
    blurred = found.error > SHARP * abs(expected) * (1 + 1e-9)
    return row._replace(verdict=NOISY) if blurred and row.verdict == AGREES else row


def estimate(
    value: float, error: float, expected: float, *, statistic: str, n: str, sigmas: float = SIGMAS, null: str = "",
    at_least: float = 0.0, reason: str = "",
) -> Row:  # fmt: skip
    """Is an estimate with a known standard error the expected number?

    Parameters
    ----------
    at_least : a tolerance that holds even where the standard error is smaller; then `reason` says why
    """
    why = f"{sigmas:g} standard errors: a true null is rejected by one seed in {1 / two_sided(sigmas):,.0f}"
    return _judged(
        value, error, expected, max(sigmas * error, at_least), statistic=statistic, n=n,
        null=null or f"the expectation of the statistic is {expected:.6g}", reason=reason or why,
    )  # fmt: skip


def probability(found: Fixation, expected: float, *, counted: bool = False) -> Row:
    """Is a measured fixation probability what the exact theory of this very process says?"""
    value, error = found.probability, found.error
    if counted:  # the binomial error of the expectation, which is known
        value, error = found.counted, math.sqrt(expected * (1 - expected) / found.runs)
    return estimate(
        value, error, expected, n=f"{found.runs:,} runs",
        null=f"the strategy takes over with probability {expected:.6g}",
        statistic="share of runs won" if counted else "mean of followed runs (or share of runs won where none follow)",
    )  # fmt: skip


def exact(
    value: float, expected: float, within: float, *, statistic: str, n: str, reason: str = "", null: str = ""
) -> Row:
    """Is a number that involves no chance the expected one?"""
    return _judged(
        value, 0.0, expected, within, statistic=statistic, n=n, null=null or f"the number is {expected:.6g}",
        reason=reason or "no chance is involved: rounding of the expected digits",
    )  # fmt: skip


def share(
    value: float, expected: float, within: float, *, statistic: str, n: str, reason: str, error: float = 0.0
) -> Row:
    """Is a long-run mean near a published one? The published tolerance decides, not a standard error."""
    return _judged(
        value, error, expected, within, statistic=statistic, n=n, reason=reason,
        null=f"the long-run mean is {expected:.6g}",
    )  # fmt: skip


def below(value: float, error: float, bound: float, *, statistic: str, n: str, null: str, reason: str = "") -> Row:
    """Does the statistic lie clearly below a bound? (For "above", change all signs.)"""
    z = (value - bound) / error if error > 0 else math.copysign(math.inf, value - bound)
    return _BLANK._replace(
        measured=float(value), error=float(error), relation="<", expected=float(bound), tolerance=0.0,
        z=float(z), p=0.5 * math.erfc(-z / math.sqrt(2)), statistic=statistic, n=n, null=null,
        verdict=AGREES if z < -CLEAR else DIFFERS,
        reason=reason or f"one-sided: at least {CLEAR:g} standard errors on the right side",
    )  # fmt: skip


def defectors_win(cooperators: Fixation, defectors: Fixation) -> Row:
    """Do defectors take over more often than cooperators do?"""
    error = math.hypot(cooperators.error, defectors.error)
    return below(
        cooperators.probability - defectors.probability, error, 0.0, statistic="rho_C - rho_D",
        n=f"{cooperators.runs + defectors.runs:,} runs", null="rho_C >= rho_D: cooperators do at least as well",
    )  # fmt: skip


def many_z(values: list[float], alpha: float, *, statistic: str, null: str, n: str = "") -> Row:
    """Are independent standard normal deviates what they claim to be? Chi-square over all of them."""
    return chi_square(
        sum(z * z for z in values), len(values), alpha, statistic=statistic, null=null, n=n or f"{len(values)} deviates"
    )


def chi_square(value: float, freedom: int, alpha: float, *, statistic: str, null: str, n: str) -> Row:
    """Is a sum of squares as large as chance makes it?"""
    from scipy.stats import chi2

    return p_value(
        float(chi2.sf(value, freedom)), alpha, statistic=f"{statistic}, chi-square with {freedom} degrees of freedom",
        null=null, n=n, measured=value, expected=freedom, error=math.sqrt(2 * freedom),
    )  # fmt: skip


def p_value(
    p: float, alpha: float, *, statistic: str, null: str, n: str, measured: float = math.nan,
    expected: float = math.nan, error: float = 0.0, reason: str = "",
) -> Row:  # fmt: skip
    """Is a p-value above the level at which the null hypothesis is given up?"""
    return _BLANK._replace(
        measured=float(measured), expected=float(expected), error=float(error), relation="p", p=float(p),
        tolerance=float(alpha), statistic=statistic, null=null, n=n, verdict=AGREES if p >= alpha else DIFFERS,
        reason=reason or f"p must be at least {alpha:.2g}",
    )  # fmt: skip


def planted(row: Row, error: str) -> Row:
    """A row measured with an error planted in the running code: it must fail."""
    verdict = CAUGHT if row.verdict == DIFFERS else MISSED
    why = f"the row must fail: {row.reason}"
    return row._replace(verdict=verdict, null=f"{row.null} (in spite of the planted error: {error})", reason=why)


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """The same with Python's own numbers, lists and words, as a test report can carry them."""
    carried: dict[str, Any] = json.loads(json.dumps(data, default=float))
    return carried
