"""The factorial as an experiment: complete, honest about what is missing, the same through prompts as by tables."""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np
import pytest

from coop_abm import cli
from coop_abm.core.errors import InputError
from coop_abm.engine.factorial import Cell
from coop_abm.engine.repeated_games import RuleReader
from coop_abm.engine.staged import play
from coop_abm.experiments import languages_scores as scores
from coop_abm.experiments.languages import Languages, Options
from coop_abm.experiments.languages_strategies import confusions, shares
from coop_abm.experiments.published import fairgame
from coop_abm.policies.means import Means

FILE = """
rounds = 2
languages = ["ar", "zh"]
personas = ["cooperative", "selfish"]
knowledge = [0.6]
horizons = ["known"]
models = ["persona?precision=0.2", "backward"]
[[games]]
game = "pd"
[[games]]
game = "battle_of_the_sexes"
[[games]]
game = "public_goods"
"""


@pytest.fixture(autouse=True)
def short_lessons(request, monkeypatch):
    """What a classifier learns from hundreds of simulated players takes seconds."""
    from coop_abm.experiments import languages_strategies as strategies

    if request.node.get_closest_marker("validate"):
        return
    monkeypatch.setattr(strategies, "LESSONS", 40)
    monkeypatch.setattr(strategies, "METHODS", ("likelihood",))


def made(folder, text=FILE, *, means=None, **options):
    file = folder / "mine.toml"
    file.write_text(text, encoding="utf-8")
    chosen = Options(**{"factorial": str(file), "replications": 2} | options)
    return Languages(chosen, store=folder / "runs.sqlite", means=means, workers=0)


def cell(game="pd", language="en", **fields):
    values = {"level": "conventional", "stakes": 1.0, "framing": "native", "personas": ("selfish",) * 2}
    values |= {"knowledge": 0.0, "horizon": "known", "model": "softmax"}
    return Cell(game=game, language=language, **(values | fields))


def games(rates, rounds=10, seed=0, **fields):
    """A cell whose games have these cooperation rates on average, two players each."""
    draws = np.random.Generator(np.random.Philox(seed)).random((len(rates), rounds, 2))
    return scores.Played(cell(**fields), draws < np.array(rates)[:, None, None])


# ------------------------------------------------------------------------------------------ the factorial


def test_every_combination_is_a_cell_and_its_games_are_those_of_its_world(tmp_path):
    experiment = made(tmp_path)
    results = experiment.measure()
    assert len(results.whole) == len(experiment.factorial.cells()) == 40
    found = experiment.scores(results)
    for name in results.whole[::7]:
        world = experiment.worlds[name]
        alone = [play(world.start(0, r), RuleReader(world)).acted == 0 for r in range(2)]
        np.testing.assert_array_equal(found.played[experiment.crossed[name]].helped, alone)


def test_a_second_run_reads_everything_back(tmp_path):
    assert made(tmp_path).measure().done_now == 80
    again = made(tmp_path)
    results = again.measure()
    assert results.done_now == 0
    assert again.table(results) == again.table(made(tmp_path).measure())


def test_tables_and_stand_ins_do_the_same_bit_for_bit(tmp_path):
    """Three games, told personalities, two rules: all that a rule reads is in the prompt."""
    chinese = FILE.replace('["ar", "zh"]', '["zh"]')
    by_table = made(tmp_path, chinese).measure()
    means = Means(journal=tmp_path / "journal.sqlite", transport="slim")
    by_words = made(tmp_path, chinese, policy="stand-in", means=means).measure()
    assert by_words.requests == 12 * 2 * 2 * 2 + 8 * 3 * 2 * 2 and by_words.fallbacks == 0.0
    assert [run.measures for run in by_words.runs] == [run.measures for run in by_table.runs]
    replayed = made(tmp_path, chinese, policy="stand-in", means=means).measure()
    assert (replayed.done_now, replayed.requests) == (0, 0)


