"""What the page of transcripts of one tab holds: one run, or two beside each other, and the cell that is open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import numpy as np

from coop_abm.core.errors import InputError
from coop_abm.dashboard import links, stories
from coop_abm.dashboard.acts import FALLBACK, MODEL, REPAIRED, GenerationsAgain, RoundAgain, Wanted, again
from coop_abm.dashboard.jobs import Job
from coop_abm.dashboard.matrix import Filter, Shown, differing, first_divergence, matching, order
from coop_abm.dashboard.money import Purse
from coop_abm.dashboard.stories import Story
from coop_abm.lab import check_seed, check_whole
from coop_abm.llm.stand_in import StandIn
from coop_abm.opened import Opened
from coop_abm.policies.roster import Roster
from coop_abm.scenario.knobs import parsed
from coop_abm.transcript import Source

Run = RoundAgain | GenerationsAgain

#: Entries of an address that are about this page; all others are about a world.
OWN = ("run", "demo", "rounds", "agent", "round", "other")
#: Seconds between two words to the browser that rounds were added; rounds that one press may ask for.
EVERY, MOST_ROUNDS = 0.15, 100_000
#: What goes wrong with the stand-ins of a demonstration, and how often, so that there is something to be seen.
DEMO_FAULTS, DEMO_RATE, DEMO_LATENCY = ("text", "empty"), 0.04, 0.02


class Side(NamedTuple):
    """One run that is on show."""

    story: Story
    run: Run


class Reading:
    """One or two runs, and where the reader is in them.

    Parameters
    ----------
    opened : what the command line asked for
    purse  : what this tab may spend
    lab    : the world of the Lab of this tab: (scenario, seed, time steps); None while there is none
    on_change : called when the page should be drawn again
    on_grown  : called when a run has more rounds: which side, how many
    on_run    : called when the rows of a side are other ones
    """

    def __init__(
        self,
        opened: Opened,
        purse: Purse,
        *,
        lab: Callable[[], Wanted | None] = lambda: None,
        on_change: Callable[[], None] = lambda: None,
        on_grown: Callable[[str, int], None] = lambda side, done: None,
        on_run: Callable[[], None] = lambda: None,
    ):
        self.opened, self.purse, self.lab = opened, purse, lab
        self.on_change, self.on_grown, self.on_run = on_change, on_grown, on_run
        self.sides: dict[str, Side] = {}
        self.sort, self.filter, self.said = "number", Filter(), None  # type: str, Filter, set[tuple[int, int]] | None
        self.found = 0
        self.divergence: tuple[int, int] | None = None
        self.at: tuple[int, int] | None = None
        self.goal: tuple[int, int] | None = None
        self.error = self.note = self.other_name = ""
        self.asking: Wanted | None = None  # waits for the reader's word on money
        self.link = ""
        self.jobs = {"a": Job(self._changed), "b": Job(self._changed), "words": Job(self._changed)}
        self._stop = threading.Event()
        self._lock = threading.Lock()

    # ------------------------------------------------------------------------------------ which run

    @property
    def names(self) -> list[str]:
        """Names of the runs that can be opened: those beside the one of the command line."""
        return stories.folders(self.opened.run)

    def follow(self, query: str) -> None:
        """The address names a run, or a cell."""
        asked = dict(parse_qsl(query[: links.LONGEST], max_num_fields=200))
        self.goal = _cell_of(asked)
        rest = urlencode([(k, v) for k, v in parse_qsl(query[: links.LONGEST], max_num_fields=200) if k not in OWN])
        try:
            if "demo" in asked:
                self.demonstrate(_whole("demo", asked["demo"], 2**62))
            elif "run" in asked:
                self.open_folder(asked["run"])
            elif rest:
                linked = links.read(rest, self.opened.scenario, self.opened.seed)
                rounds = _whole("rounds", asked.get("rounds", "100"), MOST_ROUNDS)
                self.play(Wanted(linked.scenario, linked.seed, rounds), linked.error)
            elif self.opened.run is not None:
                self.open_folder(self.opened.run.absolute().name)
        except InputError as error:
            self._refuse(str(error))

    def open_folder(self, name: str, side: str = "a") -> None:
        """A run by the name of its folder, which lies beside the one of the command line; never another path.

        Raises
        ------
        InputError
            if there is no such folder
        """
        if self.opened.run is None or name not in self.names:
            raise InputError("run: must be the name of a folder beside the run that the dashboard was opened with")
        folder: Path = self.opened.run.absolute().parent / name
        if side == "a":
            self.link = urlencode({"run": name})
        self._work(side, lambda: stories.of_folder(folder), lambda story: stories.replay(story), name)

    def compare(self, name: str) -> None:
        """Put another run beside this one; "" takes it away."""
        self.other_name = name
        if name:
            self.open_folder(name, "b")
            return
        self.jobs["b"].stop()
        self._drop("b")
        self.divergence = None
        self.on_run()
        self._changed()

    def compare_seed(self, seed: int) -> None:
        """The same world from another seed beside this one; where models decide, as far as the journal goes."""
        check_seed(seed)
        side = self.sides.get("a")
        if side is None:
            return
        self.other_name = f"seed {seed}"
        wanted = side.story.wanted._replace(seed=seed)
        if self.purse.bought(wanted.scenario):
            raise InputError(
                "seed: another seed of this world would ask its models anew; run it on its own, then open both"
            )
        self._live("b", wanted, self.other_name)

    def demonstrate(self, seed: int) -> None:
        """Stand-ins and tables on a graph: a run to look at, without a key and without a cost."""
        self.link = urlencode({"demo": seed})
        self._live("a", stories.demonstration(seed), f"demonstration, seed {seed}", faults=True)

    def play(self, wanted: Wanted, note: str = "") -> None:
        """Any world, played here and now; where models cost money the reader is asked first."""
        if self.purse.bought(wanted.scenario) and not self.purse.confirmed(wanted.scenario):
            self.asking, self.note = wanted, note
            self._changed()
            return
        self.asking = None
        try:
            self.link = links.write(wanted.scenario, wanted.seed) + f"&rounds={wanted.rounds}"
        except InputError:
            self.link = ""  # a world of the reader's own has no link
        title = f"{wanted.scenario.name or 'world'}, seed {wanted.seed}"
        self._live("a", wanted, title)
        self.note = note

    def play_world(self, which: str, seed: Any, rounds: Any) -> None:
        """The world of the Lab, of the command line, or a named one.

        Raises
        ------
        InputError
            naming what cannot be had
        """
        from coop_abm.scenario.library import named

        if which == "lab":
            found = self.lab()
            if found is None:
                raise InputError("the Lab shows no world yet: open the Lab first")
            self.play(found)
            return
        count, start = _whole("rounds", rounds, MOST_ROUNDS), _whole("seed", seed, 2**63 - 1)
        check_whole("rounds", count, 1, MOST_ROUNDS)
        self.play(Wanted(self.opened.scenario if which == "opened" else named(which), start, count))

    def stop(self) -> None:
        """Nothing more is sent; what came in stays."""
        self._stop.set()
        for job in self.jobs.values():
            job.stop()
        side = self.sides.get("a")
        if side is not None and side.run.acts.done < side.run.wanted.kept:
            self.note = f"Stopped after {side.run.acts.done:,} of {side.run.wanted.kept:,}; nothing more is sent."
        self._changed()

    def close(self) -> None:
        """The tab is gone."""
        self.stop()
        for side in list(self.sides):
            self._drop(side)

    # ---------------------------------------------------------------------------------- how it is played

    def _live(self, side: str, wanted: Wanted, title: str, *, faults: bool = False) -> None:
        """Play a run here; what the journal has is read, what is missing is bought, if it may be."""
        stop = threading.Event()
        if side == "a":
            self._stop.set()  # what went on before is over
            self._stop = stop

        servers: list[StandIn] = []

        def begun(story: Story) -> Run:
            more: dict[str, Any] = {}
            if faults:
                served = StandIn(latency=DEMO_LATENCY, fault_rate=DEMO_RATE, faults=DEMO_FAULTS, seed=wanted.seed)
                servers.append(served)
                more = {"stand_in": served.start(), "transport": "slim", "concurrency": 8}
            return again(wanted, self.purse.means(wanted.scenario, stop=stop, **more))

        self._work(side, lambda: Story(title, wanted), begun, title, servers)

    def _work(
        self,
        side: str,
        tell: Callable[[], Story],
        begin: Callable[[Story], Run],
        title: str,
        servers: Sequence[StandIn] = (),
    ) -> None:
        self.error = self.note = ""
        if side == "a":
            self.at, self.divergence, self.other_name = None, None, ""
            self.jobs["b"].stop()
            self._drop("b")

        def work(report: Callable[[str, float], None]) -> None:
            report(f"opening {title}", 0.0)
            story = tell()
            run = begin(story)
            if isinstance(run, RoundAgain) and isinstance(run.policy, Roster) and story.said is None:
                story = story._replace(said=Source(self.purse.journal, run.policy.run))
            report(f"opening {title}", 0.0)  # raises where another run was chosen meanwhile
            self._put(side, Side(story, run))
            last = 0.0

            def grown() -> None:
                nonlocal last
                now = time.monotonic()
                if now - last >= EVERY:
                    last = now
                    self.on_grown(side, run.acts.done)

            try:
                words = stories.play_on(run, report, grown, going=story.going)
            finally:
                run.rest()
                for server in servers:
                    server.stop()
                self.on_grown(side, run.acts.done)
            report("putting it in order", 1.0)
            self._finish(side, Side(story, run), words)

        self.jobs[side].start(work)

    def _put(self, side: str, shown: Side) -> None:
        self._drop(side)
        with self._lock:
            self.sides[side] = shown
        if side == "a":
            self.filter, self.said, self.sort = Filter(), None, "number"
        self.on_run()
        self._changed()

    def _drop(self, side: str) -> None:
        with self._lock:
            old = self.sides.pop(side, None)
        if old is not None:
            old.run.close()

    def _finish(self, side: str, shown: Side, words: str) -> None:
        story, run = shown
        notes = [story.note, words]
        if isinstance(run, RoundAgain):
            stories.mark_cached(story, run)
            notes.append(stories.differs(story, run, cooperation(run)))
        if side == "a":
            self.note = " ".join(filter(None, [self.note, *notes]))
        if {"a", "b"} <= self.sides.keys():
            self.divergence = first_divergence(self.sides["a"].run.acts, self.sides["b"].run.acts)
        if side == "a" and self.goal is not None:
            t, individual = self.goal
            self.at, self.goal = self.within(t - int(isinstance(run, GenerationsAgain)), individual), None
        self.on_run()

    # ------------------------------------------------------------------------------------ what is looked at

    def shown(self, side: str) -> Shown | None:
        """What the matrix of a side shows; None without a run."""
        here = self.sides.get(side)
        if here is None:
            return None
        rows = order(self.sides["a"].run if "a" in self.sides else here.run, self.sort)
        size = here.run.wanted.scenario.size
        rows = rows if len(rows) == size else np.arange(size)
        found = None
        if self.filter.asks:
            found = matching(here.run.acts, self.filter, self.said if side == "a" else None)
            if side == "a":
                self.found = int(found.sum())
        other = None
        if {"a", "b"} <= self.sides.keys():
            other = differing(self.sides["a"].run.acts, self.sides["b"].run.acts)
        return Shown(rows, found, other)

    def look_for(self, wanted: Filter) -> None:
        """Show what matches."""
        self.filter = wanted
        side = self.sides.get("a")
        if not wanted.words or side is None or not isinstance(side.run, RoundAgain):
            self.said = None if not wanted.words else set()
            self.on_run()
            self._changed()
            return
        story, run = side.story, side.run

        def work(report: Callable[[str, float], None]) -> None:
            report("looking through prompts and replies", 0.0)
            found = stories.search(story, run, wanted.words)
            report("looking through prompts and replies", 1.0)
            self.said = found
            self.on_run()

        self.jobs["words"].start(work)

    def within(self, round_: int, individual: int) -> tuple[int, int] | None:
        """That cell, or the nearest there is; None without any."""
        side = self.sides.get("a")
        if side is None or side.run.acts.done == 0:
            return None
        size = side.run.wanted.scenario.size
        return max(0, min(round_, side.run.acts.done - 1)), max(0, min(individual, size - 1))

    def walk(self, rows: int, rounds: int) -> None:
        """Go to the next cell, as the rows stand now."""
        here = self.shown("a")
        if self.at is None or here is None:
            return
        row = int(np.flatnonzero(here.order == self.at[1])[0])
        to = max(0, min(row + rows, len(here.order) - 1))
        self.at = self.within(self.at[0] + rounds, int(here.order[to]))

    def address(self, round_: int, individual: int) -> str:
        """The link to a cell."""
        base = int(isinstance(self.sides["a"].run, GenerationsAgain)) if "a" in self.sides else 0
        return f"/transcripts?{self.link}{'&' if self.link else ''}agent={individual}&round={round_ + base}"

    @property
    def working(self) -> Job | None:
        """The job that is under way, if any."""
        return next((job for job in self.jobs.values() if job.now.working), None)

    @property
    def failure(self) -> str:
        """What went wrong, in a sentence."""
        return self.error or next((job.now.error for job in self.jobs.values() if job.now.error), "")

    def _refuse(self, sentence: str) -> None:
        self.error = sentence
        self._changed()

    def _changed(self) -> None:
        self.on_change()


def cooperation(run: RoundAgain) -> list[float]:
    """The share of cooperative acts of each round, among all acts, as the measure `cooperation` counts them."""
    return [c / n if n else float("nan") for c, n in run.counted]


def counts(run: Run) -> dict[str, int]:
    """How many cells models decided in, were asked again in, fell back in; and cells in all."""
    marks = run.acts.marks[: run.acts.done]
    return {
        "models": int(((marks & MODEL) > 0).sum()), "again": int(((marks & (REPAIRED | FALLBACK)) > 0).sum()),
        "fallbacks": int(((marks & FALLBACK) > 0).sum()), "calls": sum(map(len, list(run.acts.keys.values()))),
    }  # fmt: skip


def _cell_of(asked: dict[str, str]) -> tuple[int, int] | None:
    if "agent" not in asked and "round" not in asked:
        return None
    return _whole("round", asked.get("round", "0"), 2**40), _whole("agent", asked.get("agent", "0"), 2**40)


def _whole(name: str, text: Any, most: int) -> int:
    value = parsed(text.strip()) if isinstance(text, str) else text
    check_whole(name, value, 0, most)
    return value
