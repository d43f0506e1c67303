"""Commands about minds: what asking would cost, what was said, a game of one's own, a stand-in, comprehension.

They are part of ``coop-abm`` (``cli.py``), and share with ``run`` the options that say how models are reached.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coop_abm.cli_knobs import changes

if TYPE_CHECKING:
    from coop_abm.policies.means import Means
    from coop_abm.policies.report import MindsReport
    from coop_abm.scenario.scenario import Scenario

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


MinComprehension = Annotated[
    float, typer.Option("--min-comprehension", help="Ask models first whether they understand; do not run below this.")
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


class Bar:
    """Progress of a run: the step, and the replies of models that came in."""

    def __init__(self, steps: int):
        self.steps, self.at, self.replies = steps, 0, 0
        self.report: Callable[[str, float], None] | None = None

    def step(self, t: int) -> None:
        """Step t is over."""
        self.at = t
        self._show()

    def reply(self, replies: int) -> None:
        """So many replies came in."""
        self.replies = replies
        self._show()

    def _show(self) -> None:
        if self.report is not None:
            words = f"step {self.at:,} of {self.steps:,}" + (f", {self.replies:,} replies" if self.replies else "")
            self.report(words, self.at / max(self.steps, 1))


def gate(declared: Scenario, least: float, seed: int, means: Means) -> None:
    """Ask the models of a world whether they understand it, where a least share of right answers is demanded.

    Raises
    ------
    InputError
        if `least` is no share, or a model understands less
    """
    from coop_abm.core.errors import InputError, quoted
    from coop_abm.policies.understanding import lines, understanding

    if not 0 <= least <= 1:
        raise InputError(f"min-comprehension must be a number in [0, 1]; got {quoted(least)}")
    if least == 0:
        return
    scores = understanding(declared, seed=seed, means=means)
    for line in lines(scores):
        typer.echo(line)
    for model, found in scores.items():
        if found.overall.share < least:
            raise InputError(
                f"min-comprehension: {quoted(model)[1:-1]} answered {found.overall.share:.3f} of the questions right, "
                f"which is below {least:g}; nothing was run"
            )


def say_minds(minds: MindsReport | None) -> None:
    """What models were asked, how often they gave no answer, what it cost."""
    if minds is None or not minds.by_model:
        return
    for line in minds.lines:
        typer.echo(line)
    typer.echo(minds.cost)


def plan(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A scenario file (.toml) or a name; see `coop-abm list`.")],
    steps: Annotated[int, typer.Option(help="Rounds.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Root seed.")] = 0,
    replicates: Annotated[int, typer.Option(help="Populations.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say how many calls, tokens and dollars a run would ask of language models, low and high; nothing is sent."""
    import json

    from coop_abm import lab
    from coop_abm.policies.plan import plan as foresee

    lab.check_seed(seed)
    lab.check_whole("steps", steps, 0, 1_000_000)
    lab.check_whole("replicates", replicates, 1, 100_000)
    found = foresee(lab.world(scenario, **changes(context.args)), steps=steps, seed=seed, replicates=replicates)
    if as_json:
        typer.echo(json.dumps(found.tree(), indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(found.lines()))


def transcript(
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder that a run or an experiment was written to (its --out).")
    ],
    cell: Annotated[str | None, typer.Option("--cell", help="Of an experiment: this cell.")] = None,
    run: Annotated[str | None, typer.Option("--run", help="Of an experiment: the run of this name.")] = None,
    replication: Annotated[int | None, typer.Option(help="Only this replication of it, counted from 0.")] = None,
    round_: Annotated[int | None, typer.Option("--round", help="Only this round, counted from 0.")] = None,
    individual: Annotated[int | None, typer.Option(help="Only this individual, counted from 0.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Prompts and replies whole.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, everything in it.")] = False,
    journal: Annotated[
        Path | None, typer.Option("--journal", help="The journal, where it is not where it was.")
    ] = None,
) -> None:
    """Show what a run and its language models said: prompts, replies, what was understood, cost, latency.

    Of an experiment the runs are listed, one for each cell, and --cell or --run shows one.
    """
    from coop_abm.transcript import listing, source
    from coop_abm.transcript import transcript as lines

    nothing_chosen = all(given is None for given in (cell, run, replication, round_, individual))
    listed = listing(folder, journal) if nothing_chosen else None
    for line in listed if listed is not None else lines(
        source(folder, journal, cell=cell, run=run), round=round_, individual=individual, replication=replication,
        full=full, as_json=as_json,
    ):  # fmt: skip
        typer.echo(line)


def play(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A scenario file (.toml) or a name; see `coop-abm list`.")],
    node: Annotated[int | None, typer.Option(help="Where you sit; where the scenario says, else 0.")] = None,
    rounds: Annotated[int, typer.Option(help="Rounds to play.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Root seed: the same seed, the same others.")] = 0,
    journal: Journal = None,
    journal_mode: JournalMode = "record",
    transport: Transport = "litellm",
    concurrency: Concurrency = 32,
    deadline: Deadline = 120.0,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    budget: Budget = "",
    accept_model: AcceptModel = "",
    stand_in: StandInAddress = "",
) -> None:
    """Take a seat in a world on the round clock: you against any mix of strategies and models."""
    from coop_abm import lab, seat

    means = means_of(
        journal=journal, journal_mode=journal_mode, transport=transport, concurrency=concurrency, deadline=deadline,
        max_calls=max_calls, max_tokens=max_tokens, max_cost=max_cost, budget=budget, accept_model=accept_model,
        stand_in=stand_in,
    )  # fmt: skip
    declared = lab.world(scenario, **changes(context.args))
    read, say = seat.at_terminal()
    played = seat.play(declared, read=read, say=say, node=node, rounds=rounds, seed=seed, means=means)
    if played.left == "interrupted":
        raise KeyboardInterrupt


