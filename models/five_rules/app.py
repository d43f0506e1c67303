"""The page of the five rules: toggles at the left, the population in the middle, theory at the right.

From the root of the repository `uv run python -m models.five_rules.app` opens this page in your browser, and
`uv run coop-abm dashboard all_five` the same world without the model class. Both go through the guarded server,
which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.five_rules.model import SCENARIO, FiveRules

Page = page(SCENARIO, model=FiveRules)

if __name__ == "__main__":
    serve(Page)
