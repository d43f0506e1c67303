"""Who did what in which round: played again, it is the run that was; and what one cell tells is what happened."""

import json
import threading

import numpy as np
import pytest

import coop_abm
from coop_abm.core.errors import CallFailed, InputError, NotRecorded
from coop_abm.dashboard import stories, tales
from coop_abm.dashboard.acts import CACHED, FALLBACK, MODEL, NOTHING, PARTS, REPAIRED, SLIPPED, Wanted, again
from coop_abm.dashboard.matrix import (
    MATCH,
    OTHER,
    TILE,
    Filter,
    Shown,
    differing,
    first_divergence,
    matching,
    order,
    tile,
)
from coop_abm.dashboard.reading import cooperation
from coop_abm.llm.stand_in import StandIn
from coop_abm.policies.means import Means
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named
from coop_abm.scenario.minds import Plugin
from coop_abm.scenario.players import Players
from coop_abm.transcript import Source

ROUNDS = [name for name in NAMED if named(name).clock == "round" and named(name).size <= 1000]


def nothing(*_):
    pass


def played(wanted, means=None):
    run = again(wanted, means or Means(mode="replay"))
    assert stories.play_on(run, nothing, lambda: None) == ""
    return run


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """(story, run, requests that were sent) of a demonstration in which replies go wrong now and then."""
    folder = tmp_path_factory.mktemp("asked")
    wanted = stories.demonstration(3)._replace(rounds=5)
    with StandIn(fault_rate=0.15, faults=("text",), seed=3) as server:
        means = Means(journal=folder / "j.sqlite", stand_in=server.address, transport="slim")
        run = played(wanted, means)
        run.rest()
        sent = server.stats()["requests"]
    yield stories.Story("asked", wanted, Source(folder / "j.sqlite", run.policy.run)), run, sent
    run.close()


@pytest.mark.parametrize("name", ROUNDS)
def test_a_run_that_is_played_again_is_the_run_that_was(name):
    run = played(Wanted(named(name), 5, 12))
    written = coop_abm.run(name, steps=12, seed=5).frame
    assert np.allclose(cooperation(run), written["cooperation"][1:], atol=1e-12)
    held = np.array([(run.acts.strategy[t] == 0).mean() for t in range(12)])
    assert np.allclose(held, written[f"share_{run.names[0]}"][:12])


def test_generations_show_the_strategy_that_is_held_because_nobody_acts():
    wanted = Wanted(replace(named("network"), {"update.intensity": 0.5}), 2, 30)
    run = played(wanted)
    written = coop_abm.run(wanted.scenario, steps=30, seed=2).frame
    assert np.allclose((run.acts.strategy == 0).mean(axis=1), written[f"share_{run.names[0]}"][1:])
    assert (run.acts.share == NOTHING).all()
    told = tales.tale(stories.Story("x", wanted), run, 29, 4)
    assert told["did"].startswith("holds ") and told["decisions"] == []


def test_a_replicate_of_a_run_is_played_again_alone():
    world = replace(named("all_five"), {"network.graph": {"kind": "erdos_renyi", "probability": 0.08}})
    alone = played(Wanted(world, 1, 5, replicate=2, graph=2))
    written = coop_abm.run(world, steps=5, seed=1, replicate=2).frame
    assert np.allclose(cooperation(alone), written["cooperation"][1:])


def test_a_cell_tells_what_the_round_did_and_its_acts_add_up_to_its_colour():
    run = played(Wanted(replace(named("all_five"), {"execution_error": 0.2}), 1, 20))
    slipped = 0
    for t in (0, 7, 19):
        for i in range(100):
            acts = [deed for deed in run.deeds(t, i) if deed.stage == "act"]
            helped = sum(deed.done == 0 for deed in acts)
            share = run.acts.share[t, i]
            assert (share == NOTHING) if not acts else share == round(PARTS * helped / len(acts))
            assert bool(run.acts.marks[t, i] & SLIPPED) == any(deed.meant != deed.done for deed in acts)
            slipped += any(deed.meant != deed.done for deed in acts)
            for deed in acts:
                assert (deed.meant == 0) == (deed.draw < deed.chance)
                other = next(d for d in run.deeds(t, deed.partner) if d.row == deed.row ^ 1 and d.turn == deed.turn)
                assert (other.done, other.theirs) == (deed.theirs, deed.done)
    assert slipped > 10


