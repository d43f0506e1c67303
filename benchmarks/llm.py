"""``python -m benchmarks.llm``: what asking language models costs beside the requests themselves."""

from __future__ import annotations

import sys

from benchmarks.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["--only", "llm", *sys.argv[1:]]))
