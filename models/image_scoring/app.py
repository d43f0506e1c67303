"""The page of image scoring.

From the root of the repository `uv run python -m models.image_scoring.app` opens this page in your browser, and
`uv run coop-abm dashboard image_scoring` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.image_scoring.model import SCENARIO, ImageScoring

Page = page(SCENARIO, model=ImageScoring)

if __name__ == "__main__":
    serve(Page)
