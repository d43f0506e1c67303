"""The page of indirect reciprocity.

From the root of the repository `uv run python -m models.indirect_reciprocity.app` opens this page in your browser, and
`uv run coop-abm dashboard indirect` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.indirect_reciprocity.model import SCENARIO, IndirectReciprocity

Page = page(SCENARIO, model=IndirectReciprocity)

if __name__ == "__main__":
    serve(Page)
