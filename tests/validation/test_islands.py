"""The island model, a negative control: relatives meet, but compete with each other as much [Taylor1992].

Five demes of four on a ring, a weighted graph: neighbours inside a deme weigh 1, in the two next demes 0.1.
Offspring stay near, so mates in a deme are related, and a naive r b > c says that help should pay. Under
birth-death updating on a transitive graph it never does: who is helped takes the place of somebody near, who is
as related as the one who was helped. Theory says exactly: to first order ln(rho_C/rho_D) = -beta (b + (N - 1) c),
the same as in a well-mixed population, and the critical ratio is -(N - 1). Under death-birth updating, where an
empty site is fought for by those two steps apart, the very same demes do favour cooperation.
"""

import numpy as np
import pytest

from coop_abm.engine.crossing import crossing
from coop_abm.engine.drift import neutral_drift
from coop_abm.engine.fixation import fixation
from coop_abm.engine.history import EventWorld
from coop_abm.engine.measures import assortment
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import on_graph
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
from tests.validation.graphs import islands
from tests.validation.rows import below, defectors_win, estimate, exact, ratio

DEMES, MATES, MIGRATION = 5, 4, 0.1
SIZE = DEMES * MATES
SOURCE = "Taylor1992, OhtsukiHauertLiebermanNowak2006"


def demes(update, **changes):
    return replace(on_graph(named("network"), islands(DEMES, MATES, MIGRATION)), {"update": update} | changes)


def test_neighbours_on_islands_are_related(holds):
    """Under neutral drift one's neighbours are oneself more often than chance has it: -1/(N - 1) without islands."""
    seen = []
    for k in range(400):
        world = EventWorld(demes("birth_death", **{"update.intensity": 0.0}), seed=50, replicate=k)
        for _ in range(3):
            world.step()
        seen.append(float(assortment(world.snapshot())[0]))
    found = np.array([value for value in seen if np.isfinite(value)])
    holds(
        below(-found.mean(), found.std(ddof=1) / len(found) ** 0.5, 0.0, n=f"{len(found)} populations",
              statistic="minus the regression of neighbours' helping on one's own, after 3 neutral generations",
              null="neighbours are not related"),
        id="control.islands.related", claim="five demes of four on a ring: neighbours are related", source=SOURCE,
        seed=50,
    )  # fmt: skip


@pytest.mark.parametrize("benefit", [2.0, 20.0])
def test_relatedness_brings_no_benefit_where_relatives_compete(benefit, holds):
    """Measured at a strength at which the second order is below a tenth of the standard error's allowance."""
    beta, runs = 0.005, 60_000
    world = demes("birth_death", **{"update.intensity": beta, "game.benefit": benefit})
    pair = [fixation(world, invader=invader, runs=runs, seed=51) for invader in (0, 1)]
    rho = [found.probability for found in pair]
    log_ratio = float(np.log(rho[0] / rho[1]))
    error = float(np.hypot(*(found.error / found.probability for found in pair)))
    words = {"source": SOURCE, "seed": 51}
    claim = f"five demes of four on a ring, birth-death, b/c = {benefit:g}"
    holds(
        estimate(log_ratio, error, -beta * (benefit + SIZE - 1), n=f"{2 * runs:,} runs", statistic="ln(rho_C/rho_D)",
                 null="as in a well-mixed population: -beta (b + (N - 1) c)"),
        id=f"control.islands.b{benefit:g}", claim=f"{claim}: as without islands", **words,
    )  # fmt: skip
    if benefit == 20:
        holds(defectors_win(*pair), id="control.islands.sign", claim=f"{claim}: defectors win", **words)


def test_the_same_islands_help_where_relatives_do_not_compete(holds):
    """Fixed groups as a weighted graph: (N - 2)/(N/kappa - 2), 1/kappa = ((n-1) + h n e^2)/((n-1) + h n e)^2."""
    world = demes("death_birth", **{"update.intensity": 0.1})
    links = 2 * MATES
    inverse = (MATES - 1 + links * MIGRATION**2) / (MATES - 1 + links * MIGRATION) ** 2
    expected = (SIZE - 2) / (SIZE * inverse - 2)
    words = {"claim": "five demes of four on a ring, death-birth", "source": "TaylorDayWild2007, Allen2017"}
    holds(
        exact(expectation(world).value, expected, 1e-8, statistic="coalescing random walks against the closed form",
              n=f"{SIZE} nodes"), id="islands.exact", **words,
    )  # fmt: skip
    holds(ratio(neutral_drift(world, seed=52, relative_error=0.008), expected, "drift"), id="islands.drift", seed=52,
          **words)  # fmt: skip


@pytest.mark.validate
def test_the_crossing_of_islands_under_death_birth(holds):
    world = demes("death_birth", **{"update.intensity": 0.03})
    holds(
        ratio(crossing(world, seed=53, relative_error=0.008), expectation(world).value), id="islands.crossing", seed=53,
        claim="five demes of four on a ring, death-birth, intensity 0.03", source="TaylorDayWild2007, Allen2017",
    )  # fmt: skip
