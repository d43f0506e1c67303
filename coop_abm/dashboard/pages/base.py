"""What a page is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import solara

from coop_abm.dashboard.visit import Visit

_numbers = itertools.count(1)


class Page(NamedTuple):
    """One page of the dashboard.

    path  : its address is ``/path``
    title : on its tab, and of the window
    body  : a Solara component that takes the :class:`~coop_abm.dashboard.visit.Visit` of the tab
    """

    path: str
    title: str
    body: Callable[[Visit], Any]


def fresh() -> int:
    """A number that was not there before: what depends on it is drawn again."""
    return next(_numbers)


def use_redraw() -> Callable[[], None]:
    """Inside a component: a function that draws it again, from any thread."""
    _number, set_number = solara.use_state(0)
    return lambda: set_number(fresh())
