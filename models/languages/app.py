"""The page of the factorial.

From the root of the repository `uv run python -m models.languages.app` opens this page in your browser, through the
guarded server, which talks to this machine alone.
"""

from __future__ import annotations

from coop_abm.dashboard import experiment_page, serve

Page = experiment_page("languages")

if __name__ == "__main__":
    serve(Page)
