"""Which run the page of transcripts shows: a folder, the world of the Lab, a link, or a demonstration."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError, JournalError, NotRecorded, quoted
from coop_abm.dashboard.acts import CACHED, GenerationsAgain, RoundAgain, Wanted, again
from coop_abm.games import Donation
from coop_abm.llm import transcript as journal_of
from coop_abm.mechanisms import Direct, Indirect, Network
from coop_abm.policies.means import Means
from coop_abm.scenario.files import load
from coop_abm.scenario.minds import Model
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import validated
from coop_abm.strategies import AllD, Discriminator, TitForTat
from coop_abm.structures import WattsStrogatz
from coop_abm.transcript import LARGEST_PROVENANCE, Source, source
from coop_abm.updates import DeathBirth

#: Rounds of a demonstration; folders that are listed at most; seconds between two looks at a run that goes on.
DEMO_ROUNDS, MOST_FOLDERS, LOOK = 12, 200, 1.0

Report = Callable[[str, float], None]


class Story(NamedTuple):
    """A run, and where its words are.

    title  : what the page calls it
    wanted : the run
    said   : the journal and the name of the run in it; None where no model was asked
    going  : is somebody else still running it, as far as its folder says?
    sent, replayed : requests that the run itself sent, and replies that it read from the journal; -1: not known
    kept   : the shares of cooperative acts that the run wrote down, round by round; None where it did not
    note   : one more sentence for the reader
    """

    title: str
    wanted: Wanted
    said: Source | None = None
    going: bool = False
    sent: int = -1
    replayed: int = -1
    kept: tuple[float, ...] | None = None
    note: str = ""


def folders(beside: Path | None) -> list[str]:
    """Names of the runs that lie beside this one, itself among them."""
    if beside is None:
        return []
    try:
        found = sorted(p.parent.name for p in beside.absolute().parent.glob("*/provenance.json"))
    except OSError:
        return [beside.absolute().name]
    return found[:MOST_FOLDERS]


def of_folder(folder: Path) -> Story:
    """The run that ``coop-abm run --out`` wrote, or is writing, to a folder.

    Raises
    ------
    InputError
        if it is no such folder, or its journal is gone
    """
    shown = quoted(folder.name, 100)
    try:
        place = folder / "provenance.json"
        if place.stat().st_size > LARGEST_PROVENANCE:
            raise ValueError
        tree = json.loads(place.read_text("utf-8"))
        named = next(iter(tree["scenarios"].values()))["scenario"]
        numbers = {name: int(tree.get(name, usual)) for name, usual in
                   (("seed", 0), ("steps", 0), ("replicates", 1), ("replicate", 0))}  # fmt: skip
        minds = tree.get("minds")
        minds = minds if isinstance(minds, dict) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError):
        raise InputError(f"run: {shown} must be a folder that `coop-abm run --out` wrote") from None
    file = folder / "scenario.toml"
    scenario = load(file) if file.is_file() else validated(named)
    said = source(folder) if minds.get("by_model") or minds.get("ended") is False else None
    going = minds.get("ended") is False
    wanted = Wanted(scenario, numbers["seed"], numbers["steps"] or 10_000, numbers["replicate"], numbers["replicate"])
    several = numbers["replicates"] > 1
    note = f"The first of the {numbers['replicates']:,} populations of this run." if several else ""
    kept = None if several or scenario.clock == "event" else _series(folder)
    return Story(
        folder.name, wanted, said, going, int(minds.get("sent", -1)), int(minds.get("replayed", -1)), kept, note
    )


def _series(folder: Path) -> tuple[float, ...] | None:
    """The column `cooperation` of the series, without the start; None if there is none."""
    import csv

    try:
        with (folder / "series.csv").open(newline="", encoding="utf-8") as lines:
            return tuple(float(row["cooperation"] or "nan") for row in csv.DictReader(lines))[1:]
    except (OSError, KeyError, ValueError, csv.Error):
        return None


def demonstration(seed: int) -> Wanted:
    """A world for a look at transcripts without a key: stand-ins and tables on a small-world graph."""
    stand_in = Model(model="stand-in/tft", fallback="random", reasoning=True)
    other = Model(model="stand-in/discriminator", fallback="random", language="fr")
    scenario = Scenario(
        name="demonstration", size=24, clock="round", game=Donation(benefit=4.0), execution_error=0.02,
        update=DeathBirth(intensity=0.3, replacements=3),
        players=(
            Players(share=0.25, strategy=AllD()), Players(share=0.25, strategy=TitForTat()),
            Players(share=0.25, strategy=TitForTat(), policy=stand_in),
            Players(share=0.25, strategy=Discriminator(), policy=other),
        ),
        direct=Direct(enabled=True, continuation=0.5), indirect=Indirect(enabled=True, visibility=0.8),
        network=Network(enabled=True, graph=WattsStrogatz(degree=4, rewiring=0.1)),
    )  # fmt: skip
    return Wanted(scenario, seed, DEMO_ROUNDS)


def play_on(
    run: RoundAgain | GenerationsAgain, report: Report, grown: Callable[[], None], *, going: bool = False
) -> str:
    """Play all rounds of a run; why it ended before the last, in a sentence, or "".

    Parameters
    ----------
    report : told how far it is; raises where the reader has stopped it
    grown  : called after each round
    going  : may what is missing in the journal still come, because the run is under way?
    """
    unit = "round" if isinstance(run, RoundAgain) else "generation"
    waiting = threading.Event()
    while run.acts.done < run.wanted.kept:
        report(f"{unit} {run.acts.done:,} of {run.wanted.kept:,}", run.acts.done / run.wanted.kept)
        try:
            run.step()
        except NotRecorded:
            if not going:
                return f"The journal ends here, in {unit} {run.acts.done:,}: the run stopped early, or is under way."
            waiting.wait(LOOK)
            continue
        grown()
    more = run.wanted.rounds - run.wanted.kept
    return f"The first {run.wanted.kept:,} {unit}s are shown; there is no room for {more:,} more." if more > 0 else ""


def replay(story: Story) -> RoundAgain | GenerationsAgain:
    """The run of a story, ready to be played again; nothing will be sent."""
    journal = story.said.journal if story.said else None
    return again(story.wanted, Means(mode="replay", journal=journal))


def mark_cached(story: Story, run: RoundAgain) -> None:
    """Mark what the run itself read from the journal instead of buying it; what was there first was read.

    Raises
    ------
    JournalError
        if the journal cannot be read
    """
    if story.said is None or story.replayed <= 0:
        return
    known = set() if story.sent == 0 else set(journal_of.earliest(story.said.journal, story.said.run, story.replayed))
    for (t, individual), keys in run.acts.keys.items():
        if story.sent == 0 or known.issuperset(keys):
            run.acts.marks[t, individual] |= CACHED


def differs(story: Story, run: RoundAgain | GenerationsAgain, cooperation: list[float]) -> str:
    """That this is not the run that was written down, in a sentence; "" if it is, or nobody can tell.

    Parameters
    ----------
    cooperation : share of cooperative acts of each round that was played again
    """
    for t, (written, found) in enumerate(zip(story.kept or (), cooperation)):
        if written == written and abs(written - found) > 2e-6:
            return (
                f"Played again, round {t} has another share of cooperation ({found:.4f}) than was written down "
                f"({written:.4f}): the run was made with another version, or with policies of its own."
            )
    return ""


def search(story: Story, run: RoundAgain, words: str, most: int = 50_000) -> set[tuple[int, int]]:
    """(round, individual) of the cells in whose prompts or replies these words stand.

    Raises
    ------
    JournalError
        if the journal cannot be read
    """
    if story.said is None:
        return set()
    if not story.said.journal.is_file():
        raise JournalError("the journal is not there any more")
    keys = set(journal_of.keys_holding(story.said.journal, story.said.run, words, most))
    return {cell for cell, listed in run.acts.keys.items() if not keys.isdisjoint(listed)}


def calls(story: Story, run: RoundAgain, round_: int, individual: int) -> list[tuple[Any, dict[str, Any]]]:
    """The calls that were made for one individual in one round, and what was read out of each."""
    keys = run.acts.keys.get((round_, individual))
    if story.said is None or not keys:
        return []
    found = []
    for call in journal_of.called(story.said.journal, story.said.run, keys):
        try:
            read = json.loads(call.reading or "{}")
        except ValueError:
            read = {}
        found.append((call, read if isinstance(read, dict) else {}))
    return found