def test_what_is_missing_is_listed_and_no_group_that_lacks_it_has_a_number(tmp_path):
    experiment = made(tmp_path)
    results = experiment.measure()
    lost = next(name for name in results.cells if " zh cooperative+selfish " in name and name.startswith("pd"))
    kept = tuple(run for run in results.runs if run.cell != lost)
    fewer = type(results)(results.cells, results.wanted, kept, {})
    rows = experiment.table(fewer)
    mine = {row["score"]: row for row in rows if row["game"] == "pd" and row["model"] == "persona?precision=0.2"}
    for score in ("cooperation", "zh", "cooperative+selfish", "inconsistency", "language range"):
        assert mine[score]["ours"] is None if score in mine else score == "language range"
    assert mine["cooperation"]["note"] == "1 of 6 cells are missing"
    assert mine["ar"]["ours"] is not None and mine["selfish+selfish"]["ours"] is not None
    assert rows[-1]["game"] == lost and rows[-1]["note"] == "missing: 0 of 2 runs are there"
    assert lost in experiment.reading(fewer)
    assert experiment.view(fewer)["maps"][0]["squares"][0][1]["rate"] is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"factorial": "nobody"}, r"^factorial must be one of languages, fairgame, small, or a file; got 'nobody'$"),
        ({"factorial": "none.toml"}, r"^none.toml: no such file$"),
        ({"policy": "stand-in/nobody"}, "must be stand-in/ and one of .* got 'stand-in/nobody'"),
        ({"policy": "not a model"}, "must be the name of a model, without blanks; got 'not a model'"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line_before_anything_is_sent(tmp_path, options, said):
    means = Means(journal=tmp_path / "journal.sqlite")
    with pytest.raises(InputError, match=said) as refused:
        Languages(Options(**{"factorial": "small"} | options), store="", means=means, workers=0).check()
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "journal.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "factorial=nobody"], "factorial must be one of languages, fairgame, small, or a file; got 'nobody'"),
        (["--set", "factorial=small", "--policy", "stand-in/nobody"], "must be stand-in/ and one of allc, alld"),
    ],
)
def test_on_the_command_line_it_is_one_line_and_exit_code_2(arguments, said, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # main() sets its own
    monkeypatch.setattr(sys, "argv", ["coop-abm", "experiment", "languages", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    told = capsys.readouterr()
    assert end.value.code == 2 and told.err.count("\n") == 1 and said in told.err and not told.out
    assert list(tmp_path.iterdir()) == []


def test_a_factorial_over_the_budget_is_refused_before_anything_is_sent(tmp_path):
    paid = tmp_path / "paid.toml"
    paid.write_text(
        'kind = "model"\nmodel = "openai/some"\napi_base = "http://127.0.0.1:9"\n'
        "price_input = 1.0\nprice_output = 2.0\n"
    )
    means = Means(journal=tmp_path / "journal.sqlite", transport="slim")
    experiment = made(tmp_path, policy=str(paid), budget=0.000001, means=means)
    assert experiment.factorial.models == (str(paid),)
    with pytest.raises(InputError, match=r"^budget: .* nothing was sent$"):
        experiment.measure()
    assert not (tmp_path / "journal.sqlite").exists()


def test_a_language_model_takes_the_place_of_all_rules():
    one = Languages(Options(factorial="small", policy="stand-in/tft"), store="", workers=0)
    assert one.factorial.models == ("stand-in/tft",)
    assert {mind.model for world in one.worlds.values() for mind in world.minds()} == {"stand-in/tft"}


# ------------------------------------------------------------------------------------------ what is measured


def test_scores_are_what_their_formulas_say():
    helped = np.array([[[1, 1], [1, 0], [0, 0]], [[1, 1], [1, 1], [1, 1]]], bool)
    played = scores.Played(cell(), helped)
    assert played.cooperation.tolist() == [0.5, 1.0]
    assert played.last.tolist() == [-0.75, 0.0]
    assert played.met.tolist() == pytest.approx([1 / 3, 0.0])
    assert scores.variability([played]) == pytest.approx(np.std([0.5, 1.0], ddof=1))
    assert scores.mean([played]).value == 0.75


def test_inconsistency_is_the_spread_between_languages_without_that_of_chance():
    spoken = [games([0.3] * 40, seed=1, language="en"), games([0.7] * 40, seed=2, language="vi")]
    found = scores.inconsistency(spoken)
    assert found.value == pytest.approx(math.sqrt(0.08), abs=0.03) and found.p == 1 / (1 + scores.DRAWS)
    alike = scores.inconsistency([games([0.5] * 40, seed=1, language="en"), games([0.5] * 40, seed=2, language="vi")])
    assert alike.value < 0.05 and alike.p > 0.05
    assert scores.inconsistency([games([0.5] * 4)]) is None


@pytest.mark.validate
def test_where_languages_do_not_differ_inconsistency_is_found_as_often_as_is_promised(monkeypatch):
    monkeypatch.setattr(scores, "DRAWS", 199)
    rejected = 0
    for seed in range(1000):
        spoken = [games([0.4] * 10, seed=10 * seed + k, language=code) for k, code in enumerate(("en", "fr", "vi"))]
        rejected += scores.inconsistency(spoken, seed).p <= 0.05
    assert 30 <= rejected <= 70


def test_falling_needs_every_step():
    high, low = games([0.9] * 8, seed=1), games([0.1] * 8, seed=2)
    half = games([0.5] * 8, seed=3)
    assert scores.falling([[high], [half], [low]]).p <= 0.01
    assert scores.falling([[high], [low], [half]]).p > 0.5


def test_strategies_are_recognised_and_ties_are_shared():
    always = scores.Played(cell(), np.ones((10, 10, 2), bool))
    found = {share.strategy: share for share in shares([always])}
    nice = [found[name].classified.value for name in ("allc", "tft", "wsls", "grim")]
    assert nice == pytest.approx([0.25] * 4) and found["alld"].fitted.value < 0.05
    never = {share.strategy: share for share in shares([scores.Played(cell(), np.zeros((10, 10, 2), bool))])}
    assert never["alld"].fitted.value > 0.5


@pytest.mark.validate
def test_the_confusion_on_simulated_players_is_what_the_docs_say():
    likelihood, classifier = confusions(10)
    assert likelihood.accuracy == pytest.approx(0.73, abs=0.03)
    assert classifier.accuracy == pytest.approx(0.73, abs=0.03)


def test_published_differences_follow_from_published_rates():
    assert fairgame.of("pd", "mild - harsh") == pytest.approx(0.11)
    assert fairgame.of("pd", "personalities") == pytest.approx(0.23)
    assert fairgame.of("pd", "language range") == pytest.approx(0.12)
    assert fairgame.of("pd", "nothing of the kind") is None
    assert np.mean(fairgame.BY_MODEL["pd"]) == pytest.approx(fairgame.RATES["pd", "cooperation"], abs=0.005)


# ------------------------------------------------------------------------------------------ what comes out


def test_the_small_factorial_shows_what_its_rules_are_known_to_do():
    experiment = Languages(Options(factorial="small", replications=4), store="", workers=0)
    results = experiment.measure()
    table = {(r["model"], r["game"], r["score"]): r for r in experiment.table(results)}
    assert table["backward", "pd", "end-game effect"]["ours"] == -1.0
    assert table["backward", "harmony", "end-game effect"]["ours"] == 0.0
    assert table["persona", "pd", "personalities"]["low"] > 0.3
    assert table["softmax?loss_aversion=2.25", "pd", "framing reward - native"]["low"] > 0.05
    assert table["persona", "pd", "mild - harsh"]["low"] > 0.0
    assert table["persona", "pd", "cooperation"]["published"] == 0.482
    assert "hear no language" in experiment.reading(results)


ONE = """
rounds = 4
languages = ["en", "fr", "vi"]
personas = ["cooperative", "selfish"]
horizons = ["known"]
models = ["persona"]
[[games]]
game = "pd"
levels = ["mild", "conventional", "harsh"]
"""


def test_what_rules_do_in_the_same_cells_stands_beside_whoever_else_plays(tmp_path):
    means = Means(journal=tmp_path / "journal.sqlite", transport="slim")
    plain = ONE.replace('"en", "fr", "vi"', '"en", "fr"')
    alone = made(tmp_path, plain, replications=3)
    rules = {row["score"]: row["ours"] for row in alone.table(alone.measure()) if row["model"] == "persona"}
    assert all(row["offline"] is None for row in alone.table(alone.measure()))
    same = made(tmp_path, plain, policy="stand-in", replications=3, means=means)
    rows = [row for row in same.table(same.measure()) if row["model"] == "persona"]
    assert all(row["offline"] == row["ours"] for row in rows) and rows[0]["offline"] == rules["cooperation"]
    other = made(tmp_path, plain, policy="stand-in/alld", replications=3, means=means)
    table = {row["score"]: row for row in other.table(other.measure()) if row["model"] == "stand-in/alld"}
    assert table["cooperation"]["ours"] == 0.0 and table["cooperation"]["offline"] == rules["cooperation"] > 0
    assert [column.name for column in other.columns[3:8]] == ["published", "ours", "low", "high", "offline"]


def test_every_score_that_is_measured_has_an_interval(tmp_path):
    experiment = made(tmp_path, ONE, replications=4)
    rows = experiment.table(experiment.measure())
    for row in rows:
        if row["ours"] is not None:
            assert row["low"] <= row["ours"] + 1e-12 and row["ours"] - 1e-12 <= row["high"], row
    named = {row["score"] for row in rows}
    assert {"language range", "inconsistency", "internal variability", "plays tft, classifier"} <= named


def test_two_games_have_no_jackknife(tmp_path):
    experiment = made(tmp_path, ONE)
    rows = {row["score"]: row for row in experiment.table(experiment.measure())}
    assert rows["inconsistency"]["ours"] is not None and rows["inconsistency"]["low"] is None
    assert rows["language range"]["high"] is not None


@pytest.mark.validate
@pytest.mark.parametrize("apart", [0.0, 0.2])
def test_intervals_of_spreads_hold_the_truth_as_often_as_they_say(apart):
    """Twelve settings in three languages; the middle one's rate is 0.4, the others' are `apart` around it."""
    rates = {"en": 0.4 - apart / 2, "fr": 0.4, "vi": 0.4 + apart / 2}
    dice, held = np.random.Generator(np.random.Philox(5)), np.zeros(3)
    spread_of = np.mean([rate * (1 - rate) / 20 for rate in rates.values()]) ** 0.5
    for _ in range(400):
        spoken = [
            scores.Played(cell(language=code, level=str(k)), dice.random((10, 10, 2)) < rate)
            for code, rate in rates.items() for k in range(12)
        ]  # fmt: skip
        groups = [[each for each in spoken if each.cell.language == code] for code in rates]
        truths = apart, np.std(list(rates.values()), ddof=1), spread_of
        found = scores.spread(groups), scores.inconsistency(spoken).reach, scores.variability_interval(spoken)
        held += [each.low <= truth <= each.high for each, truth in zip(found, truths, strict=True)]
    assert (held / 400 >= 0.92).all(), held / 400


def test_the_published_rates_of_each_model_are_in_the_table(tmp_path):
    experiment = made(tmp_path, ONE)
    rows = [row for row in experiment.table(experiment.measure()) if row["model"].endswith("(FAIRGAME)")]
    told = {row["model"].removesuffix(" (FAIRGAME)"): row["published"] for row in rows if row["score"] == "cooperation"}
    assert told == dict(zip(fairgame.MODELS, fairgame.BY_MODEL["pd"], strict=True))
    assert all(row["ours"] is None for row in rows)


def test_the_reading_says_the_power_at_the_level_that_holm_leaves(tmp_path):
    experiment = made(tmp_path, ONE, replications=4)
    results = experiment.measure()
    tests = sum(row["p"] is not None for row in experiment.table(results))
    assert f"of its {tests} tests against .05/{tests} = {0.05 / tests:.2g}" in experiment.reading(results)
    certain, never = scores.stated_power(0.5, 10, 0.05, 0.01), scores.stated_power(0.5, 10, 0.05, 0.0005)
    assert certain == (1.0, 1.0) and never == (0.0, 0.0)  # no p is below 1 / 1,000
    assert max(scores.stated_power(0.0, 10, 0.05, 0.05)) <= 0.1


def test_digits_of_the_heat_map_stand_out_from_their_squares():
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    from coop_abm.experiments import languages_figure as drawing

    for rate in np.linspace(0, 1, 101):
        ground, ink = (drawing._luminance(c) for c in (colormaps["cividis"](rate)[:3], to_rgb(drawing.ink_on(rate))))
        contrast = (max(ground, ink) + 0.05) / (min(ground, ink) + 0.05)
        assert contrast >= 3.8, rate


def test_the_title_of_the_figure_stands_above_what_is_said_below_it(tmp_path):
    experiment = made(tmp_path, ONE)
    drawn = experiment.figure(experiment.measure())
    drawn.canvas.draw()
    title = drawn.axes[0]._left_title if drawn.axes[0]._left_title.get_text() else drawn.axes[0].title
    below = next(text for text in drawn.findobj(match=lambda a: "rounds: 27 of" in getattr(a, "get_text", str)()))
    assert title.get_window_extent().y0 >= below.get_window_extent().y1


def test_the_view_of_a_cell_is_its_first_game(tmp_path):
    experiment = made(tmp_path)
    results = experiment.measure()
    seen = experiment.view(results)
    assert seen["languages"] == ["ar", "zh"] and len(seen["maps"]) == 2
    square = seen["maps"][0]["squares"][0][0]
    shown = square["cells"][0]
    name = next(n for n in results.whole if n.startswith("pd conventional x1 native ar cooperative+cooperative"))
    world = experiment.worlds[name]
    match = play(world.start(0, 0), RuleReader(world))
    assert shown["moves"] == (match.acted == 0).astype(int).tolist()
    np.testing.assert_allclose(shown["payoffs"], match.earned)
