"""The figures of a sweep: what is drawn, where it stands, and that nothing covers anything."""

import itertools

import numpy as np
import pandas as pd
import pytest

from coop_abm import figures
from coop_abm.core.errors import InputError
from coop_abm.games import Donation
from coop_abm.mechanisms import Kin, Network
from coop_abm.scenario import Scenario
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.knobs import replace
from coop_abm.structures import RandomRegular
from coop_abm.sweeps.boundary import Theory, boundary, crossings
from coop_abm.sweeps.captions import Setting
from coop_abm.sweeps.colours import neutral_level, palette
from coop_abm.sweeps.figures import figure_for, phase_diagram, response_curve, sobol_bars
from coop_abm.sweeps.scales import axis
from coop_abm.sweeps.table import summary
from coop_abm.updates import BirthDeath, DeathBirth

KIN = Scenario(clock="event", size=100, update=BirthDeath(intensity=0.1), kin=Kin(enabled=True, relatedness=0.5))
DEGREES = Scenario(
    clock="event", size=30, game=Donation(benefit=5.0), update=DeathBirth(intensity=0.1),
    network=Network(enabled=True, graph=RandomRegular(degree=4)),
)  # fmt: skip
R, B = [0.1, 0.2, 0.3, 0.4, 0.5], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]


def cells(chance, runs=40, **axes):
    """Rows of a sweep in which so large a share of the runs of a cell ends with cooperators alone."""
    names = [name.replace("__", ".") for name in axes]
    for values in itertools.product(*axes.values()):
        p = chance(*values)
        yield dict(zip(names, values, strict=True)), (np.arange(runs) < round(p * runs)).astype(float)


def kin_table(chance=lambda r, b: float(r * b > 1.0)):
    return summary(cells(chance, kin__relatedness=R, game__benefit=B), "cooperators")


@pytest.fixture(scope="module")
def diagram():
    """The plane of relatedness and benefit, decided everywhere; nobody may change it."""
    return phase_diagram(kin_table(), "kin.relatedness", "game.benefit", setting=Setting(KIN, steps=100))


def by_gid(axes, gid):
    found = [artist for artist in axes.get_children() if artist.get_gid() == gid]
    assert len(found) <= 1 or gid == "theory"
    return found[0] if found else None


def texts(figure):
    return [t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text")) if t.get_text()]


def said(figure):
    return figure.get_supxlabel().replace("\n", " ")


def boxes(figure):
    """Where every visible piece of text stands, in pixels."""
    from matplotlib.text import Text

    figure.draw_without_rendering()
    aside = set()  # labels of ticks beyond the ends of an axis are not drawn
    for one in itertools.chain.from_iterable((axes.xaxis, axes.yaxis) for axes in figure.axes):
        low, high = sorted(one.get_view_interval())
        ticks = [*one.get_major_ticks(), *one.get_minor_ticks()]
        aside |= {id(label) for t in ticks if not low <= t.get_loc() <= high for label in (t.label1, t.label2)}
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and id(t) not in aside]
    return [(t.get_text(), t.get_window_extent()) for t in shown]


