"""The page of kin selection.

From the root of the repository `uv run python -m models.kin.app` opens this page in your browser, and
`uv run coop-abm dashboard kin` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.kin.model import SCENARIO, KinSelection

Page = page(SCENARIO, model=KinSelection)

if __name__ == "__main__":
    serve(Page)