def stand_in(
    port: Annotated[int, typer.Option(help="Port on this machine; 0 takes a free one.")] = 0,
    strategy: Annotated[str, typer.Option(help="What every model plays; each what its name says if not given.")] = "",
    latency: Annotated[float, typer.Option(help="Seconds before each answer.")] = 0.0,
    jitter: Annotated[float, typer.Option(help="Seconds by which that varies.")] = 0.0,
    fault_rate: Annotated[float, typer.Option(help="Share of answers that go wrong.")] = 0.0,
    faults: Annotated[str, typer.Option(help="In which ways, names with commas between.")] = "",
    seed: Annotated[int, typer.Option(help="Of jitter and faults.")] = 0,
) -> None:
    """Serve strategies as if they were language models, to this machine alone; it is no language model and says so."""
    from coop_abm.llm.stand_in import serve

    named = tuple(name.strip() for name in faults.split(",") if name.strip())

    def say(line: str) -> None:
        typer.echo(line)
        sys.stdout.flush()

    serve(
        say, port=port, strategy=strategy, latency=latency, jitter=jitter, fault_rate=fault_rate, faults=named,
        seed=seed,
    )  # fmt: skip


def comprehension(
    context: typer.Context,
    scenario: Annotated[str, typer.Argument(help="A scenario file (.toml) or a name; see `coop-abm list`.")],
    questions: Annotated[int, typer.Option(help="Questions to each model.")] = 60,
    rounds: Annotated[int, typer.Option(help="Rounds that are asked about.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Root seed.")] = 0,
    journal: Journal = None,
    journal_mode: JournalMode = "record",
    transport: Transport = "litellm",
    concurrency: Concurrency = 32,
    deadline: Deadline = 120.0,
    max_calls: MaxCalls = None,
    max_tokens: MaxTokens = None,
    max_cost: MaxCost = None,
    budget: Budget = "",
    accept_model: AcceptModel = "",
    stand_in: StandInAddress = "",
) -> None:
    """Ask the language models of a world about its rules, state and history, and score the answers."""
    from coop_abm import lab
    from coop_abm.policies.understanding import lines, understanding

    lab.check_seed(seed)
    lab.check_whole("questions", questions, 1, 100_000)
    lab.check_whole("rounds", rounds, 1, 10_000)
    declared = lab.world(scenario, **changes(context.args))
    means = means_of(
        journal=journal, journal_mode=journal_mode, transport=transport, concurrency=concurrency, deadline=deadline,
        max_calls=max_calls, max_tokens=max_tokens, max_cost=max_cost, budget=budget, accept_model=accept_model,
        stand_in=stand_in,
    )  # fmt: skip
    for line in lines(understanding(declared, questions=questions, rounds=rounds, seed=seed, means=means)):
        typer.echo(line)


def journal_command(
    what: Annotated[str, typer.Argument(help="runs, budgets, verify, or discard (damaged replies).")] = "runs",
    journal: Journal = None,
) -> None:
    """Look after the journal: its runs, what was spent under each budget, damaged rows."""
    from coop_abm.core.errors import InputError, quoted
    from coop_abm.llm import transcript
    from coop_abm.llm.journal import Journal as Kept
    from coop_abm.llm.journal import default_path

    path = (journal or default_path()).expanduser()
    if what not in ("runs", "budgets", "verify", "discard"):
        raise InputError(f"journal: must be runs, budgets, verify or discard; got {quoted(what)}")
    if not path.is_file():
        raise InputError(f"journal: {quoted(str(path), 200)} is not there")
    if what == "runs":
        for run in transcript.runs(path):
            answered = ", ".join(f"{asked} as {id_}" for (asked, _endpoint), id_ in run.models.items())
            typer.echo(quoted(f"{run.name}: {run.calls:,} calls; {answered or 'no model answered'}", 400)[1:-1])
    elif what == "budgets":
        for budget in transcript.accounts(path):
            name = quoted(budget.name, 200)[1:-1]
            typer.echo(f"{name}: {budget.calls:,} calls, {budget.tokens:,} tokens, {budget.money:.6g} US dollars")
    elif what == "verify":
        damaged = transcript.damaged(path)
        typer.echo("\n".join(damaged) if damaged else "no row is damaged")
        if damaged:
            raise typer.Exit(1)
    else:
        with contextlib.closing(Kept(path)) as kept:
            typer.echo(f"{kept.discard_damaged():,} damaged replies were put away; they will be asked for again")


def add_to(app: typer.Typer, knobs: dict[str, Any]) -> None:
    """Add these commands; `knobs` are the context settings of commands that take knobs."""
    app.command("plan", context_settings=knobs)(plan)
    app.command("transcript")(transcript)
    app.command("journal")(journal_command)
    app.command("play", context_settings=knobs)(play)
    app.command("stand-in")(stand_in)
    app.command("comprehension", context_settings=knobs)(comprehension)
