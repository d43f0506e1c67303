"""Meetings are known before anybody decides, and are what comes about."""

import numpy as np
import pytest

from coop_abm.engine.meetings import meetings
from coop_abm.engine.rounds import Play
from coop_abm.policies.rule import TableReader
from tests.parity.worlds import world


def rows_of(play, rounds):
    """int64 (rounds, R, N): decisions that each individual really takes, and the same of first turns alone."""
    reader = TableReader(play.repertoire)
    all_rows = np.zeros((rounds, *play.state.shape), np.int64)
    first = np.zeros_like(all_rows)
    while play.round < rounds:
        asked = play.ask()
        np.add.at(all_rows, (asked.round, asked.replicate, asked.individual), 1)
        if asked.turn == 0:
            np.add.at(first, (asked.round, asked.replicate, asked.individual), 1)
        play.tell(reader.decide(asked))
    return all_rows, first


@pytest.mark.parametrize(
    ("on", "update", "changes"),
    [
        (("direct",), "imitation", {}),
        (("direct", "network"), "death_birth", {"direct.continuation": 0.8}),
        (("direct", "kin"), "birth_death", {"kin.channel": "meeting"}),
        (("direct", "network"), "imitation", {"partners": "all"}),
        (("network", "group", "direct"), "pairwise_comparison", {}),
        ((), "wright_fisher", {}),
    ],
)
def test_meetings_are_those_that_come_about(on, update, changes):
    scenario = world(on, update, **changes)
    happened, first = rows_of(Play(scenario, 4, replicates=2, first=3), 5)
    for t, (member, turns) in enumerate(meetings(Play(scenario, 4, replicates=2, first=3), 5)):
        for k in range(2):
            foretold, met = np.zeros(12, np.int64), np.zeros(12, np.int64)
            for (i, j), count in zip(member[k].tolist(), turns[k].tolist(), strict=True):
                for who in (i, j) if count else ():
                    foretold[who] += count
                    met[who] += 1
            assert np.array_equal(foretold, happened[t, k])
            assert np.array_equal(met, first[t, k])


def test_where_groups_grow_and_split_no_encounter_has_more_turns_than_foretold():
    scenario = world(("group", "direct"), "birth_death", **{"direct.continuation": 0.7})
    play = Play(scenario, 4, replicates=2)
    happened, _first = rows_of(Play(scenario, 4, replicates=2), 20)
    most = [turns.sum(axis=1) * 2 for _member, turns in meetings(play, 20)]
    assert np.array_equal(happened[0].sum(axis=1), most[0])
    assert (happened.sum(axis=2) <= most).all()
    assert (happened.sum(axis=2) < most).any()
    assert play.round == 0 and play.ask().turn == 0
