"""The page of the spatial games of Nowak and May.

From the root of the repository `uv run python -m models.nowak_may.app` opens this page in your browser, and
`uv run coop-abm dashboard nowak_may` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.nowak_may.model import SCENARIO, SpatialChaos

Page = page(SCENARIO, model=SpatialChaos)

if __name__ == "__main__":
    serve(Page)
