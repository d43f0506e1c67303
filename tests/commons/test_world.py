"""The order of a round, what is seen, and what becomes of answers."""

import numpy as np
import pytest

from coop_abm.core.errors import GraphError, InputError, PolicyError
from coop_abm.engine.commons import Commons, Users, commons
from coop_abm.engine.staged import play
from coop_abm.games.commons import Logistic
from coop_abm.scenario.minds import Team
from coop_abm.strategies.commons import Altruistic, Grasping, Selfish
from coop_abm.structures import Ring
from tests.commons.worlds import Scripted, efforts, run


def stages(world, rounds=2):
    """(round, stage) of all questions of the first rounds."""
    running, table, found = world.start(0), world.table(), []
    while (question := running.ask()) is not None and running.round < rounds:
        found.append((question.round, question.stage))
        running.tell(table.decide(question))
    return found


def script(world, **answers):
    return Scripted(world.table(), **answers)


def everybody_watches(question):
    return efforts(question, 0.5, watching=1.0)


def test_a_round_goes_from_harvest_over_punishment_and_learning_to_proposals_and_votes():
    world = commons("altruistic")
    assert stages(world, 1) == [(0, stage) for stage in ("harvest", "punish", "learn", "propose", "vote")]


@pytest.mark.parametrize(
    ("knobs", "left"),
    [
        ({"social_learning": False}, ["harvest", "punish", "propose", "vote"]),
        ({"group_decision": False}, ["harvest", "punish", "learn"]),
        ({"punishment": False, "social_learning": False, "group_decision": False}, ["harvest"]),
    ],
)
def test_a_stage_that_is_switched_off_is_not_asked(knobs, left):
    world = commons("altruistic", **knobs)
    assert [stage for _, stage in stages(world, 1)] == left
    assert set(world.most_questions()) == set(left) | ({"punish"} if world.punishment else set())


def test_a_run_is_a_function_of_seed_replicate_and_answers():
    first, again, other = (run(commons(), replicate).story() for replicate in (3, 3, 4))
    assert first == again != other


def test_a_run_never_asks_more_than_it_says():
    world = commons("altruistic")
    running, table, asked = world.start(0), world.table(), {}
    while (question := running.ask()) is not None:
        asked[question.stage] = asked.get(question.stage, 0) + len(question)
        running.tell(table.decide(question))
    assert all(asked[stage] <= most for stage, most in world.most_questions().items())
    assert asked["harvest"] == world.most_questions()["harvest"]


def test_worlds_that_differ_by_a_toggle_start_alike():
    with_, without = (commons("mixed", group_decision=on).start(5, 2) for on in (True, False))
    assert with_.story()["users"] == without.story()["users"]
    assert [with_.texts[n] for n in with_.notes] == [without.texts[n] for n in without.notes]
    assert (with_.ask().draw == without.ask().draw).all()


def test_what_is_taken_is_alpha_times_effort_times_stock_and_the_rest_regrows():
    world = commons(size=4)
    running = world.start(0)
    running.tell(efforts(running.ask(), [0.0, 0.25, 0.5, 1.0]))
    assert running.records[0].took.tolist() == [0.0, 1.0, 2.0, 4.0]
    assert running.stock == pytest.approx(93 + 0.35 * 93 * 0.07)


def test_consumption_fines_and_costs_come_out_of_the_store():
    world = commons("altruistic", size=2, social_learning=False, group_decision=False)
    running = world.start(0)
    running.tell(efforts(running.ask(), [1.0, 0.0], watching=1.0))
    question = running.ask()
    assert question.stage == "punish" and question.partner.tolist() == [1, 0]
    assert question.view.other_chosen.tolist() == [0.0, 1.0]
    running.tell(np.array([0, 1]))
    assert running.store.tolist() == pytest.approx([1 + 4 - 0.15 - 0.5, 1 - 0.15 - 0.05])
    assert running.measures()["punishments"] == 1
    assert running.ask().view.lost.tolist() == [0.5, 0.0] and running.ask().view.paid.tolist() == [0.0, 0.05]


