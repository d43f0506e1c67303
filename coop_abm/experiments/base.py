"""An experiment: a question, the scenarios that answer it, what is measured, a table and a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from coop_abm.core.part import Part

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Called with words about what is being done, and the share of the whole that is done, in [0, 1].
Report = Callable[[str, float], None]


class Experiment(Protocol):
    """What every experiment has. Results are plain records, so that they can be stored and compared."""

    #: The word on the command line.
    name: ClassVar[str]
    #: What is asked, as a sentence with a question mark.
    question: ClassVar[str]

    def scenarios(self) -> Mapping[str, Part]:
        """The worlds that are measured, by name: scenarios, or worlds of a kind of their own."""
        ...

    def measure(self, report: Report | None = None) -> Any:
        """Run everything; the results, one record for each row of the table."""
        ...

    def table(self, results: Any) -> list[dict[str, Any]]:
        """The results as rows of named cells, in the order of columns."""
        ...

    def figure(self, results: Any) -> Figure:
        """The results as a picture for a slide."""
        ...

    def save(self, results: Any, folder: Path) -> list[Path]:
        """Write table, figure and provenance into a folder; the paths written."""
        ...
