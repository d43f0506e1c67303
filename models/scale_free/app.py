"""The page of cooperation on scale-free networks.

From the root of the repository `uv run python -m models.scale_free.app` opens this page in your browser, and
`uv run coop-abm dashboard scale_free` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.scale_free.model import SCENARIO, ScaleFree

Page = page(SCENARIO, model=ScaleFree)

if __name__ == "__main__":
    serve(Page)
