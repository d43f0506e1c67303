"""The page of group selection.

From the root of the repository `uv run python -m models.group_selection.app` opens this page in your browser, and
`uv run coop-abm dashboard group` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.group_selection.model import SCENARIO, GroupSelection

Page = page(SCENARIO, model=GroupSelection)

if __name__ == "__main__":
    serve(Page)