def nothing_is_cut_or_covered(figure):
    placed = boxes(figure)
    whole = figure.bbox
    for words, box in placed:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1, f"cut: {words!r}"
    for (one, a), (other, b) in itertools.combinations(placed, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        up = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 1 or up <= 1, f"{one!r} covers {other!r}"
    for bar in figure.axes[1:]:
        frame = figure.axes[0].get_window_extent()
        assert bar.get_window_extent().x0 > frame.x1
        assert not any(box.overlaps(bar.get_window_extent()) for _words, box in placed)


def test_the_cells_whose_interval_holds_the_neutral_level_are_hatched_and_no_others():
    table = kin_table(lambda r, b: {True: 0.9, False: 0.1}[r * b > 1.0] if abs(r * b - 1.0) > 0.15 else 0.5)
    figure = phase_diagram(table, "kin.relatedness", "game.benefit", setting=Setting(KIN))
    unsure = table[(table["low"] <= 0.5) & (table["high"] >= 0.5)]
    hatched = by_gid(figure.axes[0], "uncertain")
    middles = {tuple(np.round(path.vertices[:4].mean(axis=0), 9)) for path in hatched.get_paths()}
    assert hatched.get_hatch()
    assert middles == {(r, b) for r, b in zip(unsure["kin.relatedness"], unsure["game.benefit"], strict=True)}
    assert any("95 % interval holds 0.5" in words for words in texts(figure))


def test_the_colour_of_a_cell_is_its_mean(diagram):
    drawn = diagram.axes[0].collections[0].get_array()
    assert drawn.shape == (len(B), len(R))
    assert drawn[B.index(8.0), R.index(0.5)] == 1.0
    assert drawn[B.index(1.0), R.index(0.5)] == 0.0


def test_theorys_curve_goes_through_the_thresholds_of_these_very_worlds(diagram):
    x, y = by_gid(diagram.axes[0], "theory").get_data()
    for r in (0.2, 0.5):
        exact = expectation(replace(KIN, {"kin.relatedness": r})).value
        assert np.interp(r, x, y) == pytest.approx(exact, rel=2e-3)
    limit = by_gid(diagram.axes[0], "limit").get_data()
    assert np.interp(0.25, *limit) == pytest.approx(4.0, rel=2e-3)  # 1/r
    assert any("theory: (b/c)*, exact" in words for words in texts(diagram))


def test_the_axes_may_be_exchanged_and_the_cost_may_be_one():
    table = summary(cells(lambda c, r: 0.3, game__cost=[0.5, 1.0, 2.0], kin__relatedness=R), "cooperators")
    theory = Theory(KIN, {}, seed=0, graphs="each")
    curve = boundary(theory, axis(table, "game.cost", KIN), axis(table, "kin.relatedness", KIN)).exact
    place = int(np.argmin(np.abs(curve.y - 0.4)))
    exact = expectation(replace(KIN, {"kin.relatedness": float(curve.y[place])})).value
    assert curve.x[place] == pytest.approx(KIN.game.benefit / exact)


def test_whole_numbers_have_a_mark_each():
    table = summary(cells(lambda k, b: 0.5, network__graph__degree=[2, 4, 6], game__benefit=B), "cooperators")
    theory = Theory(DEGREES, {}, seed=0, graphs="each")
    found = boundary(theory, axis(table, "network.graph.degree", DEGREES), axis(table, "game.benefit", DEGREES))
    curve = found.exact
    assert curve.marked
    assert curve.x.tolist() == [2, 3, 4, 5, 6]
    assert curve.y == pytest.approx([28 / (30 / k - 2) for k in (2, 3, 4, 5, 6)])
    assert "first order" in found.said
    assert found.limit.y.tolist() == [2, 3, 4, 5, 6]


def test_without_an_axis_for_the_benefit_the_threshold_is_a_contour():
    world = replace(KIN, {"direct.enabled": True, "game.benefit": 2.0})
    table = summary(cells(lambda r, w: 0.5, kin__relatedness=[0.0, 0.5, 1.0], direct__continuation=[0.0, 0.4, 0.8]), "")
    theory = Theory(world, {}, seed=0, graphs="each")
    curve = boundary(theory, axis(table, "kin.relatedness", world), axis(table, "direct.continuation", world)).exact
    seen = np.isfinite(curve.x)
    for r, w in list(zip(curve.x[seen], curve.y[seen], strict=True))[::7]:
        exact = expectation(replace(world, {"kin.relatedness": float(r), "direct.continuation": float(w)})).value
        assert exact == pytest.approx(2.0, rel=0.03)


def test_an_axis_of_words_has_a_stroke_for_each_word():
    table = summary(cells(lambda u, b: 0.5, update=["birth_death", "death_birth", "imitation"], game__benefit=B), "")
    theory = Theory(DEGREES, {}, seed=0, graphs="each")
    curve = boundary(theory, axis(table, "update", DEGREES), axis(table, "game.benefit", DEGREES)).exact
    strokes = {float(x): float(y) for x, y in zip(curve.x[::3], curve.y[::3], strict=True) if np.isfinite(y)}
    assert list(strokes) == [0.5, 1.5]  # under birth-death no benefit is large enough
    assert strokes[0.5] == pytest.approx(28 / (30 / 4 - 2))


def test_a_threshold_on_random_graphs_is_the_mean_of_a_few():
    world = replace(DEGREES, {"network.graph": "erdos_renyi", "network.graph.probability": 0.3})
    each, one = (Theory(world, {}, seed=3, graphs=graphs).at({}).value for graphs in ("each", "one"))
    exact = [expectation(world, 3 + number).value for number in range(5)]
    assert one == exact[0]
    assert 1 / each == pytest.approx(np.mean([1 / value for value in exact]))


def test_where_theory_is_silent_the_caption_says_why():
    silent = replace(KIN, {"clock": "round"})
    figure = phase_diagram(kin_table(), "kin.relatedness", "game.benefit", setting=Setting(silent, steps=50, seed=7))
    assert by_gid(figure.axes[0], "theory") is None
    assert "Theory is silent: on the round clock" in said(figure)
    assert "N = 100" in said(figure) and "50 rounds, 40 runs a cell, seed 7" in said(figure)


def test_empty_cells_and_failed_runs_are_shown():
    rows = list(cells(lambda r, b: 0.1, kin__relatedness=R, game__benefit=B))[2:]
    rows[5] = (rows[5][0], rows[5][1][:0], 40)
    figure = phase_diagram(summary(rows, "cooperators"), "kin.relatedness", "game.benefit", setting=Setting(KIN))
    assert len(by_gid(figure.axes[0], "no data").get_xdata()) == 3
    assert "40 runs failed, in 1 cell" in said(figure)
    assert "no data" in texts(figure)


@pytest.mark.parametrize("kind", ["plain", "log", "words", "names", "small"])
def test_nothing_in_a_phase_diagram_is_cut_or_covered(kind, diagram):
    if kind == "plain":
        nothing_is_cut_or_covered(diagram)
        return
    base, x, y = KIN, "kin.relatedness", "game.benefit"
    if kind == "log":
        x = "update.intensity"
        axes = {"update__intensity": [0.001, 0.01, 0.1, 1.0], "game__benefit": B}
        table = summary(cells(lambda s, b: 0.5, **axes), "cooperators")
    elif kind == "words":
        base, x = DEGREES, "update"
        words = ["birth_death", "death_birth", "imitation", "pairwise_comparison", "wright_fisher"]
        table = summary(cells(lambda u, b: 0.5, update=words, game__benefit=B), "cooperators")
    elif kind == "names":
        base, x, y = None, "the_number_of_neighbours_that_everybody_has_on_the_first_day_of_the_year", "$x_1$"
        table = summary([({x: i, y: word}, np.array([1.0 * i, 2.0])) for i in range(12) for word in "abc"], "gini")
    else:
        table = summary(cells(lambda r, b: 0.9, kin__relatedness=[0.1, 0.4], game__benefit=[2.0, 6.0]), "cooperators")
    setting = Setting(base, model="" if base else "SomebodysModel", steps=100)
    nothing_is_cut_or_covered(phase_diagram(table, x, y, setting=setting, measure="cooperators" if base else "gini"))


def test_the_same_table_gives_the_same_bytes(tmp_path):
    written = []
    for name in ("a", "b"):
        figure = phase_diagram(kin_table(lambda r, b: 0.5), "kin.relatedness", "game.benefit", setting=Setting(KIN))
        (tmp_path / name).mkdir()
        written.append([path.read_bytes() for path in figures.save(figure, tmp_path / name, "phase")])
    assert written[0] == written[1]


def test_a_sample_is_drawn_as_points():
    dice = np.random.default_rng(1)
    drawn = dice.random((30, 2)).tolist()
    rows = [({"kin.relatedness": r, "game.benefit": 8 * b}, np.array([0.0, 1.0])) for r, b in drawn]
    axes = figure_for(summary(rows, "cooperators"), setting=Setting(KIN)).axes[0]
    assert len(axes.collections[0].get_offsets()) == 30
    assert by_gid(axes, "theory") is not None


def test_axes_are_logarithmic_where_values_grow_by_factors():
    values = {"log": [0.01, 0.1, 1.0], "linear": [0.0, 1.0, 5.0], "words": ["ring", "torus", 3]}
    for scale, given in values.items():
        assert axis(pd.DataFrame({"x": pd.Series(given, dtype=object)}), "x", None).scale == scale
    edges = axis(pd.DataFrame({"x": [1.0, 10.0, 100.0]}), "x", None).edges
    assert edges == pytest.approx(10 ** np.array([-0.5, 0.5, 1.5, 2.5]))


def test_white_is_the_share_at_the_start_and_colours_speak_of_cooperation_alone():
    def at(shades, value):
        from matplotlib.colors import to_hex

        return to_hex(shades.colours(shades.scale(value))).upper()

    assert neutral_level(KIN, "cooperators") == 0.5
    assert neutral_level(None, "cooperators") is None
    means = np.array([0.0, 1.0])
    few = palette(means, "cooperators", 0.2, KIN)
    assert (at(few, 1.0), at(few, 0.0)) == (figures.COOPERATE, figures.DEFECT)
    assert at(few, 0.2) == at(palette(means, "cooperators", 0.7, KIN), 0.7) == "#F6F5F2"
    assert at(palette(means, "share_alld", 0.5, KIN), 1.0) == figures.DEFECT
    assert figures.COOPERATE not in {at(palette(means, "happy", None, None), value) for value in (0.0, 1.0)}


def test_a_response_curve_has_a_line_for_each_value_and_theorys_threshold_for_each():
    rows = cells(lambda r, b: min(1.0, r * b / 3), kin__relatedness=[0.2, 0.5], game__benefit=B)
    table = summary(rows, "cooperators")
    figure = response_curve(table, "game.benefit", by="kin.relatedness", setting=Setting(KIN))
    lines = [line for line in figure.axes[0].lines if line.get_gid() == "theory"]
    exact = [expectation(replace(KIN, {"kin.relatedness": r})).value for r in (0.2, 0.5)]
    assert [line.get_xdata()[0] for line in lines] == pytest.approx(exact)
    assert {"0.2", "0.5", "relatedness r"} <= set(texts(figure))
    nothing_is_cut_or_covered(figure)


def test_a_threshold_along_another_axis_than_the_benefit_is_a_crossing():
    table = summary(cells(lambda r: 0.5, kin__relatedness=R), "cooperators")
    world = replace(KIN, {"game.benefit": 4.0})
    (r,) = crossings(Theory(world, {}, seed=0, graphs="each"), axis(table, "kin.relatedness", world), {})
    assert expectation(replace(world, {"kin.relatedness": r})).value == pytest.approx(4.0, rel=1e-3)
    figure = figure_for(table, setting=Setting(world))
    assert any(f"theory, exact: {r:.4g}" in words for words in texts(figure))
    nothing_is_cut_or_covered(figure)


def test_what_cannot_be_shown_is_refused():
    table = kin_table()
    with pytest.raises(InputError, match=r"varies game\.benefit as well"):
        response_curve(table, "kin.relatedness", setting=Setting(KIN))
    with pytest.raises(InputError, match="must be parameters of the sweep"):
        phase_diagram(table, "kin.relatedness", "size", setting=Setting(KIN))
    with pytest.raises(InputError, match="one or two parameters"):
        figure_for(table[:1], setting=Setting(KIN))


def test_sobol_bars_stand_in_the_order_of_the_total_index():
    indices = pd.DataFrame({
        "name": ["kin.relatedness", "game.benefit", "size"], "S1": [0.2, 0.5, 0.0], "S1_conf": [0.02, 0.05, 0.01],
        "ST": [0.3, 0.7, 0.01], "ST_conf": [0.02, 0.05, 0.01],
    })  # fmt: skip
    figure = sobol_bars(indices, base=KIN)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["individuals N", "relatedness r", "benefit b"]
    assert [bar.get_width() for bar in axes.containers[0]] == [0.01, 0.3, 0.7]
    nothing_is_cut_or_covered(figure)
