"""The dashboard: a page on which a world runs, and the guarded server that shows it.

>>> from coop_abm.dashboard import page
>>> from coop_abm.scenario.library import named
>>> Page = page(named("network"))
"""

from coop_abm.dashboard import offline  # first: Solara reads its settings while it is imported
from coop_abm.dashboard.page import page
from coop_abm.dashboard.serve import serve

__all__ = ["page", "serve"]
