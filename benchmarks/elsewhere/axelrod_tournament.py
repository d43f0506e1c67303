"""Run with the Python of axelrod: a round robin of the strategies that are asked for.

Reads one question in JSON from each line of input and answers with a line: mean payoff per turn of each
player, and the seconds of this process's CPU time that playing took, without building results.
"""

import json
import sys
import time

import axelrod


def player(declared):
    """A player of axelrod: a name with arguments, or the five probabilities of a memory-one strategy."""
    name, arguments = declared
    return getattr(axelrod, name)(**arguments)


for line in sys.stdin:
    question = json.loads(line)
    if "version" in question:
        print(json.dumps({"version": axelrod.__version__}), flush=True)
        continue
    reward, sucker, temptation, punishment = question["payoffs"]
    tournament = axelrod.Tournament(
        [player(declared) for declared in question["players"]],
        game=axelrod.Game(r=reward, s=sucker, t=temptation, p=punishment),
        turns=question["turns"],
        repetitions=question["repetitions"],
        seed=question["seed"],
    )
    began = time.process_time()
    results = tournament.play(progress_bar=False, build_results=bool(question["scores"]))
    spent = time.process_time() - began
    matrix = [[float(cell) for cell in row] for row in results.payoff_matrix] if question["scores"] else []
    print(json.dumps({"seconds": spent, "matrix": matrix}), flush=True)
