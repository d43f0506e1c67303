"""``python -m tests.policies.sitting SCENARIO ROUNDS``: a human's seat at whatever standard input is."""

import sys

from coop_abm import lab
from coop_abm.seat import at_terminal, play


def main() -> int:
    """The exit code of the game."""
    name, rounds = sys.argv[1:]
    read, say = at_terminal()
    knobs = {"clock": "round", "talk": "first"} if name == "all_five" else {"clock": "round"}
    return play(lab.world(name, size=20, **knobs), rounds=int(rounds), seed=1, read=read, say=say).code


if __name__ == "__main__":
    sys.exit(main())
