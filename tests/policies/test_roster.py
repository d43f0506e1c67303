"""Who decides for whom: mixed populations, human seats, and the words by which a scenario names them."""

import numpy as np
import pytest

from coop_abm import lab
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.core.question import Decision
from coop_abm.engine.rounds import run
from coop_abm.mechanisms import Direct
from coop_abm.policies.rule import TableReader
from coop_abm.policies.scripted import recite
from coop_abm.scenario.files import dumps, load
from coop_abm.scenario.minds import KINDS, Http, Human, Model, Plugin, Scripted, Table, Team
from coop_abm.scenario.players import Players
from coop_abm.strategies import AllC, AllD, TitForTat
from coop_abm.updates import BirthDeath, ImitateTheBest
from tests.policies.worlds import Noting, begun, plugged, tables, world


def mixed(**rules):
    return world(
        tables(share=0.25),
        Players(share=0.25, strategy=AllD(), policy=Scripted(moves="CD")),
        plugged(share=0.25),
        Players(share=0.25, strategy=AllD(), policy=Team(inner=Plugin(name="planner"), every=1)),
        size=16, **{"direct": Direct(enabled=True, continuation=0.8), **rules},
    )  # fmt: skip


# ------------------------------------------------------------------------------------- mixed populations


def test_each_row_is_answered_by_its_own_policy_in_the_order_of_rows():
    mine, planner = Noting(lambda view: view.individual % 2), Noting(lambda view: (view.individual + 1) % 2, "my plan")
    play, policy = begun(mixed(), mine=mine, planner=planner)
    rows = np.zeros(4, np.int64)
    for _ in range(12):
        question = play.ask()
        answer = policy.decide(question)
        actions = answer.action if isinstance(answer, Decision) else answer
        kind = question.view.strategy
        table, script, plugin, team = (np.flatnonzero(kind == s) for s in range(4))
        rows += np.bincount(kind, minlength=4)
        told = TableReader(play.repertoire).decide(question)
        assert actions[table].tolist() == told[table].tolist()
        assert actions[script].tolist() == recite(question.of(script), [Scripted(moves="CD")] * len(script)).tolist()
        assert actions[plugin].tolist() == (question.individual[plugin] % 2).tolist()
        assert actions[team].tolist() == ((question.individual[team] + 1) % 2).tolist()
        play.tell(answer)
    assert (rows > 5).all()


def test_a_policy_is_asked_for_its_own_rows_and_in_their_order():
    mine = Noting()
    play, policy = begun(mixed(), mine=mine, planner=Noting(words="plan"))
    question = play.ask()
    policy.decide(question)
    own = np.flatnonzero(question.view.strategy == 2)
    assert [(v.individual, v.partner) for v in mine.seen] == list(
        zip(question.individual[own].tolist(), question.partner[own].tolist(), strict=True)
    )


def test_two_entries_with_one_plugin_are_asked_in_one_batch():
    sizes = []

    class Whole:
        def decide(self, question):
            sizes.append(len(question))
            return np.zeros(len(question), np.int64)

    entries = (plugged(share=0.5), Players(share=0.5, strategy=AllD(), policy=Plugin(name="mine")))
    play, policy = begun(world(*entries), mine=Whole())
    question = play.ask()
    policy.decide(question)
    assert sizes == [len(question)] and play.repertoire.names == ("mine_1", "mine_2")


def test_a_mixed_run_is_the_same_in_a_block_of_replicates():
    def decide(view):
        return "cooperate" if view.draw < 0.5 else "defect"

    block, together = begun(mixed(), replicates=3, mine=decide, planner=Noting(decide, "plan"))
    run(block, together, 3)
    for k in range(3):
        from coop_abm.engine.rounds import Play
        from coop_abm.policies.means import Means
        from coop_abm.policies.roster import roster

        alone = Play(mixed(), 1, first=k)
        means = Means(policies={"mine": decide, "planner": Noting(decide, "plan")})
        run(alone, roster(mixed(), alone.repertoire, alone.answers, seed=1, first=k, means=means), 3)
        assert alone.state.strategy[0].tolist() == block.state.strategy[k].tolist()
        assert alone.state.payoff[0].tolist() == block.state.payoff[k].tolist()


def test_tables_beside_a_plugin_that_reads_their_table_play_the_world_of_tables():
    """A plugin that plays tit-for-tat by what it sees goes the way of the rule, bit for bit."""

    def tit_for_tat(view):
        return view.history[-1][1] if view.history else "cooperate"

    rules = {"direct": Direct(enabled=True, continuation=0.8), "execution_error": 0.05, "size": 20}
    ruled = world(tables(share=0.5), Players(share=0.5, strategy=AllD()), **rules)
    asked = world(
        Players(share=0.5, strategy=TitForTat(), policy=Plugin(name="mine")),
        Players(share=0.5, strategy=AllD()),
        **rules,
    )
    one, reader = begun(ruled, seed=5)
    other, policy = begun(asked, seed=5, mine=tit_for_tat)
    run(one, reader, 12)
    run(other, policy, 12)
    assert one.state.strategy.tolist() == other.state.strategy.tolist()
    assert one.state.payoff.tolist() == other.state.payoff.tolist()


