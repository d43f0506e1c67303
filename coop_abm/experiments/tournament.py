"""Axelrod's tournament: who does best when everybody meets everybody?

Every strategy of a field plays every other, and itself, for a fixed number of turns, over and over. What
is sampled is held against the exact expectation of each match.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np

from coop_abm import output
from coop_abm.core.dice import match_bases
from coop_abm.core.errors import InputError, quoted
from coop_abm.core.part import Part, knob
from coop_abm.engine.matches import play_matches
from coop_abm.experiments.base import Column, Found, Report
from coop_abm.games import Game, PrisonersDilemma
from coop_abm.lab import check_seed
from coop_abm.scenario.provenance import provenance
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies.field import FIELD
from coop_abm.strategies.table import GOOD, UNKNOWN, Repertoire, Strategy, repertoire
from coop_abm.theory.arguments import number, whole
from coop_abm.theory.automata import match_payoffs

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

#: Matches that one tournament may play; each keeps four numbers.
MOST_MATCHES = 20_000_000


class Place(NamedTuple):
    """One line of the ranking.

    rank, name : from 1, the best first
    score : mean payoff of a turn over all matches, sampled
    error : its standard error over repetitions; 0 where nothing is left to chance, NaN of a single repetition
    exact : what theory expects of it
    cooperation : share of own acts that cooperate
    """

    rank: int
    name: str
    score: float
    error: float
    exact: float
    cooperation: float


@dataclass(frozen=True)
class Standings:
    """A tournament that was played.

    names  : S entrants, in the order in which they were named
    game, turns, repetitions, noise, self_play, seed : what was played
    scores : float (repetitions, S, S), mean payoff of a turn to the row in its match with the column
    helped : float (repetitions, S, S), share of turns in which the row cooperated
    rows   : the entrants as automata
    """

    names: tuple[str, ...]
    game: Game
    turns: int
    repetitions: int
    noise: float
    self_play: bool
    seed: int
    scores: np.ndarray
    helped: np.ndarray
    rows: Repertoire

    @cached_property
    def exact(self) -> np.ndarray:
        """float (S, S), the expectation of `scores`; worked out on first use, as it takes longer than to play."""
        return match_payoffs(
            self.rows.cooperate, self.rows.next_state, self.game.payoffs(), self.turns, execution_error=self.noise
        ) / self.turns  # fmt: skip

    @property
    def counted(self) -> np.ndarray:
        """bool (S, S): the matches that count, all but those with oneself where there is no self-play."""
        return np.ones(self.scores.shape[1:], bool) if self.self_play else ~np.eye(len(self.names), dtype=bool)

    @cached_property
    def ranking(self) -> list[Place]:
        """The entrants by sampled score, the best first; equals in the order in which they were named."""
        matches = self.counted.sum(axis=1)
        sampled = np.where(self.counted, self.scores, 0.0).sum(axis=2) / matches  # (repetitions, S)
        helped = np.where(self.counted, self.helped, 0.0).sum(axis=2) / matches
        exact = np.where(self.counted, self.exact, 0.0).sum(axis=1) / matches
        score, runs = sampled.mean(axis=0), self.repetitions
        error = sampled.std(axis=0, ddof=1) / runs**0.5 if runs > 1 else np.full(len(score), np.nan)
        order = np.argsort(-np.round(score, 12), kind="stable").tolist()
        return [
            Place(rank, self.names[s], *(float(column[s]) for column in (score, error, exact, helped.mean(axis=0))))
            for rank, s in enumerate(order, start=1)
        ]

    @property
    def text(self) -> str:
        """The ranking as lines for a terminal."""
        width = max(map(len, self.names))
        lines = [f"rank  {'strategy':<{width}}  score   95 %    exact   cooperates"]
        for place in self.ranking:
            interval = " " * 8 if math.isnan(place.error) else f"{1.96 * place.error:<8.4f}"
            lines.append(
                f"{place.rank:>4}  {place.name:<{width}}  {place.score:.4f}  {interval}{place.exact:.4f}  "
                f"{place.cooperation:.3f}"
            )
        return "\n".join(lines)

    def frame(self) -> pandas.DataFrame:
        """The ranking, one row an entrant."""
        import pandas

        return pandas.DataFrame(self.ranking)

    def matrix(self) -> pandas.DataFrame:
        """Mean payoff of a turn to the row in its match with the column, over repetitions."""
        import pandas

        return pandas.DataFrame(self.scores.mean(axis=0), index=list(self.names), columns=list(self.names))

    def plot(self) -> Figure:
        """The ranking, and who earned how much from whom."""
        return Tournament().figure(self)

    def save(self, folder: str | Path) -> list[Path]:
        """Write table, matrix, figure and provenance into a folder; the paths written."""
        return Tournament().save(self, Path(folder))


def tournament(
    strategies: Sequence[str | Strategy] | dict[str, Strategy] | None = None,
    *,
    turns: int = 200,
    repetitions: int = 10,
    noise: float = 0.0,
    self_play: bool = True,
    game: Game | None = None,
    seed: int = 0,
    report: Report | None = None,
) -> Standings:
    """A round robin: everybody plays everybody, and itself, for a fixed number of turns.

    Parameters
    ----------
    strategies : names of the field (``coop_abm.strategies.field.FIELD``), strategies, or strategies by names of
                 your own; None for the whole field
    turns, repetitions : length of a match, and how often each is played
    noise     : probability that an intended action turns into the other
    self_play : do matches with oneself count, as in Axelrod's own tournament?
    game      : any game of two actions; None for the prisoner's dilemma with payoffs 5, 3, 1, 0
    seed      : root seed; the same seed gives the same matches, whatever the number of repetitions
    report    : called with words and the share of the work that is done

    Raises
    ------
    InputError
        one line that names what cannot be used and what is permitted

    Examples
    --------
    >>> table = tournament(["tft", "alld", "allc"], turns=200, repetitions=1)
    >>> [(place.name, place.score) for place in table.ranking]
    [('alld', 2.34), ('tft', 2.3316666666666666), ('allc', 2.0)]

    References
    ----------
    Axelrod1984
    """
    field = entrants(strategies)
    whole("turns", turns, 1, 1_000_000)
    whole("repetitions", repetitions, 1, 1_000_000)
    number("noise", noise, 0, 1)
    check_seed(seed)
    if len(field) < 2 and not self_play:
        raise InputError("strategies: at least two are needed where there is no self-play; got 1")
    game = PrisonersDilemma() if game is None else game
    payoffs, size = game.payoffs(), len(field)
    pairs = np.array([(s, t) for s in range(size) for t in range(s, size)], np.int64)
    if len(pairs) * repetitions > MOST_MATCHES:
        raise InputError(
            f"repetitions: {len(pairs) * repetitions:,} matches are too many; {MOST_MATCHES:,} are permitted, "
            f"{MOST_MATCHES // len(pairs):,} repetitions of these"
        )
    rows = repertoire(tuple(field), tuple(strategy.automaton(payoffs) for strategy in field.values()))
    tally = _played(rows, pairs, turns, repetitions, noise, seed, report)
    scores, helped = np.empty((repetitions, size, size)), np.empty((repetitions, size, size))
    first, second = pairs.T
    for flat, share in ((payoffs, scores), (np.array([[1.0, 1.0], [0.0, 0.0]]), helped)):
        # A match with oneself has two sides; what counts is their mean.
        mine, yours = (tally @ side.ravel() / turns for side in (flat, flat.T))
        alone = first == second
        share[:, first, second] = np.where(alone[:, None], (mine + yours) / 2, mine).T
        share[:, second[~alone], first[~alone]] = yours[~alone].T
    return Standings(tuple(field), game, turns, repetitions, noise, self_play, seed, scores, helped, rows)


def entrants(strategies: Sequence[str | Strategy] | dict[str, Strategy] | None) -> dict[str, Strategy]:
    """The field by name.

    Raises
    ------
    InputError
        if a name is not known or given twice, or nobody is named
    """
    if strategies is None:
        return dict(FIELD)
    given: list[tuple[str, Any]]
    if isinstance(strategies, dict):
        given = [(str(name), strategy) for name, strategy in strategies.items()]
    else:
        listed = [strategies] if isinstance(strategies, (str, Strategy)) else list(strategies)
        given = [(entry, FIELD.get(entry)) if isinstance(entry, str) else (_name_of(entry), entry) for entry in listed]
    if not given:
        raise InputError("strategies: at least one is needed")
    found: dict[str, Strategy] = {}
    for name, strategy in given:
        if not isinstance(strategy, Strategy):
            raise InputError(f"strategies must be among {', '.join(FIELD)}; got {quoted(name)}")
        if name in found:
            raise InputError(f"strategies: {quoted(name)} is named twice; a dict gives each a name of its own")
        found[name] = strategy
    return found


def _name_of(entry: Any) -> str:
    for name, strategy in FIELD.items():
        if strategy == entry:
            return name
    return str(getattr(entry, "kind", entry))


def _played(
    rows: Repertoire, pairs: np.ndarray, turns: int, repetitions: int, noise: float, seed: int, report: Report | None
) -> np.ndarray:
    """int64 (P, repetitions, 4): outcomes of all matches, a second or so between two reports."""
    chance = np.ascontiguousarray(rows.cooperate[:, :, :, UNKNOWN, 0, GOOD])
    tally = np.empty((len(pairs), repetitions, 4), np.int64)
    at_once = max(1, 100_000_000 // (turns * repetitions))
    for done in range(0, len(pairs), at_once):
        some = pairs[done : done + at_once]
        if report:
            names = " and ".join(rows.names[s] for s in some[0].tolist())
            report(f"{names}, pair {done + 1:,} of {len(pairs):,}", done / len(pairs))
        base = match_bases(seed, some)
        play_matches(some, base, chance, rows.next_state, float(noise), turns, tally[done : done + at_once])
    return tally


class Options(Part):
    """What can be chosen."""

    strategies: str = knob("", "strategies", help="names with commas between; all of the field if empty")
    turns: int = knob(200, "turns", low=1, high=10_000, step=1, help="of a match")
    repetitions: int = knob(10, "repetitions", low=1, high=10_000, step=1, help="how often each match is played")
    noise: float = knob(0.0, "noise", low=0, high=1, step=0.01, help="an intended action turns into the other")
    self_play: bool = knob(True, "self-play", help="do matches with oneself count, as in Axelrod's own?")
    seed: int = knob(0, "seed", low=0, high=2**63 - 1, step=1, help="the same seed gives the same matches")


class Tournament:
    """A round robin: every strategy plays every other, and the ranking is held against exact expectation.

    Parameters are those of :func:`tournament`.
    """

    name: ClassVar[str] = "tournament"
    question: ClassVar[str] = "Who does best when everybody meets everybody?"
    options: ClassVar[type[Part]] = Options
    quick: ClassVar[Mapping[str, Any]] = {"strategies": "allc, alld, tft, gtft, wsls, grim, random", "repetitions": 3}
    columns: ClassVar[tuple[Column, ...]] = (
        Column("rank", "rank"),
        Column("name", "strategy"),
        Column("score", "score", "mean payoff of a turn over all matches, played", "ours"),
        Column("error", "error", "standard error of the score over repetitions"),
        Column("exact", "exact", "what theory expects of it", "theory"),
        Column("cooperation", "cooperates", "share of its own acts that cooperate"),
    )

    def __init__(self, strategies: Sequence[str | Strategy] | None = None, **options: Any):
        self.strategies, self.asked = strategies, options

    @classmethod
    def chosen(cls, options: Options) -> Self:
        """The experiment with these options."""
        given = options.model_dump()
        names = [name.strip() for name in given.pop("strategies").split(",") if name.strip()]
        entrants(names or None)
        return cls(names or None, **given)

    def scenarios(self) -> dict[str, Scenario]:
        """None: a tournament is no population, nobody is replaced."""
        return {}

    def measure(self, report: Report | None = None, found: Found | None = None) -> Standings:
        """Play all matches; there is no ranking before the last one."""
        return tournament(self.strategies, report=report, **self.asked)

    def table(self, results: Standings) -> list[dict[str, Any]]:
        """The ranking as rows of named cells."""
        return [place._asdict() for place in results.ranking]

    def reading(self, results: Standings) -> str:
        """What the table says, and what it does not."""
        first, size = results.ranking[0], len(results.names)
        return (
            f"{first.name} comes first with {first.score:.3f} a turn among {size} strategies. Who wins depends on who "
            "takes part, on the length of matches and on noise: another field may turn the ranking round, so this is "
            "no measure of how good a strategy is by itself. Scores within their errors of each other are a tie."
        )

    def view(self, results: Standings) -> dict[str, Any]:
        """Who earned how much from whom, the best first, for a view that is special to tournaments."""
        order = [results.names.index(place.name) for place in results.ranking]
        earned = results.scores.mean(axis=0)[np.ix_(order, order)]
        return {"names": [results.names[s] for s in order], "earned": earned.tolist()}

    def figure(self, results: Standings) -> Figure:
        """Left the ranking, with the exact expectation; right who earned how much from whom."""
        from coop_abm import figures

        places = results.ranking
        order = [results.names.index(place.name) for place in places]
        heights = np.arange(len(places))
        with figures.drawing(2, width=13, height=max(3.5, 1.9 + 0.3 * len(places))) as (figure, (left, right)):
            score = np.array([place.score for place in places])
            error = np.nan_to_num(np.array([place.error for place in places]))
            left.barh(
                heights, score, xerr=1.96 * error, color=figures.LIMIT, height=0.68, ecolor=figures.INK,
                label="sampled, 95 % interval",
            )  # fmt: skip
            left.plot(
                [place.exact for place in places], heights, "D", color=figures.THEORY, markersize=5, label="exact",
                markeredgecolor="white",
            )  # fmt: skip
            left.set_yticks(heights, [place.name for place in places])
            left.invert_yaxis()
            left.grid(axis="x")
            left.grid(visible=False, axis="y")
            left.set(xlabel="mean payoff of a turn", title="Ranking", xlim=(0, None) if score.min() >= 0 else None)
            left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)
            earned = results.scores.mean(axis=0)[np.ix_(order, order)]
            picture = right.imshow(earned, cmap="cividis", aspect="auto")
            names = [place.name for place in places]
            right.set_xticks(heights, names, rotation=90)
            right.set_yticks(heights, names)
            right.grid(visible=False)
            right.set(title="What the row earns from the column", xlabel="partner")
            figure.colorbar(picture, ax=right, label="mean payoff of a turn")
            kind = ", ".join(f"{name} {value}" for name, value in results.game if name != "kind")
            figure.suptitle(
                f"{results.turns:,} turns, {results.repetitions:,} repetitions, noise {results.noise:g}, "
                f"{'with' if results.self_play else 'without'} self-play, seed {results.seed}  ({kind})",
                fontsize=10, color=figures.MUTED,
            )  # fmt: skip
        return figure

    def save(self, results: Standings, folder: Path) -> list[Path]:
        """Write ranking, matrix, figure and provenance into a folder; the paths written."""
        from coop_abm import figures

        place = output.folder(folder)
        rows = self.table(results)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        details = {
            "strategies": list(results.names), "game": dict(results.game), "turns": results.turns,
            "repetitions": results.repetitions, "noise": results.noise, "self_play": results.self_play,
        }  # fmt: skip
        return [
            output.write_text(place / "tournament.csv", text.getvalue()),
            output.write(place / "payoffs.csv", lambda p: results.matrix().to_csv(p, lineterminator="\n")),
            output.write_json(place / "provenance.json", provenance({}, seed=results.seed, **details)),
            *figures.save(self.figure(results), place, "tournament"),
        ]
