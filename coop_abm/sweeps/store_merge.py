"""One store out of several: shards of one sweep, or what is sound in a damaged file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from coop_abm.core.errors import StoreError, quoted
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_reading import Reader, name_of
from coop_abm.sweeps.store_rows import CellRow, RunRow, WrittenRun, text_of

#: Runs that are put into the new file at once.
AT_ONCE, BYTES_AT_ONCE = 1000, 16 * 2**20


class Merged(NamedTuple):
    """What came together: runs that were taken over, and damaged ones that were left out."""

    runs: int
    left_out: int


def merge(
    into: str | Path, others: Sequence[str | Path], *, skip_damaged: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Merged:  # fmt: skip
    """Put the runs of other stores of the same sweep into one; the order of the others makes no difference.

    A run that is done takes the place of one that failed. Each of the others is merged as a whole, or not at all.

    Parameters
    ----------
    skip_damaged : leave out what is damaged, instead of refusing

    Raises
    ------
    StoreError
        if a store holds another sweep, is damaged, or has another result of the same run
    """
    merged, left_out = 0, 0
    with Store(into) as target:
        for path in others:
            with Store(path, read_only=True) as source, source.reader(tolerant=skip_damaged) as reader:
                target.open_for(source.identity)
                if not skip_damaged and target.remembered() is None and (order := reader.meta("order")) is not None:
                    target.remember(order)
                taking = _Taking(target, reader, progress)
                target.put(taking.cells())
                merged, left_out = merged + taking.taken, left_out + taking.left_out
    return Merged(merged, left_out)


class _Taking:
    """What one store has and another has not, read while it is put there."""

    def __init__(self, target: Store, source: Reader, progress: Callable[[int], None] | None):
        self.target, self.source, self.progress = target, source, progress
        self.taken = self.left_out = 0

    def cells(self) -> Iterator[tuple[bytes, str, list[WrittenRun]]]:
        mine = Reader(self.target.base, self.target.named)
        for cell in self._sound_cells():
            here, runs, size = mine.cell(cell.hash), [], 0
            for run in self._sound_runs(cell):
                if here is None or self._is_wanted(mine, here, cell, run):
                    written = WrittenRun(run, list(self.source.chunks(cell, run)))
                    size += sum(len(chunk.data) for chunk in written.chunks)
                    runs.append(written)
                if len(runs) == AT_ONCE or size > BYTES_AT_ONCE:
                    yield self._given(cell, runs)
                    runs, size = [], 0
            if runs:
                yield self._given(cell, runs)

    def _given(self, cell: CellRow, runs: list[WrittenRun]) -> tuple[bytes, str, list[WrittenRun]]:
        self.taken += len(runs)
        if self.progress:
            self.progress(self.taken)
        return cell.hash, cell.parameters, runs

    def _sound_cells(self) -> Iterator[CellRow]:
        if not self.source.tolerant:
            yield from self.source.cells()
            return
        for cell in self.source.found_cells():
            if cell.sound:
                yield cell

    def _sound_runs(self, cell: CellRow) -> Iterator[RunRow]:
        if not self.source.tolerant:
            yield from self.source.sound_runs(cell)
            return
        for found in self.source.runs(cell):
            if self.source.why(cell, found) or found.row is None:
                self.left_out += 1
            else:
                yield found.row

    def _is_wanted(self, mine: Reader, here: CellRow, cell: CellRow, run: RunRow) -> bool:
        """Is it missing here, or better than what is here?"""
        done, failed = here.spans()
        if run.replicate not in done and run.replicate not in failed:
            return True
        found = mine.run(here, run.replicate)
        if found.why or found.row is None:
            raise mine.damaged(f"run {run.replicate} of cell {name_of(here.hash)} {found.why}")
        if found.row.state != run.state:
            return run.state == "done"
        if run.state == "failed":  # whichever order they come in, the same one stays
            return (run.cause, run.seed) < (found.row.cause, found.row.seed)
        # Compressed chunks may differ where their rows do not.
        if run.checksum != found.row.checksum or run.chunks:
            one, other = self.source.outcome(cell, run), mine.outcome(here, found.row)
            if text_of(one) != text_of(other):
                raise StoreError(
                    f"{self.target.named} and {self.source.named} have different results of run {run.replicate} of "
                    f"cell {name_of(cell.hash)} {quoted(cell.parameters, 100)[1:-1]}; nothing was taken from the latter"
                )
        return False
