"""What rule-based users do of what they know."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coop_abm.engine.commons import commons
from coop_abm.engine.commons_measures import similarity
from coop_abm.strategies.commons import (
    NORM,
    USERS,
    Altruistic,
    Known,
    Selfish,
    Traits,
    ceiling,
    chances,
    normal,
    spelled,
    traits_in,
)
from tests.commons.worlds import cell


def known(stage="harvest", **more):
    plain = {
        "round": 3, "person": 0, "people": 10, "units": False, "learns": False, "full": 100.0, "stock": 80.0,
        "store": 2.0, "notes": Traits(0.5, 0.4, 0.6).text(), "chosen": 0.5, "took": 1.6, "before": 80.0, "taken": 16.0,
        "lost": 0.0, "paid": 0.0, "usual": 0.5, "fined": 0, "fine": 0.5, "norm": "",
    }  # fmt: skip
    return Known(stage=stage, **plain | more)


@given(st.lists(st.floats(-0.2, 1.2), min_size=3, max_size=3))
@example([-0.00001, 0.0, 1.00001])
def test_notes_hold_the_traits_to_four_decimals_within_zero_and_one(values):
    traits = Traits(*values).rounded()
    assert traits_in(traits.text()) == traits
    assert all(abs(a - min(max(b, 0), 1)) <= 0.5001e-4 for a, b in zip(traits, values, strict=True))


@given(st.floats(0, 1))
def test_a_norm_made_from_the_template_is_read_back(value):
    assert ceiling(NORM.format(value), False) == float(f"{value:.4f}")


@pytest.mark.parametrize(
    ("text", "units", "number"),
    [("At most 25 % each", False, 0.25), ("0,4 et pas plus", False, 0.4), ("No more than 12 tons!", True, 12.0),
     ("Share and care.", False, None), ("", False, None), (None, False, None), ("1 is fine", False, 1.0)],
)  # fmt: skip
def test_a_number_is_found_in_whatever_was_proposed(text, units, number):
    assert ceiling(text, units) == number


def test_effort_grows_without_a_fine_and_shrinks_with_one():
    user = Selfish()
    assert user.harvest(known(), 0.5) == (0.515, 0.4)
    assert user.harvest(known(lost=0.5), 0.5) == (0.375, 0.4)
    assert user.harvest(known(chosen=0.99), 0.5)[0] == 1.0


def test_a_norm_is_obeyed_more_often_the_larger_the_fine_to_be_expected():
    norm = NORM.format(0.2)

    def obeyed(fine):
        draws = (np.arange(4000) + 0.5) / 4000
        return np.mean([Selfish().harvest(known(norm=norm, fine=fine), draw)[0] == 0.2 for draw in draws])

    shares = [obeyed(fine) for fine in (0.0, 0.5, 1.0, 4.0)]
    expected = [min(0.2 + 1.5 * 0.4 * 0.6 * fine, 0.95) for fine in (0.0, 0.5, 1.0, 4.0)]
    assert np.abs(np.array(shares) - expected).max() < 0.03


def test_whoever_breaks_the_norm_is_punished_with_the_own_strictness_and_nobody_else():
    draws = (np.arange(2000) + 0.5) / 2000
    over, under = ({"other": 1, "other_chosen": value, "norm": NORM.format(0.3)} for value in (0.31, 0.3))
    assert np.mean([Selfish().punish(known("punish", **over), draw) for draw in draws]) == pytest.approx(0.6, abs=0.04)
    assert not any(Selfish().punish(known("punish", **under), draw) for draw in draws)


def test_without_a_norm_an_offender_takes_a_tenth_more_than_is_usual():
    def punishes(chosen):
        return any(
            Selfish().punish(known("punish", norm=None, usual=0.5, other=1, other_chosen=chosen), draw)
            for draw in np.linspace(0, 0.999, 50)
        )

    assert punishes(0.56) and not punishes(0.55)


def test_imitation_follows_the_fermi_rule():
    draws = (np.arange(4000) + 0.5) / 4000
    user = Selfish(mutation=0.0, sensitivity=2.0)
    other = {"other": 1, "other_chosen": 0.9, "other_notes": Traits(0.8, 0.1, 0.2).text()}

    def copied(ahead):
        notes = [user.learn(known("learn", outcome=0.3, other_outcome=0.3 + ahead, **other), draw) for draw in draws]
        assert set(notes) <= {Traits(0.9, 0.1, 0.2).text(), Traits(0.5, 0.4, 0.6).text()}
        return np.mean([note == Traits(0.9, 0.1, 0.2).text() for note in notes])

    for ahead in (-1.0, 0.0, 0.5):
        assert copied(ahead) == pytest.approx(1 / (1 + np.exp(-2 * ahead)), abs=0.03)


def test_who_wrote_no_habits_is_copied_in_its_effort_alone():
    user = Selfish(mutation=0.0, sensitivity=1000.0)
    told = known("learn", outcome=0.0, other_outcome=9.0, other=1, other_chosen=0.9, other_notes="be bold")
    assert traits_in(user.learn(told, 0.5)) == Traits(0.9, 0.4, 0.6)


def test_copying_errors_have_the_declared_size():
    draws = np.random.default_rng(0).random(4000)
    notes = [Selfish(mutation=0.02).learn(known("learn"), draw) for draw in draws]
    errors = np.array([traits_in(note) for note in notes]) - [0.5, 0.4, 0.6]
    assert np.abs(errors.mean(axis=0)).max() < 0.0013
    assert np.abs(errors.std(axis=0) - 0.02).max() < 0.001


def test_numbers_drawn_from_one_draw_are_uniform_and_normal():
    draws = np.random.default_rng(1).random(5000)
    first = np.array([next(chances(draw)) for draw in draws])
    assert abs(first.mean() - 0.5) < 0.015 and abs(first.var() - 1 / 12) < 0.004
    bell = np.array([normal(chances(draw)) for draw in draws])
    assert abs(bell.mean()) < 0.05 and abs(bell.std() - 1) < 0.04


def test_the_bearable_effort_is_found_from_one_harvest_exactly():
    left = 80.0 - 16.0
    seen = known("propose", stock=left + 0.35 * left * (1 - left / 100.0))
    assert Selfish.bearable(seen) == pytest.approx(0.35 / 2.35 / (0.04 * 10))
    assert Selfish.bearable(known("propose", took=0.0)) is None
    assert Selfish.bearable(known("propose", taken=None, before=None)) is None


def test_altruists_propose_norms_nearer_to_what_the_stock_bears():
    left = 80.0 - 16.0
    seen = known("propose", stock=left + 0.2 * left * (1 - left / 100.0))
    bears = Selfish.bearable(seen)

    def away(user):
        return abs(ceiling(user.propose(seen, 0.3), False) - bears)

    assert away(Altruistic(misjudging=0.0)) < away(Selfish(misjudging=0.0)) < abs(0.5 - bears)


def test_a_vote_goes_to_the_nearest_other_proposal_the_first_of_equals_and_numbers_first():
    offers = tuple((person, NORM.format(value)) for person, value in enumerate((0.5, 0.9, 0.45, 0.55)))
    assert Selfish().vote(known("vote", proposals=offers), 0.5) == 2
    assert Selfish().vote(known("vote", person=1, proposals=offers), 0.5) == 3
    assert Selfish().vote(known("vote", proposals=(offers[0], (1, "be kind"), offers[1])), 0.5) == 1
    assert Selfish().vote(known("vote", proposals=offers[:1]), 0.5) == -1


def test_who_has_noted_no_habits_has_the_mean_habits_of_its_kind():
    """So a rehearsal can put rules in the places of models, who begin without notes."""
    assert Selfish().harvest(known(notes="go easy", chosen=None, learns=True), 0.5) == (0.8, 0.2857)
    assert Altruistic().usual == Traits(0.2, 0.7143, 0.7143)


@pytest.mark.parametrize("kind", USERS)
def test_a_strategy_is_spelled_with_the_knobs_that_are_not_its_own(kind):
    assert spelled(kind()) == kind.model_fields["kind"].default
    if "sensitivity" in kind.model_fields:
        assert spelled(kind(sensitivity=4.0)).endswith("?sensitivity=4.0")


def test_learning_rewrites_notes_and_without_it_they_stay():
    for learns in (True, False):
        world = commons(social_learning=learns, horizon=4)
        running, table = world.start(0), world.table()
        before = running.notes.copy()
        while (question := running.ask()) is not None:
            running.tell(table.decide(question))
        assert bool((running.notes != before).all()) is learns


def test_texts_that_are_alike_are_measured_as_alike():
    assert similarity(["Take a third at most", "take  a THIRD at most"]) == pytest.approx(1.0)
    near, far = similarity(["take 0.31", "take 0.32"]), similarity(["take 0.31", "be kind to all"])
    assert 0 <= far < 0.3 < near < 1
    # Three texts: the mean over three pairs, each by hand.
    three = ["take 0.31", "take 0.32", "be kind to all"]
    pairs = [similarity([three[a], three[b]]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert similarity(three) == pytest.approx(np.mean(pairs))
    # "abc" and "abd" padded with blanks share one run of three characters out of three each.
    assert similarity(["abc", "abd"]) == pytest.approx(1 / 3)


def test_a_penalty_that_nobody_pays_changes_no_run():
    """Paired worlds: gamma matters through fines and through deterrence, and through nothing else."""
    calm = cell("selfish", "rich", 3, punishment=False, fine=0.0)
    same = cell("selfish", "rich", 3, punishment=False, fine=2.0)
    assert calm["survival"].tolist() == same["survival"].tolist()
    assert np.array_equal(calm["gain"], same["gain"])
