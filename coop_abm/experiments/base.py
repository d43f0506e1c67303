"""An experiment: a question, the scenarios that answer it, what is measured, a table and a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol, Self

from coop_abm.core.part import Part

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Called with words about what is being done, and the share of the whole that is done, in [0, 1].
Report = Callable[[str, float], None]
#: Called with the results so far; the table of the experiment takes them.
Found = Callable[[Any], None]


class Column(NamedTuple):
    """One column of the table.

    name  : of its cells
    title : what it is called on a page
    help  : what it means
    role  : "theory" for exact or published numbers, "ours" for what was measured beside them, "low" and "high" for
            the ends of its 95 % interval, "verdict" for words on how the two compare; "" for anything else
    """

    name: str
    title: str
    help: str = ""
    role: Literal["", "theory", "ours", "low", "high", "verdict"] = ""


class Experiment(Protocol):
    """What every experiment has. Results are plain records, so that they can be stored and compared.

    One that has a view of its own on its page has ``view(results)`` as well: plain values for that view.
    """

    #: The word on the command line.
    name: ClassVar[str]
    #: What is asked, as a sentence with a question mark.
    question: ClassVar[str]
    #: What can be chosen: a part, whose knobs become the controls of its page.
    options: ClassVar[type[Part]]
    #: The options with which it is over in seconds.
    quick: ClassVar[Mapping[str, Any]]
    #: The columns of its table, in order.
    columns: ClassVar[tuple[Column, ...]]

    @classmethod
    def chosen(cls, options: Any) -> Self:
        """The experiment with these options."""
        ...

    def scenarios(self) -> Mapping[str, Part]:
        """The worlds that are measured, by name: scenarios, or worlds of a kind of their own."""
        ...

    def measure(self, report: Report | None = None, found: Found | None = None) -> Any:
        """Run everything; the results, one record for each row of the table."""
        ...

    def table(self, results: Any) -> list[dict[str, Any]]:
        """The results as rows of named cells, in the order of columns."""
        ...

    def reading(self, results: Any) -> str:
        """What the table says, and what it does not, in a paragraph."""
        ...

    def figure(self, results: Any) -> Figure:
        """The results as a picture for a slide."""
        ...

    def save(self, results: Any, folder: Path) -> list[Path]:
        """Write table, figure and provenance into a folder; the paths written."""
        ...