def test_graduated_sanctions_grow_with_each_offence_and_flat_ones_do_not():
    def fines(escalation):
        world = commons("altruistic", size=2, escalation=escalation, horizon=3, endowment=100.0)
        policy = script(world, harvest=everybody_watches, punish=lambda question: np.array([1, 0]))
        running = world.start(0)
        play(running, policy)
        return [record.fines[1] for record in running.records]

    assert fines(0.0) == [0.5, 0.5, 0.5]
    assert fines(1.0) == [0.5, 1.0, 1.5]


def test_a_fine_takes_no_more_than_there_is():
    world = commons("altruistic", size=2, fine=50.0, horizon=1)
    running = world.start(0)
    play(running, script(world, harvest=everybody_watches, punish=lambda question: np.ones(2, np.int64)))
    assert running.store.tolist() == [0.0, 0.0]


def test_whoever_cannot_cover_its_consumption_starves_in_that_round_and_decides_no_more():
    world = commons("altruistic", size=3, consumption=0.6, endowment=1.0, horizon=4)
    running = world.start(0)
    play(running, script(world, harvest=lambda q: efforts(q, np.where(q.individual == 0, 0.0, 0.5))))
    assert [record.starved.tolist() for record in running.records[:2]] == [[False] * 3, [True, False, False]]
    assert [record.had.sum() for record in running.records] == [3, 3, 2, 2]
    assert running.measures()["alive"] == pytest.approx(2 / 3)
    assert running.store[0] == 0


def test_without_starvation_the_same_user_goes_hungry_and_lives():
    world = commons("altruistic", size=3, consumption=0.6, endowment=1.0, horizon=4, starvation=False)
    running = world.start(0)
    play(running, script(world, harvest=lambda q: efforts(q, np.where(q.individual == 0, 0.0, 0.5))))
    assert running.measures()["alive"] == 1 and running.store[0] == 0


def test_a_world_ends_when_nobody_lives_and_its_stock_has_survived():
    world = commons("altruistic", size=2, consumption=2.0, endowment=0.0)
    running = world.start(0)
    running.tell(efforts(running.ask(), 0.1))
    assert running.over and running.ask() is None
    assert running.measures() | {"survival": 50.0, "lasted": 1.0, "sustained": 1.0, "alive": 0.0} == running.measures()


def test_a_world_ends_in_the_round_in_which_the_stock_collapses():
    running = run(commons("selfish", "scarce", social_learning=False, group_decision=False))
    assert running.over and running.stock < 5.0 <= running.records[-1].stock
    assert running.measures()["survival"] == running.round == running.collapsed_in + 1 == len(running.records)


def test_the_norm_is_the_text_with_most_votes_word_for_word():
    world, words = commons("altruistic", size=4, horizon=1), 'Sois sobre : 30 % au plus, "s\'il te plaît" ☘'
    policy = script(
        world,
        propose=lambda q: np.array([q.texts.number(text) for text in ("a 0.9", words, "b 0.8", "c 0.7")]),
        vote=lambda q: np.array([1, 0, 1, 1]),
    )
    running = world.start(0)
    play(running, policy)
    assert running.texts[running.norm] == words == running.story()["rounds"][0]["norm"]


@pytest.mark.parametrize(("ties", "kept"), [("first", {"p0"}), ("keep", {""}), ("chance", {"p0", "p1"})])
def test_ties_go_to_the_first_to_chance_or_change_nothing(ties, kept):
    world = commons("altruistic", size=2, horizon=1, ties=ties)
    policy = script(
        world,
        propose=lambda q: np.array([q.texts.number(f"p{n}") for n in range(2)]),
        vote=lambda q: np.array([1, 0]),
    )
    norms = set()
    for seed in range(12):
        running = world.start(seed)
        play(running, policy)
        norms.add(running.texts[running.norm])
    assert norms == kept


def test_on_a_ring_only_neighbours_are_watched_shown_and_heard():
    world = commons("altruistic", size=8, network=Ring(degree=2), horizon=3)
    running, table = world.start(1), world.table()
    near = running._near
    assert near.sum(axis=1).tolist() == [2] * 8 and (near == near.T).all()
    while (question := running.ask()) is not None:
        who, met = question.individual, question.partner
        if question.stage in ("punish", "learn"):
            assert near[who, met].all()
        if question.stage == "vote":
            heard = question.view.proposals >= 0
            assert (heard == (near | np.eye(8, dtype=bool))).all() and (question.choices.permitted == heard).all()
        running.tell(table.decide(question))


