"""The page of direct reciprocity.

From the root of the repository `uv run python -m models.direct_reciprocity.app` opens this page in your browser, and
`uv run coop-abm dashboard direct` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.direct_reciprocity.model import SCENARIO, DirectReciprocity

Page = page(SCENARIO, model=DirectReciprocity)

if __name__ == "__main__":
    serve(Page)
