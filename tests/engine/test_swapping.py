"""Somebody else decides for one individual of a running world: nothing else changes but through what it does."""

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.core.errors import CoopError, InputError
from coop_abm.engine import checkpoint
from coop_abm.engine.swapping import refusal, resume, swapped
from coop_abm.games import Donation
from coop_abm.mechanisms import Direct, Indirect, Network
from coop_abm.norms import SternJudging
from coop_abm.policies.means import Means
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.minds import Model, Plugin, Scripted
from coop_abm.scenario.players import Players
from coop_abm.scenario.scenario import Scenario
from coop_abm.strategies import AllC, AllD, Grim, TitForTat
from coop_abm.structures import Torus
from coop_abm.updates import DeathBirth

ROUNDS, BEFORE, ROW = 9, 4, 7


def world(**changes):
    usual = Scenario(
        size=25, partners="all", clock="round", game=Donation(benefit=4.0), execution_error=0.05,
        update=DeathBirth(intensity=0.4, replacements=6),
        players=tuple(Players(share=1 / 3, strategy=kind()) for kind in (AllC, AllD, TitForTat)),
        direct=Direct(enabled=True, continuation=0.6), network=Network(enabled=True, graph=Torus(neighbours=4)),
    )  # fmt: skip
    return replace(usual, changes) if changes else usual


class Table:
    """A policy of one's own that plays what the table of the strategy says."""

    def __init__(self, scenario):
        self.rows, self.asked = scenario.repertoire(), []

    def decide(self, question):
        from coop_abm.policies.rule import TableReader

        self.asked.append(set(question.individual.tolist()))
        return TableReader(self.rows).decide(question)


class Always:
    def __init__(self, action):
        self.action = action

    def decide(self, question):
        return np.full(len(question), self.action, np.int64)


def gone_on(scenario, policy, steps=ROUNDS - BEFORE, seed=3, row=ROW):
    """(the world before, the one after the swap), the second one so many rounds later."""
    first = lab.start(scenario, seed)
    for _ in range(BEFORE):
        first.step()
    swap = swapped(first, row, Plugin(name="mine"))
    other = lab.start(swap.scenario, seed, means=Means(policies={"mine": policy(swap.scenario)}))
    resume(other, swap)
    for _ in range(steps):
        other.step()
    return first, other


def as_before(other, names):
    """The strategies of a world after a swap, whoever holds the new one shown with the strategy that it carries."""
    number = [names.index(strategy.kind) for strategy, _mind in other.play.scenario.inherited]
    return np.array(number)[other.play.state.strategy[0]]


@pytest.mark.parametrize("changes", [
    {}, {"indirect": Indirect(enabled=True, assessment=SternJudging(), visibility=0.7).model_dump()},
    {"partners": "one"}, {"update.mutation": 0.0, "direct.enabled": False},
])  # fmt: skip
def test_who_decides_as_the_table_would_changes_nothing_at_all(changes):
    scenario = world(**changes)
    first, other = gone_on(scenario, Table)
    for _ in range(ROUNDS - BEFORE):
        first.step()
    one, two = first.play, other.play
    assert two.round == one.round == ROUNDS
    assert (as_before(other, one.repertoire.names) == one.state.strategy[0]).all()
    for name in ("payoff", "standing", "alive", "group"):
        assert (getattr(one.state, name) == getattr(two.state, name)).all()
    assert (one.acts == two.acts).all()


def test_it_is_asked_from_then_on_and_nobody_else_is_at_first():
    policy = Table(world())
    gone_on(world(), lambda scenario: policy, steps=1)
    assert policy.asked and set().union(*policy.asked) == {ROW}


def test_who_decides_otherwise_changes_what_follows():
    differ = []
    for action in (0, 1):
        _first, other = gone_on(world(), lambda scenario, action=action: Always(action), steps=1)
        differ.append(other.play.state.payoff.copy())
    assert (differ[0] != differ[1]).any()


def test_the_moment_itself_is_the_one_of_the_world_before():
    first, other = gone_on(world(), Table, steps=0)
    names = first.play.repertoire.names
    assert (as_before(other, names) == first.play.state.strategy[0]).all()
    assert (other.play.state.payoff == first.play.state.payoff).all() and other.play.round == BEFORE
    assert other.play.repertoire.names == (*names, "mine")
    assert (other.play.state.strategy[0] == len(names)).nonzero()[0].tolist() == [ROW]


def test_what_others_hold_stays_when_the_only_one_declared_with_it_makes_way():
    """Grim stands on one node alone; others may have copied it, so it is not forgotten."""
    seated = (
        Players(nodes=(ROW,), strategy=Grim()),
        Players(nodes=tuple(n for n in range(25) if n != ROW), strategy=AllD()),
    )
    for players in (seated, (Players(nodes=(ROW,), strategy=Grim()), Players(share=1.0, strategy=AllD()))):
        scenario = world().model_copy(update={"players": players})
        first = lab.start(scenario, 3)
        first.step()
        first.play.state.strategy[0, :5] = 0
        swap = swapped(first, ROW, Scripted(moves="CD"))
        other = lab.start(swap.scenario, 3)
        resume(other, swap)
        held = other.play.state.strategy[0]
        assert (as_before(other, ["grim", "alld"]) == first.play.state.strategy[0]).all()
        assert other.play.repertoire.names[held[ROW]] == "script CD" and (held[:5] == 0).all()


def test_a_stand_in_plays_its_strategy_from_there(tmp_path):
    first = lab.start(world(), 3)
    for _ in range(BEFORE):
        first.step()
    swap = swapped(first, ROW, Model(model="stand-in/alld"))
    other = lab.start(swap.scenario, 3, means=Means(journal=tmp_path / "journal.sqlite"))
    resume(other, swap)
    policy, seen = other.policy, []

    class Watching:
        def decide(self, question):
            answer = policy.decide(question)
            seen.extend(np.asarray(getattr(answer, "action", answer))[question.individual == ROW].tolist())
            return answer

    other.policy = Watching()
    other.step()
    policy.close()
    assert seen and set(seen) == {1}


@pytest.mark.parametrize(("scenario", "words"), [
    (world(clock="event"), "On the event clock nobody is asked"),
    (world().model_copy(update={"players": (Players(policy=Model(model="stand-in/tft")),)}), "already"),
])  # fmt: skip
def test_where_it_cannot_be_it_is_said(scenario, words, tmp_path):
    assert words in refusal(scenario)
    running = lab.start(scenario, 1, means=Means(journal=tmp_path / "j"))
    with pytest.raises(InputError, match=words):
        swapped(running, 0, Plugin(name="mine"))
    running.close()


def test_no_such_individual_no_round_that_has_begun_and_no_other_world():
    running = lab.start(world(), 1)
    for row in (-1, 25):
        with pytest.raises(InputError, match=f"nobody lives in {row}"):
            swapped(running, row, Scripted())
    running.step()
    swap = swapped(running, 2, Scripted())
    with pytest.raises(InputError, match="does not fit its world"):
        resume(lab.start(world(size=16), 1), swap)
    other = lab.start(world(), 1)
    before = checkpoint.take(other)
    with pytest.raises(InputError, match="does not fit its world"):
        resume(other, swap)  # it has no strategy of that number
    assert checkpoint.equal(checkpoint.take(other), before)
    running.play.tell(np.zeros(len(running.play.ask()), np.int64))
    with pytest.raises(CoopError, match="in the middle of a round"):
        swapped(running, 2, Scripted())