def test_a_world_of_tables_is_read_and_nobody_is_asked():
    _play, policy = begun(world(tables(share=1.0)))
    assert isinstance(policy, TableReader)


# ------------------------------------------------------------------------------------- a human's seat


def seat(node=3, strategy=None):
    return Players(nodes=(node,), strategy=strategy or AllD(), policy=Human())


def test_a_human_keeps_deciding_whatever_its_row_inherits():
    asked = Noting("cooperate")
    declared = world(seat(strategy=AllC()), Players(share=1.0, strategy=AllD()), update=ImitateTheBest())
    play, policy = begun(declared, human=asked)
    inherited = {int(play.state.strategy[0, 3])}
    for r in range(8):
        run(play, policy, r + 1)
        inherited.add(int(play.state.strategy[0, 3]))
    assert {view.individual for view in asked.seen} == {3}
    assert {view.round for view in asked.seen} == set(range(8))
    assert len(inherited) == 2  # it did take up the others' strategy, and was asked all the same


def test_others_copy_the_strategy_of_a_seat_and_its_table_decides_for_them():
    asked = Noting("defect")
    declared = world(seat(), Players(share=1.0, strategy=AllC()), update=BirthDeath(intensity=1.0, replacements=8))
    play, policy = begun(declared, human=asked)
    assert play.repertoire.names == ("alld", "allc")
    run(play, policy, 8)
    holders = np.flatnonzero(play.state.strategy[0] == 0)
    assert len(holders) > 1  # the strategy of the seat spread
    assert {view.individual for view in asked.seen} == {3}


def test_two_seats_of_one_entry_are_asked_each_for_itself():
    asked = Noting("cooperate")
    declared = world(Players(nodes=(1, 6), strategy=AllD(), policy=Human()), tables(share=1.0))
    play, policy = begun(declared, human=asked)
    run(play, policy, 2)
    assert {view.individual for view in asked.seen} == {1, 6}


def test_a_planning_human_keeps_its_seat_and_its_plan():
    asked = Noting("cooperate", words=lambda view: f"{view.stage} {view.played}")
    declared = world(
        Players(nodes=(3,), strategy=AllD(), policy=Team(inner=Human(), every=1, critiques=0)),
        Players(share=1.0, strategy=AllC()),
        update=ImitateTheBest(),
    )
    play, policy = begun(declared, human=asked)
    run(play, policy, 5)
    assert {view.individual for view in asked.seen} == {3}
    assert all(view.memo.startswith("plan ") for view in asked.at("act") if view.played)


def test_a_world_with_a_human_needs_somebody_to_ask():
    with pytest.raises(ScenarioError, match="a human must be there to decide"):
        begun(world(seat(), tables(share=1.0)))


# ------------------------------------------------------------------------------------- shares and nodes


def test_shares_and_nodes_say_who_starts_where():
    declared = world(
        tables(share=0.75), plugged(share=0.25), Players(nodes=(0, 9), strategy=AllD(), policy=Scripted()), size=10
    )
    assert declared.starting_counts().tolist() == [6, 2, 2]
    play, _policy = begun(declared, seed=3, mine=Noting())
    strategy = play.state.strategy[0]
    assert strategy[[0, 9]].tolist() == [2, 2]
    assert np.bincount(strategy, minlength=3).tolist() == [6, 2, 2]


def test_names_in_results_say_who_decides():
    declared = world(
        tables(share=0.2), Players(share=0.2, policy=Model(model="stand-in/tft")), plugged(share=0.2),
        Players(share=0.2, policy=Scripted(moves="CD")), Players(share=0.2, policy=Team(inner=Plugin(name="mine"))),
        size=10,
    )  # fmt: skip
    assert declared.repertoire().names == ("tft", "stand-in/tft", "mine", "script CD", "mine planning")


