"""The pages of the dashboard, in the order of their tabs. A new page is one file here, and one line below."""

from __future__ import annotations

from coop_abm.dashboard.pages import experiments, home, lab, play, structure, sweeps, transcripts
from coop_abm.dashboard.pages.base import Page

PAGES: tuple[Page, ...] = (
    home.PAGE,
    lab.PAGE,
    structure.PAGE,
    experiments.PAGE,
    play.PAGE,
    transcripts.PAGE,
    sweeps.PAGE,
)

__all__ = ["PAGES", "Page"]
