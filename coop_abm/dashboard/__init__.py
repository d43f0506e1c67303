"""The dashboard: pages on which worlds run, and the guarded server that shows them.

>>> from coop_abm.dashboard import page
>>> from coop_abm.scenario.library import named
>>> Page = page(named("network"))
"""

from coop_abm.dashboard import offline  # first: Solara reads its settings while it is imported
from coop_abm.dashboard.app import dashboard, experiment_page, page
from coop_abm.dashboard.serve import serve
from coop_abm.opened import Opened, opened

__all__ = ["Opened", "dashboard", "experiment_page", "opened", "page", "serve"]
