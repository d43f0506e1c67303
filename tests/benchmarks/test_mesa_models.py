"""The opponents play the same games: Mesa's object models against exact chains."""

import pytest

from benchmarks.mesa_models import GroupModel, ImageScoringModel
from benchmarks.rows import objects


def test_the_death_birth_model_fixes_as_the_exact_chain_says():
    assert "z = " in objects.check_death_birth(400)


@pytest.mark.parametrize("lean", [False, True])
def test_the_group_model_fixes_as_the_exact_chain_says(lean):
    assert "z = " in objects.check_groups(lean, 400)


@pytest.mark.parametrize("lean", [False, True])
def test_the_group_model_keeps_its_counts(lean):
    model = GroupModel(4, 5, 0.2, 10, 3.0, 1.0, 0.3, rng=1, lean=lean)
    for _ in range(500):
        if model.settled:
            break
        model.step()
        members = [member for group in model.groups for member in group]
        assert model.alive == len(members) == len(model.agents)
        assert model.cooperators == sum(member.cooperates for member in members)
        assert all(1 <= len(group) <= 5 for group in model.groups)
        assert model.totals == pytest.approx([sum(member.fitness for member in group) for group in model.groups])


@pytest.mark.parametrize("lean", [False, True])
def test_players_of_image_scoring_help_by_score_and_threshold(lean):
    model = ImageScoringModel([-5] * 50 + [6] * 50, 125, 1.0, 0.1, rng=1, lean=lean)
    for _ in range(125):
        donor, recipient = model.pair()
        before, helped = donor.score, model.helped
        donor.meet(recipient)
        assert (model.helped > helped) == (donor.threshold == -5)
        assert donor.score == max(-5, min(5, before + (1 if donor.threshold == -5 else -1)))
    earned = sum(player.earned for player in model.players)
    assert earned == pytest.approx(125 * 0.2 + model.helped * 0.9)


def test_defectors_take_over_where_everybody_else_helps_anybody():
    shares = []
    for seed in range(5):
        model = ImageScoringModel([-5] * 50 + [6] * 50, 125, 1.0, 0.5, rng=seed)
        for _ in range(60):
            model.step()
        shares.append(sum(player.threshold == 6 for player in model.players) / 100)
        assert len(model.agents) == 100
    assert sum(shares) / 5 > 0.8
