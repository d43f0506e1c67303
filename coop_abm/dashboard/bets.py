"""What will happen? A bet before the first round, and an answer to each bet when it is over."""

from __future__ import annotations

#: What can be bet on, and what happened: whether most acts of the last rounds were to help.
BETS = {"most": "most will help", "some": "some will help", "few": "hardly anybody will help"}
#: More than this share of acts is "most"; less than the other is "few".
MOST, FEW = 2 / 3, 1 / 3
#: So many rounds at the end are looked at.
LAST = 3

_ANSWERS = {
    ("most", "most"): "You bet that most would help, and most did.",
    ("most", "some"): "You bet that most would help; in the end only some did.",
    (
        "most",
        "few",
    ): "You bet that most would help; in the end hardly anybody did. What was in it for those who did not?",
    ("some", "most"): "You bet that some would help; it went better than that, and most did.",
    ("some", "some"): "You bet that some would help, and it stayed mixed.",
    ("some", "few"): "You bet that some would help; help all but vanished.",
    ("few", "most"): "You bet that hardly anybody would help, and most did. What made it pay?",
    ("few", "some"): "You bet that hardly anybody would help; some went on helping.",
    ("few", "few"): "You bet that hardly anybody would help, and so it was.",
}


def outcome(shares: list[float]) -> str:
    """What happened, from the share of cooperative acts of each round that had any; "" of no round."""
    last = shares[-LAST:]
    if not last:
        return ""
    share = sum(last) / len(last)
    return "most" if share > MOST else "few" if share < FEW else "some"


def answer(bet: str, happened: str) -> str:
    """The answer to this bet; "" where there was none, or nothing happened."""
    return _ANSWERS.get((bet, happened), "")