def test_cells_are_looked_up_from_states_that_are_kept_now_and_then(monkeypatch):
    world = Wanted(named("stern_judging"), 4, 25)
    whole = played(world)
    monkeypatch.setattr("coop_abm.dashboard.acts.MOST_STATES", 5000)
    thin = played(world)
    assert thin._gap > 5 and len(thin._states) < 5
    for t, i in ((3, 1), (24, 50), (0, 99), (12, 7)):
        assert thin.deeds(t, i) == whole.deeds(t, i)


def test_no_more_rounds_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr("coop_abm.dashboard.acts.MOST_CELLS", 1000)
    run = again(Wanted(named("all_five"), 1, 50), Means(mode="replay"))
    words = stories.play_on(run, nothing, lambda: None)
    assert run.acts.done == 10 and words == "The first 10 rounds are shown; there is no room for 40 more."


def test_a_run_of_models_is_played_again_from_its_journal_and_nothing_is_sent(asked):
    story, run, sent = asked
    assert sent == sum(map(len, run.acts.keys.values()))
    refusing = Means(mode="replay", journal=story.said.journal, permit=lambda: pytest.fail("something was to be sent"))
    second = played(story.wanted, refusing)
    assert (second.acts.share == run.acts.share).all() and (second.acts.marks == run.acts.marks).all()
    assert second.acts.keys == run.acts.keys
    marked = run.acts.marks
    assert ((marked & MODEL) > 0).any() and ((marked & REPAIRED) > 0).any()
    assert ((marked & CACHED) == 0).all()
    again_recorded = played(story.wanted, Means(journal=story.said.journal))
    assert ((again_recorded.acts.marks[marked & MODEL > 0] & CACHED) > 0).all()
    second.rest(), again_recorded.rest()


def test_a_cell_of_a_model_holds_its_prompt_its_reply_and_what_was_understood(asked):
    story, run, _sent = asked
    t, who = next(cell for cell in run.acts.keys if run.acts.marks[cell] & REPAIRED)
    told = tales.tale(story, run, t, who)
    calls = [call for decision in told["decisions"] for call in decision["calls"]]
    assert len(calls) == len(run.acts.keys[t, who])
    assert "asked again" in told["marks"] and any(call["verdict"] == "refused" and call["why"] for call in calls)
    for call in calls:
        assert call["prompt"][0]["role"] == "system" and call["reply"] is not None
        assert "no language model" in call["model"]
    for decision in told["decisions"]:
        last = decision["calls"][-1]
        if last["verdict"] in ("accepted", "repaired"):
            assert last["answer"] == decision["meant"]
    assert json.loads(next(tales.lines_of(story, run, iter([(t, who)]))))["agent"] == who


def test_what_models_write_is_escaped_where_it_could_hide_or_turn_text_round():
    assert tales.short("a\u202eb\x1b[31m<b>") == "a\\u202eb\\u001b[31m<b>"
    assert len(tales.short("x" * 100_000)) == tales.LONGEST


def test_a_run_that_stopped_early_is_shown_as_far_as_it_went(asked):
    story, _run, _sent = asked
    longer = again(story.wanted._replace(rounds=9), Means(mode="replay", journal=story.said.journal))
    words = stories.play_on(longer, nothing, lambda: None)
    assert longer.acts.done == 5 and "journal ends here, in round 5" in words
    with pytest.raises(NotRecorded):
        longer.step()
    longer.rest()


def test_a_stopped_run_sends_nothing_more_and_goes_on_from_there(tmp_path):
    stop, wanted = threading.Event(), stories.demonstration(8)._replace(rounds=6)
    with StandIn() as server:
        means = Means(journal=tmp_path / "j", stand_in=server.address, transport="slim", concurrency=1,
                      permit=lambda: "stopped" if stop.is_set() else "")  # fmt: skip
        run = again(wanted, means)
        run.step()
        at = server.stats()["requests"]
        stop.set()
        with pytest.raises(CallFailed, match="stopped"):
            run.step()
        assert server.stats()["requests"] == at
        stop.clear()
        assert stories.play_on(run, nothing, lambda: None) == ""
        run.rest()
        straight = played(wanted, Means(mode="replay", journal=tmp_path / "j"))
        assert (straight.acts.share == run.acts.share).all()
        straight.rest()


def test_words_are_found_in_prompts_and_replies_and_nothing_else_is(asked):
    story, run, _sent = asked
    some = stories.search(story, run, "STRATEGY TFT chooses")  # in replies of one of the two stand-ins
    every = stories.search(story, run, "joueur") | some
    assert some and some < set(run.acts.keys) and every <= set(run.acts.keys)
    assert stories.search(story, run, "simulated population") == some  # the rules in English, which are in its prompt
    assert stories.search(story, run, "100%") == stories.search(story, run, "zebra_") == set()


