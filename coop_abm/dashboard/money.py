"""What a tab may spend on language models: nothing before its reader has said so, and never more than a cap.

Every world of a tab is started through its :class:`Purse`. The purse is one budget of the journal, so the cap holds
over resets, new seeds and new worlds, is reserved at the worst case before anything is sent, and is kept by the same
books as on the command line. Stand-ins play strategies on this machine and cost nothing; they are not asked about.

Just before a request is sent the purse is asked once more: not if the tab is closed or its line is broken, not if
the reader pressed Stop, not if the reader has not confirmed. What is on the wire then still comes back, and is kept.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm import lab
from coop_abm.core.errors import CoopError, InputError, JournalError, quoted
from coop_abm.engine.history import Running
from coop_abm.policies.means import Means
from coop_abm.policies.plan import Plan, PlanRow
from coop_abm.scenario.minds import STAND_IN, models_in
from coop_abm.scenario.scenario import Scenario

logger = logging.getLogger(__name__)

#: What a tab may spend unless its reader says otherwise, US dollars and requests; and the most that a page takes.
USUAL_MONEY, USUAL_CALLS = 0.50, 300
MOST_MONEY, MOST_CALLS = 1_000.0, 1_000_000

Asked = tuple[str, str]


class Spent(NamedTuple):
    """Where a tab is with its money.

    calls, money : spent or set aside under the budget of the tab; US dollars
    most_calls, most_money : the caps
    """

    calls: int
    money: float
    most_calls: int
    most_money: float


class Purse:
    """What one tab may spend.

    Parameters
    ----------
    alive   : is somebody connected to the tab?
    journal : file that keeps every reply; None is the usual one, which the command line uses as well
    """

    def __init__(self, alive: Callable[[], bool] = lambda: True, journal: Path | None = None):
        self.budget = f"dashboard {secrets.token_hex(6)}"
        self.most_money, self.most_calls = USUAL_MONEY, USUAL_CALLS
        self._alive, self._journal = alive, journal
        self._confirmed: set[Asked] = set()
        self._lock = threading.Lock()
        self._closed = False

    # ------------------------------------------------------------------------------------ what is permitted

    @staticmethod
    def bought(scenario: Scenario) -> tuple[Asked, ...]:
        """The models of a world that are no stand-ins, each with its address."""
        models = [m for entry in scenario.players for m in models_in(entry.policy)]
        return tuple(dict.fromkeys((m.model, m.api_base) for m in models if not m.model.startswith(STAND_IN)))

    def confirmed(self, scenario: Scenario) -> bool:
        """May this world ask its models?"""
        with self._lock:
            return set(self.bought(scenario)) <= self._confirmed

    def confirm(self, scenario: Scenario, money: Any = None, calls: Any = None) -> None:
        """The reader permits the models of this world, up to these caps for everything in this tab.

        Raises
        ------
        InputError
            naming the cap that cannot be had
        """
        money = self.most_money if money is None else _cap("the cap in US dollars", money, MOST_MONEY)
        calls = self.most_calls if calls is None else _cap("the cap on requests", calls, MOST_CALLS)
        if calls != int(calls):
            raise InputError(f"the cap on requests must be a whole number; got {quoted(calls)}")
        with self._lock:
            self.most_money, self.most_calls = float(money), int(calls)
            self._confirmed |= set(self.bought(scenario))

    def means(self, scenario: Scenario, *, stop: threading.Event | None = None, **more: Any) -> Means:
        """How a world of this tab reaches its models.

        Parameters
        ----------
        stop : set, nothing more is sent
        more : further means, as ``human`` or ``watch``
        """
        bought = bool(self.bought(scenario))
        return Means(
            journal=self._journal, budget=self.budget if bought else "",
            max_cost=self.most_money if bought else None, max_calls=self.most_calls if bought else None,
            permit=lambda: self.refusal(scenario, stop), **more,
        )  # fmt: skip

    def start(self, scenario: Scenario, seed: int, *, replicate: int = 0, **more: Any) -> Running:
        """A world of this tab, ready for its first step; nothing is sent before it."""
        return lab.start(scenario, seed, replicate=replicate, means=self.means(scenario, **more))

    def refusal(self, scenario: Scenario, stop: threading.Event | None = None) -> str:
        """Why a request of this world must not be sent now, in a sentence; "" if it may."""
        if self._closed or not self._alive():
            return "nobody is connected to this tab any more, so nothing was sent"
        if stop is not None and stop.is_set():
            return "stopped before the next request; nothing more was sent"
        if not self.confirmed(scenario):
            named = ", ".join(quoted(model)[1:-1] for model, _ in self.bought(scenario))
            return f"{named} would be asked now, which can cost money: confirm that first; nothing was sent"
        return ""

    # -------------------------------------------------------------------------------------- what was spent

    @property
    def journal(self) -> Path:
        """The file that keeps every reply."""
        return Path(Means(journal=self._journal).kept)

    @property
    def spent(self) -> Spent:
        """What the journal says of the budget of this tab."""
        from coop_abm.llm import transcript

        calls, money = 0, 0.0
        if self.journal.is_file():
            try:
                held = next((a for a in transcript.accounts(self.journal) if a.name == self.budget), None)
                calls, money = (held.calls, held.money) if held else (0, 0.0)
            except JournalError:  # whoever asks next is told why, in a sentence
                logger.warning("the journal could not be read for what was spent")
        return Spent(calls, money, self.most_calls, self.most_money)

    def close(self) -> None:
        """The tab is gone: nothing more is sent."""
        self._closed = True


def _cap(name: str, value: Any, most: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if not 0 <= number <= most:
        raise InputError(f"{name} must be a number in [0, {most:,.0f}]; got {quoted(value)}")
    return number


def purse_of(visit: Any) -> Purse:
    """The purse of a tab."""
    return visit.keep("money", lambda: Purse(_connected()))


def _connected() -> Callable[[], bool]:
    """Whether a browser is connected to the session that is being drawn."""
    from solara.server import kernel_context

    try:
        context = kernel_context.get_current_context()
    except RuntimeError:  # no server: a test, a notebook
        return lambda: True

    def connected() -> bool:
        return kernel_context.PageStatus.CONNECTED in context.page_status.values()

    return connected


# --------------------------------------------------------------------------------------- the plan, in words


def rows(plan: Plan) -> list[dict[str, str]]:
    """A plan as the lines of a table: each model that costs, its calls, tokens and money, low to high."""
    return [_row(row) for row in plan.rows if not row.model.startswith(STAND_IN)]


def _row(row: PlanRow) -> dict[str, str]:
    tokens = [a + b for a, b in zip(row.input_tokens, row.output_tokens, strict=True)]
    money = ["price unknown"] * 3 if row.money is None else [f"${n:,.4f}" for n in row.money]
    at = f" at {row.endpoint}" if row.endpoint else ""
    return {
        "model": quoted(row.model + at, 200)[1:-1],
        **{f"calls_{k}": f"{round(n):,}" for k, n in zip(("low", "expected", "high"), row.calls, strict=True)},
        **{f"tokens_{k}": f"{round(n):,}" for k, n in zip(("low", "expected", "high"), tokens, strict=True)},
        **{f"money_{k}": n for k, n in zip(("low", "expected", "high"), money, strict=True)},
    }


def planned(scenario: Scenario, steps: int, seed: int) -> tuple[list[dict[str, str]], str]:
    """(lines of the plan, why there is none): what so many rounds would ask."""
    from coop_abm.policies.plan import plan

    try:
        return rows(plan(scenario, steps=steps, seed=seed)), ""
    except CoopError as error:
        return [], str(error)
