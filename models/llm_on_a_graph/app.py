"""The page of language models on a graph.

From the root of the repository `uv run python -m models.llm_on_a_graph.app` opens this page in your browser, and
`uv run coop-abm dashboard models/llm_on_a_graph/scenario.toml` the same world without the model class. Both go through
the guarded server, which talks to this machine alone; the stand-ins are served on this machine as well.
"""

from __future__ import annotations

from coop_abm.dashboard import page, serve
from models.llm_on_a_graph.model import SCENARIO, LlmOnAGraph

Page = page(SCENARIO, model=LlmOnAGraph)

if __name__ == "__main__":
    serve(Page)