def test_a_folder_is_read_and_held_against_what_was_written(tmp_path):
    coop_abm.run("all_five", steps=8, seed=3).save(tmp_path / "run")
    story = stories.of_folder(tmp_path / "run")
    assert (story.wanted.seed, story.wanted.rounds, story.title) == (3, 8, "run")
    run = played(story.wanted)
    assert stories.differs(story, run, cooperation(run)) == ""
    other = played(story.wanted._replace(seed=4))
    assert "another version" in stories.differs(story, other, cooperation(other))
    assert stories.folders(tmp_path / "run") == ["run"]
    with pytest.raises(InputError, match="must be a folder"):
        stories.of_folder(tmp_path)


def test_a_run_that_somebody_without_a_record_decided_in_is_refused():
    world = replace(named("all_five"), {"players": [Players(policy=Plugin(name="mine"))]})
    with pytest.raises(InputError, match="own policy decided cannot be shown"):
        again(Wanted(world), Means())


# ---------------------------------------------------------------------------------------------- the matrix


@pytest.fixture(scope="module")
def rules():
    return played(Wanted(named("all_five"), 1, 100))


def test_tiles_hold_every_cell_once_in_the_order_of_rows(rules):
    shown = Shown(order(rules, "cooperation"))
    value = np.full((128, 128), NOTHING, np.uint8)
    for r in range(2):
        for c in range(2):
            got, _marks = tile(rules.acts, shown, r, c, held=False)
            value[r * TILE : (r + 1) * TILE, c * TILE : (c + 1) * TILE] = np.frombuffer(got, np.uint8).reshape(
                TILE, TILE
            )
    assert (value[:100, :100] == rules.acts.share[:, shown.order].T).all()
    assert (value[100:] == NOTHING).all() and (value[:, 100:] == NOTHING).all()
    assert tile(rules.acts, shown, 5, 9, held=False)[0] == bytes([NOTHING]) * TILE * TILE


def test_rows_are_sorted_by_what_is_asked(rules):
    mean = rules.acts.cooperation()
    assert (np.diff(mean[order(rules, "cooperation")]) <= 0).all()
    degree = np.diff(rules.answers.indptr)
    assert (np.diff(degree[order(rules, "degree")]) <= 0).all()
    assert (np.diff(np.asarray(rules.answers.group)[order(rules, "group")]) >= 0).all()
    assert order(rules, "number").tolist() == list(range(100))
    for by in ("cooperation", "degree", "group", "strategy"):
        assert sorted(order(rules, by).tolist()) == list(range(100))


def test_a_filter_marks_what_matches(rules, asked):
    acts = rules.acts
    for did, same in (("cooperated", acts.share == PARTS), ("defected", acts.share == 0)):
        assert (matching(acts, Filter(did=did), None) == same).all()
    assert (
        matching(acts, Filter(did="both", holder=1), None).sum()
        == ((acts.share > 0) & (acts.share < PARTS) & (acts.strategy == 1)).sum()
    )
    _story, run, _sent = asked
    assert (matching(run.acts, Filter(mark="fallback"), None) == ((run.acts.marks & FALLBACK) > 0)).all()
    some = {next(iter(run.acts.keys))}
    found = matching(run.acts, Filter(words="x"), some)
    assert {tuple(cell) for cell in np.argwhere(found).tolist()} == some
    _value, marks = tile(run.acts, Shown(order(run, "number"), found), 0, 0, held=False)
    assert ((np.frombuffer(marks, np.uint8) & MATCH) > 0).sum() == 1


def test_the_first_cell_that_differs_is_the_first(rules):
    same = played(Wanted(named("all_five"), 1, 40))
    assert first_divergence(rules.acts, same.acts) is None
    same.acts.share[17, 33] ^= 1
    same.acts.share[20, 2] ^= 1
    assert first_divergence(rules.acts, same.acts) == (17, 33)
    where = differing(rules.acts, same.acts)
    _value, marks = tile(rules.acts, Shown(order(rules, "number"), None, where), 0, 0, held=False)
    cells = np.argwhere(np.frombuffer(marks, np.uint8).reshape(TILE, TILE) & OTHER)
    assert cells.tolist() == [[2, 20], [33, 17]]