# ------------------------------------------------------------------------------------- refused in one line


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"policy": "oracle"}, "players.1.policy.kind must be one of table, model"),
        ({"policy": "human"}, "players.1: nodes: must name the nodes on which the human sits"),
        ({"policy": "human", "nodes": [12]}, r"players.nodes: must be in \[0, 9\]; got 12"),
        ({"policy": "human", "nodes": [3, 3]}, "every node can be given once"),
        ({"policy": "scripted", "moves": "CDX"}, "players.1.policy.moves: must be a text of C and D; got 'CDX'"),
        ({"policy": "scripted", "moves": ""}, "must be a text of C and D"),
        ({"policy": "plugin", "name": "a b"}, "players.1.policy.name: must be letters"),
        ({"policy": "http", "url": "ftp://x"}, "players.1.policy.url: must be an http:// or https:// address"),
        ({"policy": "http", "url": "http://me:secret@x/"}, "without user name or password"),
        ({"policy": "team", "inner": {"kind": "team"}}, "players.1.policy.inner.kind must be one of"),
        ({"policy": "team", "every": 0}, r"players.1.policy.every must be a whole number in \[1, 10,000\]; got 0"),
        ({"policy": "model", "model": "a b"}, "players.1.policy.model: must be the name of a model"),
        ({"policy": "model", "moves": "CD"}, "moves: no such knob"),
        ({"policy": {"kind": "scripted"}, "moves": "CD"}, "moves: no such knob"),
        ({"policy": "table", "share": 0.7}, "the shares must add up to 1; got 1.2"),
    ],
)  # fmt: skip
def test_what_a_scenario_cannot_mean_is_refused_in_one_line(entry, words):
    share = 1.0 if "nodes" in entry else 0.5
    entries = ({"share": share, "strategy": "tft"}, {"share": 0.5, "strategy": "alld", **entry})
    with pytest.raises(ScenarioError, match=words) as refused:
        lab.world("all_five", size=10, group__enabled=False, players=entries)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400
    assert "secret" not in str(refused.value)


def test_a_plugin_that_is_not_handed_over_is_named():
    with pytest.raises(InputError, match="the scenario names 'mine', which must be handed over; given: yours"):
        begun(world(plugged(share=1.0)), yours=Noting())


def test_others_than_tables_are_refused_on_the_event_clock():
    with pytest.raises(ScenarioError, match=r"must be table on the event clock.*got scripted"):
        lab.world("kin", players=({"share": 1.0, "policy": "scripted"},))


# ------------------------------------------------------------------------------------- spelled in files


EVERY = (
    Table(), Model(model="openai/gpt-4o-mini", language="fr", temperature=0.5, fallback="defect"), Human(),
    Scripted(moves="CCD"), Http(url="http://127.0.0.1:1/decide", timeout=2.5), Plugin(name="a.b-c_d"),
    Team(inner=Scripted(moves="D"), every=3, critiques=0, limit=50), Team(inner=Human()),
)  # fmt: skip


def test_every_kind_of_mind_is_in_the_list():
    assert {type(mind) for mind in EVERY} == set(KINDS)


@pytest.mark.parametrize("mind", EVERY, ids=lambda mind: mind.label("s"))
def test_a_mind_survives_a_file(mind, tmp_path):
    declared = world(Players(nodes=(2,), policy=mind), tables(share=1.0))
    file = tmp_path / "world.toml"
    file.write_text(dumps(declared), encoding="utf-8")
    assert load(file) == declared


def test_knobs_of_a_policy_may_stand_beside_its_name(tmp_path):
    file = tmp_path / "world.toml"
    file.write_text(
        """
        size = 10
        talk = "first"
        players = [
          {share = 0.7, policy = "table", strategy = "tft"},
          {share = 0.2, policy = "model", model = "ollama/qwen3:14b", language = "de"},
          {share = 0.1, policy = "scripted", moves = "CD", strategy = {kind = "gtft"}},
          {nodes = [4], policy = "team", inner = "human", every = 2},
          {nodes = [5], policy = {kind = "plugin", name = "mine"}},
        ]
        """,
        encoding="utf-8",
    )
    players = load(file).players
    assert [entry.policy for entry in players] == [
        Table(), Model(model="ollama/qwen3:14b", language="de"), Scripted(moves="CD"), Team(inner=Human(), every=2),
        Plugin(name="mine"),
    ]  # fmt: skip


def test_a_knob_of_a_policy_is_set_by_its_flat_name():
    base = world(tables(share=0.5), Players(share=0.5, policy=Model(model="stand-in/tft", temperature=0.25)))
    changed = lab.world(base, **{"players.1.policy.model": "ollama/llama3", "players__1__policy__language": "vi"})
    assert changed.players[1].policy == Model(model="ollama/llama3", temperature=0.25, language="vi")
    inner = lab.world(base, **{"players.1.policy": Team(), "players.1.policy.inner.model": "openai/x"})
    assert inner.players[1].policy == Team(inner=Model(model="openai/x"))


def test_the_kind_of_a_policy_is_changed_by_its_name():
    base = world(tables(share=0.5), Players(share=0.5, policy=Scripted(moves="D")))
    assert lab.world(base, **{"players.1.policy": "model"}).players[1].policy == Model()


def test_a_knob_that_a_policy_does_not_have_is_refused_with_those_it_has():
    base = world(tables(share=0.5), Players(share=0.5, policy=Scripted(moves="D")))
    with pytest.raises(ScenarioError, match=r"players.1.policy.model: no such knob.*players.1.policy.moves"):
        lab.world(base, **{"players.1.policy.model": "x"})
    with pytest.raises(ScenarioError, match="there are 2 entries, counted from 0"):
        lab.world(base, **{"players.7.policy.moves": "C"})
