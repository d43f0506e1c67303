"""A team tournament that runs: it asks for messages, announcements and moves, and is told them.

A round of this world is a round of a match. Before the first one of a match both may write to their team and
announce their first move, where that is on. Everything that chance decides has an address: (seed, replicate,
tournament, place of the match, purpose, round, player), so no draw is shifted by how a match went.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from coop_abm.core.errors import InputError, quoted
from coop_abm.core.question import Choices, Decision, Options, Question, Texts, Together, Words
from coop_abm.engine.team_fit import NO_FIT, fit
from coop_abm.engine.team_record import FULL, LEFT, OUT_OF_ROUNDS, Bout, Tally
from coop_abm.engine.team_view import MOVES as PAIRS
from coop_abm.engine.team_view import NOT_TOLD, TeamView
from coop_abm.engine.teams import MESSAGE, MOVES, PLEDGES, SLIPS, TEAMS, WORDS, TeamTournament

ACTIONS = ("cooperate", "defect")
#: Positions of the answers to whether one stays.
EXITS = ("leave", "stay")


class Tournament:
    """A team tournament that runs, see :class:`~coop_abm.engine.staged.Staged`."""

    def __init__(self, declared: TeamTournament, seed: int, replicate: int = 0):
        for name, value in (("seed", seed), ("replicate", replicate)):
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
                raise InputError(f"{name} must be a whole number in [0, 2^63); got {quoted(value)}")
        people = declared.people
        # Any: a staged world declares some part, and this one a part of its own.
        self.declared: Any = declared
        self.seed, self.replicate = seed, replicate
        self._open: Question | None = None
        self.round, self.over, self.texts = 0, False, Texts()
        self.agenda, self.team, self.payoffs = declared.agenda(seed, replicate), declared.team_of, declared.payoffs
        #: Where nobody is told of teams, everybody is a side of its own.
        self.side = self.team if declared.told else np.arange(people)
        self.bouts: list[Bout] = []
        self.tally = Tally(people)
        self.played, self.memo = np.zeros(people, np.int64), np.zeros(people, np.int64)
        self.payoff = np.full(people, np.nan)
        self.finals: list[dict[str, Any]] = []
        self.notes: list[tuple[int, int, int]] = []  # (round, individual, number of its new notes)
        # How often viewer i met an act of j in matches that are over: int (N, N, 2), cooperation and defection.
        self.met, self.before = (np.zeros((people, people, 2), np.int64) for _ in range(2))
        self._fitted: dict[str, float] | None = None
        self._begin()
        self._next_match()

    # ------------------------------------------------------------------------------- the agenda

    def _begin(self) -> None:
        """A new tournament: scores, budgets, messages and lies start afresh; what is known of people goes on."""
        people = self.declared.people
        self.score, self.used = np.zeros(people), np.zeros(people, np.int64)
        self.board, self.lies = np.zeros(people, np.int64), np.zeros(people, np.int64)
        self.before += self.met
        self.met = np.zeros_like(self.met)

    def _next_match(self) -> None:
        """Open the next match whose two players have rounds left; a tournament without any more is closed."""
        while len(self.bouts) < len(self.agenda):
            pairing = self.agenda[len(self.bouts)]
            if self.bouts and pairing.tournament != self.bouts[-1].pairing.tournament:
                self._close()
                self._begin()
            both = [pairing.first, pairing.second]
            bout = Bout(pairing, bool(self.team[both[0]] == self.team[both[1]]))
            self.bouts.append(bout)
            if (self.used[both] < self.declared.budget).all():
                self._draw(bout)
                self._turn_to(self._stages()[0])
                return
            bout.ended = "skipped"
        self._close()
        self.over, self._open = True, None

    def _close(self) -> None:
        """The end of a tournament: teams are ranked, and the bonus is given."""
        totals = self.totals()
        rewarded = self.declared.told and self.declared.teams > 1
        leaders = np.flatnonzero(totals == totals.max()).tolist() if rewarded else []
        final = self.score.copy()
        final[np.isin(self.team, leaders)] *= self.declared.bonus
        self.finals.append({
            "scores": self.score.tolist(), "final": final.tolist(), "teams": totals.tolist(),
            "leaders": leaders,
        })  # fmt: skip

    def totals(self) -> np.ndarray:
        """float (T,): points of each team in this tournament."""
        return np.bincount(self.team, weights=self.score, minlength=self.declared.teams)

    def _draw(self, bout: Bout) -> None:
        """All chance of a match, which follows from its address alone."""
        at = (TEAMS, self.replicate, bout.pairing.tournament, bout.pairing.place)

        def numbers(purpose: int, *shape: int) -> np.ndarray:
            source = np.random.SeedSequence(self.seed, spawn_key=(*at, purpose))
            return np.random.Generator(np.random.Philox(source)).random(shape)

        length = self.declared.length
        self._chance = {"act": numbers(MOVES, length, 2)}
        if self.declared.slips:
            self._slips = numbers(SLIPS, length, 2) < self.declared.slips
        for stage, purpose in (("talk", WORDS), ("pledge", PLEDGES)):
            if stage in self._stages():
                self._chance[stage] = numbers(purpose, 1, 2)

    def _stages(self) -> tuple[str, ...]:
        """What is asked before the first round of a match, and then round by round."""
        talk = self.declared.chat and self.declared.told
        return ("talk",) * talk + ("pledge",) * self.declared.pledges + ("act",)

    # ------------------------------------------------------------------------------- the question

    def ask(self) -> Question | None:
        """The question to the two players of the match; None when all matches are over."""
        if self._open is None and not self.over:
            self._open = self._question()
        return self._open

    def _turn_to(self, stage: str) -> None:
        self._stage, self._open = stage, None

    def _choices(self) -> Choices:
        if self._stage == "talk":
            return Words(MESSAGE, self.texts)
        if self._stage == "pledge":
            return Options(ACTIONS)
        stay = (("stay", Options(EXITS)),) if self.declared.exit else ()
        return Together((("action", Options(ACTIONS)), *stay))

    def _question(self) -> Question:
        bout = self.bouts[-1]
        who = np.array([bout.pairing.first, bout.pairing.second])
        turn = len(bout.moves)
        known = self._knows(bout)
        return Question(
            self._stage, self.round, turn, np.full(2, self.replicate), who, np.where(known, who[::-1], NOT_TOLD),
            self._view(bout, who, known), self._choices(), self._chance[self._stage][turn], np.arange(2), self.texts,
        )  # fmt: skip

    def _knows(self, bout: Bout) -> bool:
        """Do the two know whom they face? It is the same for both."""
        if bout.moves or self.declared.unknown == "nobody":
            return True
        return self.declared.unknown == "rivals" and self.declared.told and bout.mates

    def _view(self, bout: Bout, who: np.ndarray, known: bool) -> TeamView:
        declared, told = self.declared, self.declared.told
        other, hidden = who[::-1], np.full(2, NOT_TOLD)
        totals = self.totals()
        shown = np.tile(totals, (2, 1))
        if not told or declared.scores == "own":
            shown[:, :] = np.nan
        if told:
            shown[[0, 1], self.team[who]] = totals[self.team[who]]
        rank = 1 + (totals > totals[self.team[who]][:, None]).sum(axis=1)
        outcomes = np.zeros((2, declared.length), np.int8)
        for t, (first, second) in enumerate(bout.moves):
            outcomes[:, t] = 1 + PAIRS.index((first, second)), 1 + PAIRS.index((second, first))
        pledges = np.array(bout.pledges) if self._stage == "act" else hidden
        limited = declared.pledges and declared.deception >= 0
        left = np.maximum(declared.deception - self.lies[who], 0) if limited else hidden
        return TeamView(
            team=self.team[who] if told else hidden,
            members=np.full(2, declared.size) if told else hidden,
            rank=rank if told else hidden,
            totals=shown,
            score=self.score[who],
            used=self.used[who],
            length=np.full(2, len(bout.moves)),
            opponent=other if known else hidden,
            mate=np.full(2, int(bout.mates)) if known and told else hidden,
            outcomes=outcomes,
            record=self._acts(self.met, declared.history, who, known),
            fame=self._acts(self.before, declared.reputation, who, known),
            board=self._board(who),
            pledge=pledges,
            heard=pledges[::-1],
            lies=left,
            payoff=self.payoff[who],
            memo=self.memo[who],
            played=self.played[who],
            draft=np.zeros(2, np.int64),
            critique=np.zeros(2, np.int64),
        )

    def _acts(self, met: np.ndarray, whose: str, who: np.ndarray, known: bool) -> np.ndarray:
        """int64 (2, 2): acts of the opponent as oneself, the own side or anybody met them; -1 where not told."""
        if whose == "none" or not known:
            return np.full((2, 2), NOT_TOLD)
        found = []
        for own, other in zip(who.tolist(), who[::-1].tolist(), strict=True):
            viewers = {"own": [own], "team": self.side == self.side[own], "public": slice(None)}[whose]
            found.append(met[viewers, other].sum(axis=0))
        return np.array(found)

    def _board(self, who: np.ndarray) -> np.ndarray:
        if not self.declared.chat or not self.declared.told:
            return np.zeros((2, self.declared.size), np.int64)
        return np.array([self.board[self.team == self.team[i]] for i in who.tolist()])

    # ------------------------------------------------------------------------------- the answer

    def tell(self, answers: np.ndarray | Decision) -> None:
        """Take the answers of both players.

        Raises
        ------
        PolicyError
            if an answer is not permitted; the question stays open and nothing has changed
        """
        question = self.ask()
        if question is None:
            raise InputError("tell: the tournament is over, and nothing is asked")
        given = question.choices.validate(answers.action if isinstance(answers, Decision) else answers, 2)
        if isinstance(answers, Decision):
            self._note(question, np.asarray(answers.memo))
        bout, stages = self.bouts[-1], self._stages()
        if self._stage == "act":
            self._play(bout, given)
            return
        if self._stage == "talk":
            bout.said = given.tolist()
            self.board[question.individual] = given
        else:
            bout.pledges = given.tolist()
        self._turn_to(stages[stages.index(self._stage) + 1])

    def _note(self, question: Question, memo: np.ndarray) -> None:
        for who, number in zip(question.individual.tolist(), memo.tolist(), strict=True):
            if number >= 0:
                self.memo[who] = number
                self.notes.append((self.round, who, number))

    def _play(self, bout: Bout, given: np.ndarray) -> None:
        """One round: announcements bind where no more lies are permitted, moves may slip, points are given."""
        declared, both = self.declared, [bout.pairing.first, bout.pairing.second]
        chosen = given["action"].tolist()
        if not bout.moves and declared.pledges:
            chosen = [self._held(bout, side, move) for side, move in enumerate(chosen)]
        moves = chosen
        if declared.slips:
            slips = self._slips[len(bout.moves)].tolist()
            moves = [1 - move if slip else move for move, slip in zip(chosen, slips, strict=True)]
        stays = given["stay"].tolist() if declared.exit else [1, 1]
        first, second = moves
        gains = (float(self.payoffs[first, second]), float(self.payoffs[second, first]))
        bout.moves.append((first, second))
        bout.chosen.append((chosen[0], chosen[1]))
        bout.stays.append((stays[0], stays[1]))
        for side, who in enumerate(both):
            bout.scores[side] += gains[side]
            self.score[who] += gains[side]
            self.payoff[who] = gains[side]
        self.used[both] += 1
        self.played[both] += 1
        self.tally.add_round(bout, gains, late=2 * len(self.bouts) > len(self.agenda))
        self.round += 1
        self._after(bout, stays)

    def _held(self, bout: Bout, side: int, move: int) -> int:
        """The first move that counts: another than the announced one is a lie, and no more lies than are permitted."""
        who = (bout.pairing.first, bout.pairing.second)[side]
        if move == bout.pledges[side]:
            return move
        if 0 <= self.declared.deception <= self.lies[who]:
            bout.bound[side] = True
            return bout.pledges[side]
        bout.lied[side] = True
        self.lies[who] += 1
        return move

    def _after(self, bout: Bout, stays: list[int]) -> None:
        """Does the match go on? Whoever leaves has played this round."""
        both = [bout.pairing.first, bout.pairing.second]
        if not all(stays):
            bout.ended = LEFT
        elif len(bout.moves) >= self.declared.length:
            bout.ended = FULL
        elif (self.used[both] >= self.declared.budget).any():
            bout.ended = OUT_OF_ROUNDS
        if not bout.ended:
            self._turn_to("act")
            return
        for moves in bout.moves:  # a record is of earlier matches, so this one joins it when it is over
            for side, who in enumerate(both):
                self.met[who, both[1 - side], moves[1 - side]] += 1
        self.tally.add_match(bout)
        self._next_match()

    # ------------------------------------------------------------------------------- what is told of it

    def measures(self) -> Mapping[str, float]:
        """Measures so far, by name.

        score  : points of a player in the last tournament that is over, with the bonus
        margin : how far its leading team was ahead of the next one, without the bonus
        fit_X  : share of the strategy X among those that fit best what was done, fit_noise their rate of slips; NaN
                 until all is over
        The others are those of :meth:`~coop_abm.engine.team_record.Tally.measures`.
        """
        return self.tally.measures() | self._fit() | self._spoils()

    def _fit(self) -> dict[str, float]:
        """Which strategies fit what was done; worked out once, when all is over."""
        if self._fitted is None:
            if not self.over:
                return NO_FIT
            self._fitted = fit(self.tally.agreed, self.tally.played)
        return self._fitted

    def _spoils(self) -> dict[str, float]:
        if not self.finals:
            return {"score": float("nan"), "margin": float("nan")}
        teams = sorted(self.finals[-1]["teams"])
        return {
            "score": float(np.mean(self.finals[-1]["final"])),
            "margin": float(teams[-1] - teams[-2]) if len(teams) > 1 else float("nan"),
        }

    def story(self) -> dict[str, Any]:
        """All that happened so far as plain values."""
        return {
            "condition": self.declared.condition,
            "teams": self.team.tolist(),
            "payoffs": self.payoffs.tolist(),
            "matches": [self._told(bout) for bout in self.bouts],
            "finals": self.finals,
            "notes": [
                {"round": when, "individual": who, **json.loads(self.texts[number] or "{}")}
                for when, who, number in self.notes
            ],
        }

    def _told(self, bout: Bout) -> dict[str, Any]:
        tournament, place, first, second = bout.pairing
        return {
            "tournament": tournament, "place": place, "players": [first, second], "mates": bout.mates,
            "moves": ["".join("CD"[pair[side]] for pair in bout.moves) for side in (0, 1)],
            "chosen": ["".join("CD"[pair[side]] for pair in bout.chosen) for side in (0, 1)],
            "left": [who for side, who in enumerate((first, second)) if bout.stays and not bout.stays[-1][side]],
            "announced": ["CD"[move] if move >= 0 else "" for move in bout.pledges], "lied": list(bout.lied),
            "bound": list(bout.bound), "said": [self.texts[number] for number in bout.said],
            "ended": bout.ended, "scores": list(bout.scores),
        }  # fmt: skip
