"""``python -m benchmarks.sweeps``: what sweeps cost beside their runs, and how they compare with ``mesa.batch_run``."""

from __future__ import annotations

import sys

from benchmarks.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["--only", "sweep", *sys.argv[1:]]))
