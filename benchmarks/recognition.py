"""``python -m benchmarks.recognition``: how well are strategies recognised, by length of match and error rate?

Players of each strategy of the canon meet partners drawn from it. Accuracy counts every strategy the same, and gives a
player for whom several are equally probable in equal parts to each.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pages import replace
from coop_abm.strategies.canon import canon
from coop_abm.theory.recognition import Confusion, judge, library

PAGE = Path(__file__).parent.parent / "docs" / "inference.md"
#: The prisoner's dilemma of Axelrod's tournaments; generous tit-for-tat forgives a third of defections there.
PAYOFFS = ((3, 0), (5, 1))
TURNS, ERRORS = (5, 10, 20, 50, 100), (0.0, 0.05, 0.1, 0.2)
EACH, SEED = 400, 1
WAYS: tuple[tuple[str, dict], ...] = (
    ("likelihood, error rate known", {"known": True}),
    ("likelihood", {}),
    ("classifier", {"method": "classifier"}),
)
#: The match and error rate whose confusion matrix is shown in full.
SHOWN = (20, 0.05)


def lines(each: int = EACH, seed: int = SEED) -> Iterator[str]:
    """The tables as Markdown."""
    strategies = library(*canon(PAYOFFS))
    yield f"{each} players of each of {len(strategies.names)} strategies, seed {seed}; in brackets the share of ties."
    yield ""
    yield "| turns | error rate | " + " | ".join(name for name, _how in WAYS) + " |"
    yield "|---|---|" + "---|" * len(WAYS)
    for turns in TURNS:
        for error in ERRORS:
            found = [judge(strategies, turns, error, each=each, seed=seed, **how) for _name, how in WAYS]
            cells = " | ".join(f"{one.accuracy:.0%} ({one.tied.mean():.0%})" for one in found)
            yield f"| {turns} | {error:g} | {cells} |"
    for name, how in WAYS[1:]:
        yield ""
        yield from matrix(judge(strategies, *SHOWN, each=each, seed=seed, **how), name)


def matrix(found: Confusion, name: str) -> Iterator[str]:
    """One confusion matrix: rows were played, columns found."""
    yield f"By {name}, {found.turns} turns, error rate {found.error:g}: rows were played, columns found."
    yield ""
    yield "| | " + " | ".join(found.names) + " | ties |"
    yield "|---|" + "---|" * (len(found.names) + 1)
    for played, shares, tied in zip(found.names, found.share, found.tied, strict=True):
        cells = " | ".join(
            f"**{share:.0%}**" if played == one else f"{share:.0%}" if share >= 0.005 else ""
            for one, share in zip(found.names, shares, strict=True)
        )
        yield f"| {played} | {cells} | {tied:.0%} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; with ``--out`` also write them into a page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recognition", description="Who is taken for whom?")
    parser.add_argument("--each", type=int, default=EACH, help="players of each strategy (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of all players (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help=f"page whose tables are replaced, {PAGE.name} here")
    given = parser.parse_args(arguments)
    if given.each < 1 or given.seed < 0:
        parser.error("--each must be at least 1, --seed at least 0")
    text = []
    for line in lines(given.each, given.seed):
        print(line, flush=True)
        text.append(line)
    if given.out:
        replace(given.out, "recognition", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
