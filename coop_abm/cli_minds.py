"""Commands about minds: what asking would cost, what was said, a game of one's own, a stand-in, comprehension.

They are part of ``coop-abm`` (``cli.py``), and share with ``run`` the options that say how models are reached.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from coop_abm.policies.means import Means
    from coop_abm.policies.report import MindsReport

Journal = Annotated[
    Path | None, typer.Option("--journal", help="File that keeps every reply; one file for all runs if not given.")
]
JournalMode = Annotated[
    str, typer.Option("--journal-mode", help="record: read what is there, keep the rest; replay: send nothing; off.")
]
Transport = Annotated[
    str, typer.Option("--transport", help="litellm: every provider; slim: OpenAI-compatible servers, less overhead.")
]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Most requests under way at once.")]
Deadline = Annotated[float, typer.Option("--deadline", help="Longest time for one request, in seconds.")]
MaxCalls = Annotated[int | None, typer.Option("--max-calls", help="Hard cap on requests to language models.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="Hard cap on tokens, sent and received.")]
MaxCost = Annotated[float | None, typer.Option("--max-cost", help="Hard cap on what is spent, in US dollars.")]
Budget = Annotated[str, typer.Option("--budget", help="Name of a budget that runs share; this run's own if not given.")]
AcceptModel = Annotated[str, typer.Option("--accept-model", help="Id of a model that may answer for the one asked.")]
StandInAddress = Annotated[
    str, typer.Option("--stand-in", help="Address of a stand-in that runs already; one is started if not given.")
]


def means_of(
    *,
    journal: Path | None,
    journal_mode: str,
    transport: str,
    concurrency: int,
    deadline: float,
    max_calls: int | None,
    max_tokens: int | None,
    max_cost: float | None,
    budget: str,
    accept_model: str,
    stand_in: str,
    **more: Any,
) -> Means:
    """How models are reached, as the options say."""
    from coop_abm.policies.means import Means

    return Means(
        journal=journal, mode=journal_mode, transport=transport, concurrency=concurrency, deadline=deadline,
        max_calls=max_calls, max_tokens=max_tokens, max_cost=max_cost, budget=budget, accept_model=accept_model,
        stand_in=stand_in, **more,
    )  # fmt: skip


def say_minds(minds: MindsReport | None) -> None:
    """What models were asked, how often they gave no answer, what it cost."""
    if minds is None or not minds.by_model:
        return
    for line in minds.in_short.split("; "):
        typer.echo(line)
    typer.echo(minds.cost)


def add_to(app: typer.Typer, knobs: dict[str, Any]) -> None:
    """Add these commands; `knobs` are the context settings of commands that take knobs."""
    app.command("plan", context_settings=knobs)(plan)
    app.command("transcript")(transcript)
    app.command("stand-in")(stand_in)
    app.command("play", context_settings=knobs)(play)
    app.command("comprehension", context_settings=knobs)(comprehension)
