"""Run with the Python of egttools: fixation probabilities under pairwise comparison.

Reads one question in JSON from each line of input and answers with a line: what was measured, and the
seconds of this process's CPU time that it took.
"""

import json
import sys
import time

import egttools
import numpy as np
from egttools.games import Matrix2PlayerGameHolder
from egttools.numerical import PairwiseComparisonNumerical

try:
    from importlib.metadata import version

    VERSION = version("egttools")
except Exception:  # noqa: BLE001  whatever is wrong with metadata, the package itself works
    VERSION = egttools.__version__

for line in sys.stdin:
    question = json.loads(line)
    if "version" in question:
        print(json.dumps({"version": VERSION}), flush=True)
        continue
    game = Matrix2PlayerGameHolder(2, np.array(question["matrix"], float))
    egttools.Random.seed(question["seed"])
    solver = PairwiseComparisonNumerical(question["size"], game, 1000)
    began = time.process_time()
    # invader, resident, runs, longest run in updates, intensity
    probability = solver.estimate_fixation_probability(0, 1, question["runs"], 1_000_000_000, question["intensity"])
    spent = time.process_time() - began
    print(json.dumps({"probability": probability, "seconds": spent}), flush=True)
