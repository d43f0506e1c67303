"""Players that follow a script: one move for each turn of their own."""

import numpy as np
import pytest

from coop_abm.engine.rounds import run
from coop_abm.mechanisms import Direct, Network
from coop_abm.policies.scripted import recite
from coop_abm.scenario.minds import Scripted
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD
from coop_abm.structures import Ring
from coop_abm.updates import BirthDeath
from tests.policies.worlds import Noting, begun, plugged, tables, world

#: Nobody is replaced in these worlds but by chance, of which there is none: one birth, and it is a copy of an equal.
STILL = {"partners": "all", "network": Network(enabled=True, graph=Ring(degree=2))}


def script(moves, **entry):
    return Players(strategy=AllC(), policy=Scripted(moves=moves), **entry)


def moves_of(play, policy, rounds):
    """{individual: its moves in the order of rows} over some rounds of one population."""
    done: dict[int, str] = {}
    while play.round < rounds:
        question = play.ask()
        answer = policy.decide(question)
        for who, action in zip(question.individual.tolist(), np.asarray(answer).tolist(), strict=True):
            done[who] = done.get(who, "") + "CD"[action]
        play.tell(answer)
    return done


@pytest.mark.parametrize("moves", ["C", "D", "CD", "CCD", "DDDC"])
def test_each_player_goes_through_its_script_and_starts_again_at_its_end(moves):
    play, policy = begun(world(script(moves, share=1.0), size=6, **STILL))
    done = moves_of(play, policy, 5)
    for heard in done.values():
        assert heard == (moves * len(heard))[: len(heard)]
        assert len(heard) == 2 * 5  # two neighbours, five rounds


def test_a_script_counts_own_turns_over_all_encounters():
    declared = world(script("CCDDD", share=1.0), size=10, direct=Direct(enabled=True, continuation=0.7))
    play, policy = begun(declared)
    done: dict[int, int] = {}
    while play.round < 4:
        question = play.ask()
        answer = policy.decide(question)
        assert question.view.played.tolist() == [done.get(who, 0) for who in question.individual.tolist()]
        for who in question.individual.tolist():
            done[who] = done.get(who, 0) + 1
        play.tell(answer)
        if play.round != question.round:
            done = {who: count for who, count in done.items() if play.state.played[0, who] == count}
    assert len(set(done.values())) > 1  # some were sought more often


def test_a_newborn_starts_its_script_at_the_front():
    declared = world(
        script("CDDDDDDDDDDDDDDDDDDD", share=1.0), size=8, update=BirthDeath(intensity=0.0, replacements=4)
    )
    play, policy = begun(declared, seed=2)
    run(play, policy, 3)
    fresh = np.flatnonzero(play.state.played[0] == 0)
    assert 0 < len(fresh) < 8
    question = play.ask()
    actions = policy.decide(question)
    first = {}
    for who, action in zip(question.individual.tolist(), actions.tolist(), strict=True):
        first.setdefault(who, action)
    assert all(first[who] == 0 for who in fresh.tolist())
    assert all(action == 1 for who, action in first.items() if who not in fresh)


def test_a_script_goes_on_in_both_copies_of_a_world():
    play, policy = begun(world(script("CDCCDD", share=1.0), size=6, **STILL))
    run(play, policy, 2)
    twins = play.branch(2)
    question = twins.ask()
    both = policy.decide(question)
    assert both[question.replicate == 0].tolist() == both[question.replicate == 1].tolist()
    assert both[question.replicate == 0].tolist() == policy.decide(play.ask()).tolist()


def test_scripts_of_one_question_do_not_mix():
    entries = (
        script("D", nodes=(0,)),
        Players(strategy=AllD(), policy=Scripted(moves="C"), nodes=(1,)),
        tables(share=1.0),
    )
    play, policy = begun(world(*entries, size=6))
    question = play.ask()
    actions = policy.decide(question)
    assert set(actions[question.individual == 0].tolist()) == {1}
    assert set(actions[question.individual == 1].tolist()) == {0}


def test_a_script_says_nothing_where_partners_talk():
    noting = Noting("cooperate", words="hello")
    declared = world(script("DC", share=0.5), plugged(share=0.5), talk="always", size=12)
    play, policy = begun(declared, mine=noting)
    question = play.ask()
    assert question.stage == "talk"
    scripted = question.view.strategy == 0
    answer = policy.decide(question)
    assert (answer[scripted] == 0).all() and (answer[~scripted] > 0).all()
    run(play, policy, 1)
    heard = {(view.partner in set(question.individual[scripted].tolist()), view.said) for view in noting.at("act")}
    assert heard <= {(True, ""), (False, "hello")} and len(heard) == 2


def test_talking_takes_no_move_of_the_script():
    play, policy = begun(world(script("CD", share=1.0), size=4, talk="always", direct=Direct(enabled=True)))
    play.tell(policy.decide(play.ask()))
    question = play.ask()
    assert question.stage == "act" and (question.view.played == 0).all()
    first = {who: q for q, who in reversed(list(enumerate(question.individual.tolist())))}
    actions = recite(question, [Scripted(moves="CD")] * len(question))
    assert all(actions[q] == 0 for q in first.values())
