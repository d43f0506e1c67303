"""The page of an address that is not there: static, in the colours of the dashboard, with links to what is."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coop_abm.dashboard.pages.base import Page

_STYLE = """
* { box-sizing: border-box; }
body { margin: 0; }
.coop { min-height: 100vh; padding: 12vh 16px 24px; background: var(--page); color: var(--ink); }
body { font: 400 16px/1.5 Roboto, system-ui, sans-serif; }
main { max-width: 480px; margin: 0 auto; padding: 20px 24px; border-radius: 6px;
  background: var(--panel); border: 1px solid var(--line); }
h1 { font-size: 20px; font-weight: 500; margin: 0 0 6px; }
p { margin: 0 0 12px; color: var(--muted); }
ul { list-style: none; margin: 0; padding: 0; }
a { display: inline-flex; align-items: center; min-height: 32px; color: var(--focus); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
"""


def lost(pages: Iterable[Page]) -> bytes:
    """The page, HTML. Nothing of what was asked for stands in it, so nothing can be smuggled into it."""
    tokens = (Path(__file__).parent / "views" / "style" / "10_tokens.css").read_text(encoding="utf-8")
    # No script runs here that could know which of the two the reader chose: it is the one of the system.
    dark = re.search(r"\.coop-dark (\.coop \{.*?\n\})", tokens, re.S)
    style = tokens + (f"@media (prefers-color-scheme: dark) {{ {dark[1]} }}" if dark else "") + _STYLE
    links = "\n".join(f'<li><a href="/{page.path}">{html.escape(page.title)}</a></li>' for page in pages)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not found · coop_abm</title>
<style>{style}</style>
</head>
<body class="coop">
<main>
<h1>There is no page at this address</h1>
<p>It may be misspelt, or of another version. These are the pages of the dashboard:</p>
<nav aria-label="pages"><ul>
{links}
</ul></nav>
</main>
</body>
</html>
""".encode()
