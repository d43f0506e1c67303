"""Moments of team tournaments, for tests of the dialect."""

from hypothesis import strategies as st

from coop_abm.llm.dialects.teams import WRITTEN, TeamFacts
from coop_abm.llm.quoting import LONGEST
from tests.llm import prompting

counts = st.tuples(st.integers(0, 99), st.integers(0, 99))
actions = st.integers(0, 1)
numbers = st.floats(-1e6, 1e6)


@st.composite
def moments(draw):
    """Facts of a team tournament, and a manner in which they can be said."""
    told, pledges, known = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    stage = draw(st.sampled_from(["act", "pledge", *WRITTEN]))
    teams, size = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    record_of, fame_of = (
        draw(st.sampled_from([None, "own", "team", "public"])),
        draw(st.sampled_from([None, "own", "team", "public"])),
    )
    maybe = st.none() | prompting.texts
    facts = TeamFacts(
        stage, ((3.0, -1.0), (5.0, 0.0)), draw(st.integers(1, 50)), draw(st.integers(1, 500)), draw(st.integers(0, 80)),
        draw(st.integers(0, 49)), draw(st.integers(0, 500)), draw(numbers) + 0.0,
        draw(st.sampled_from(["team", "both"])) if told else "self",
        exit=draw(st.booleans()), meets=draw(st.sampled_from([None, "all", "between", "within"])),
        meetings=draw(st.none() | st.integers(2, 9)), tournaments=draw(st.none() | st.integers(2, 9)),
        teams=teams if told else None, size=size if told else None, bonus=draw(st.floats(0, 9)) if told else None,
        unknown=draw(st.sampled_from(["everybody", "rivals", "nobody"])), slips=draw(st.none() | st.floats(0, 1)),
        chat=draw(st.booleans()), pledges=pledges,
        deception=draw(st.none() | st.integers(0, 9)) if pledges else None,
        team=draw(st.integers(0, 8)) if told else None, rank=draw(st.integers(1, 9)) if told else None,
        totals=tuple(draw(st.lists(st.tuples(st.integers(0, 8), numbers.map(lambda x: x + 0.0)), min_size=1,
                                   max_size=3))) if told else None,
        partner=draw(st.integers(0, 80)) if known else None, mate=draw(st.booleans()) if known and told else None,
        record_of=record_of, record=draw(counts) if record_of else None,
        fame_of=fame_of, fame=draw(counts) if fame_of else None,
        history=tuple(draw(st.lists(st.tuples(actions, actions), max_size=5))),
        board=tuple(draw(st.lists(st.tuples(st.integers(0, 80), prompting.texts), max_size=2))),
        pledge=draw(st.none() | actions), heard=draw(st.none() | actions), lies=draw(st.none() | st.integers(0, 9)),
        memo=draw(maybe), draft=draw(maybe), critique=draw(maybe),
        limit=draw(st.none() | st.integers(0, LONGEST)) if stage in WRITTEN else None,
    )  # fmt: skip
    return facts, draw(prompting.manners())
