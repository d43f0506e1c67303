"""No second graph: one is replaced by those whom one meets."""

from __future__ import annotations

from typing import ClassVar, Literal

from coop_abm.core.part import Part, one_of
from coop_abm.structures import KINDS


class Same(Part):
    """The graph on which one meets is the one on which one is replaced."""

    title: ClassVar[str] = "the same"

    kind: Literal["same"] = "same"


#: The type of a field that holds a second graph, or none.
Replacement = one_of(Same, *KINDS)
