"""What language models were asked in a run, what they cost, and how often they gave no answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from coop_abm.policies.cast import Cast
from coop_abm.policies.roster import Roster
from coop_abm.policies.tally import Count
from coop_abm.scenario.minds import STAND_IN, spelled_out


class MindsReport(NamedTuple):
    """What stands beside every result of a run in which language models decided.

    by_model : decisions, repairs and fallbacks of each model
    answered : the ids under which models answered
    sent     : requests that were sent in this run
    replayed : replies that were read from the journal instead
    unknown  : requests of which nobody knows whether they were paid for
    input_tokens, output_tokens, money : what this run spent, the last in US dollars
    journal, run : where the transcript is: the file, and the name of the run in it
    """

    by_model: dict[str, Count]
    answered: tuple[str, ...]
    sent: int
    replayed: int
    unknown: int
    input_tokens: int
    output_tokens: int
    money: float
    journal: str
    run: str

    @property
    def in_short(self) -> str:
        """Who played and how often it gave no answer, in one line."""
        return "; ".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The same, a line for each model."""
        return [
            f"{spelled_out(model)}: {count.decisions:,} decisions, {count.repaired:,} repaired, "
            f"{count.fallbacks:,} fallbacks ({share(count):.1%})"
            for model, count in self.by_model.items()
        ]

    @property
    def cost(self) -> str:
        """What was sent and spent, in one line."""
        return (
            f"{self.sent:,} requests sent, {self.replayed:,} replies read from the journal; {self.input_tokens:,} + "
            f"{self.output_tokens:,} tokens, {self.money:.6g} US dollars"
            + (f"; {self.unknown:,} requests may have been paid for without a reply" if self.unknown else "")
        )

    def tree(self) -> dict[str, Any]:
        """Plain values for the record of where a result came from."""
        by_model = {
            model: {**count._asdict(), "share_of_fallbacks": share(count), "stand_in": model.startswith(STAND_IN)}
            for model, count in self.by_model.items()
        }
        return {**self._asdict(), "by_model": by_model}


def share(count: Count) -> float:
    """Share of fallbacks among decisions."""
    return count.fallbacks / count.decisions if count.decisions else 0.0


def report(roster: Roster | Cast) -> MindsReport:
    """What came of asking so far."""
    client = roster.line.opened
    if client is None:
        return MindsReport({}, (), 0, 0, 0, 0, 0, 0.0, "", roster.run)
    told = client.tally
    return MindsReport(
        dict(roster.replies.by_model), told.models, told.sent, told.replayed, told.unknown, told.input_tokens,
        told.output_tokens, float(told.money), roster.line.journal, roster.run,
    )  # fmt: skip
