"""The page of network reciprocity.

From the root of the repository `uv run python -m models.network_reciprocity.app` opens this page in your browser, and
`uv run coop-abm dashboard network` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.network_reciprocity.model import SCENARIO, NetworkReciprocity

Page = page(SCENARIO, model=NetworkReciprocity)

if __name__ == "__main__":
    serve(Page)