def test_each_of_the_three_can_be_freed_from_the_graph():
    world = commons("altruistic", size=8, network=Ring(degree=2), learn_from_neighbours=False, horizon=30)
    running, table, far = world.start(1), world.table(), 0
    while (question := running.ask()) is not None:
        if question.stage == "learn":
            far += int((~running._near[question.individual, question.partner]).sum())
        if question.stage == "punish":
            assert running._near[question.individual, question.partner].all()
        running.tell(table.decide(question))
    assert far > 30


def test_role_models_are_drawn_evenly_from_the_others():
    running = commons("altruistic", "rich", horizon=400, group_decision=False, punishment=False).start(0)
    table, seen = running.declared.table(), np.zeros((10, 10))
    while (question := running.ask()) is not None:
        if question.stage == "learn":
            seen[question.individual, question.partner] += 1
        running.tell(table.decide(question))
    assert np.diag(seen).sum() == 0
    others = seen[~np.eye(10, dtype=bool)]
    expected = seen.sum() / 90
    assert ((others - expected) ** 2 / expected).sum() < 127  # chi-square, 80 degrees of freedom, p = 0.001


def test_a_refused_answer_changes_nothing():
    running = commons(size=2).start(0)
    before = running.story()
    for wrong in (np.zeros(2), efforts(running.ask(), 1.5), efforts(running.ask(), np.nan)):
        with pytest.raises(PolicyError):
            running.tell(wrong)
    assert running.story() == before and running.ask().stage == "harvest"
    with pytest.raises(PolicyError, match="over"):
        run(commons(horizon=1)).tell(np.zeros(2))


def test_numbers_are_seen_with_four_decimals():
    running, table = commons("mixed").start(0), commons("mixed").table()
    while (question := running.ask()) is not None and running.round < 3:
        for column in question.view:
            if column.dtype.kind == "f":
                known = column[np.isfinite(column)]
                assert all(float(f"{value:.4f}") == value for value in known.tolist())
        running.tell(table.decide(question))


def test_the_pressure_on_the_stock_is_alpha_n_over_r():
    world = Commons(stock=Logistic(rate=0.2), players=(Users(count=10),))
    assert world.pressure == pytest.approx(2.0)
    assert run(world).measures()["pressure"] == pytest.approx(2.0)
    assert commons(catchability=0.06, size=20).pressure == pytest.approx(0.06 * 20 / 0.35)


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"players": (Users(count=1),)}, "2 to 1000 users"),
        ({"takes": "units"}, "quota or grasping"),
        ({"players": (Users(count=2, policy=Team()),)}, "must not be team"),
        ({"takes": "units", "players": (Users(count=5, strategy=Grasping()),)}, "must be doubling"),
        ({"players": (Users(count=10, strategy={"kind": "quota"}),)}, "must not be quota"),
        ({"network": Ring(degree=12)}, "degree"),
    ],
)
def test_worlds_that_cannot_be_are_refused(knobs, said):
    with pytest.raises((ValueError, GraphError), match=said):
        Commons(**knobs)


def test_altruists_start_with_less_effort_and_more_watching_than_the_selfish():
    rng = np.random.default_rng(0)
    from coop_abm.strategies.commons import traits_in

    greedy, kind = (np.array([traits_in(user.start(rng)) for _ in range(400)]) for user in (Selfish(), Altruistic()))
    assert np.abs(greedy.mean(axis=0) - [0.8, 2 / 7, 2 / 7]).max() < 0.03
    assert np.abs(kind.mean(axis=0) - [0.2, 5 / 7, 5 / 7]).max() < 0.03


def test_a_start_or_a_world_that_is_not_there_is_refused():
    with pytest.raises(InputError, match="start must be one of selfish, mixed, altruistic; got 'kind'"):
        commons("kind")
    with pytest.raises(InputError, match="world must be one of rich, scarce"):
        commons("mixed", "poor")


def test_rules_fit_into_the_shortest_permitted_texts():
    assert run(commons("mixed", limit=120, horizon=3)).round == 3
