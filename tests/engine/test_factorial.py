"""A factorial is crossed by the engine: every cell once, none by hand, and what cannot be crossed is refused."""

from __future__ import annotations

from math import comb

import pytest

from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.engine.factorial import Factorial, Treatment, contestant, read_factorial
from coop_abm.engine.repeated_games import RepeatedGame
from coop_abm.experiments import published
from coop_abm.games import PrisonersDilemma
from coop_abm.scenario.minds import Model, Table
from coop_abm.scenario.wording import declared

LANGUAGES = ("en", "fr", "de", "es", "ar", "zh", "vi")


@pytest.mark.parametrize("languages", [1, 3, 7])
@pytest.mark.parametrize("personas", [1, 2, 3])
def test_languages_and_pairs_of_personalities_are_complete(languages, personas):
    """n(languages) x n(pairs) cells, each once: pairs without order, because the two players are equal."""
    design = Factorial(
        languages=LANGUAGES[:languages], personas=("none", "cooperative", "selfish")[:personas], horizons=("known",)
    )
    cells = design.cells()
    pairs = {cell.personas for cell in cells}
    assert len(pairs) == comb(personas + 1, 2)
    assert len(cells) == languages * len(pairs) == len({cell.name for cell in cells})
    assert {(cell.language, cell.personas) for cell in cells} == {(l, p) for l in LANGUAGES[:languages] for p in pairs}


def test_order_of_seats_counts_where_players_differ_or_where_it_is_asked_for():
    one = {"languages": ("en",), "horizons": ("known",)}
    assert len(Factorial(**one).cells()) == 3
    assert len(Factorial(**one, ordered=True).cells()) == 4
    assert len(Factorial(**one, models=("tft vs softmax",)).cells()) == 4


def test_a_group_of_three_has_its_personalities_without_order_too():
    design = Factorial(games=(Treatment(game="public_goods"),), languages=("en",), horizons=("known",))
    assert {cell.personas for cell in design.cells()} == {
        ("cooperative",) * 3, ("cooperative", "cooperative", "selfish"), ("cooperative", "selfish", "selfish"),
        ("selfish",) * 3,
    }  # fmt: skip


def test_the_world_of_a_cell_is_what_its_name_says():
    design = Factorial(
        games=(Treatment(game="pd", levels=("harsh",), stakes=(2.0,), framings=("reward",)),), languages=("fr",),
        personas=("selfish",), knowledge=(0.5,), horizons=("unknown",), models=("softmax?precision=1",), rounds=6,
    )  # fmt: skip
    ((cell, world),) = design.cells().items()
    assert cell.name == "pd harsh x2 reward fr selfish+selfish q0.5 unknown softmax?precision=1"
    assert isinstance(world, RepeatedGame) and (world.language, world.horizon, world.rounds) == ("fr", "unknown", 6)
    assert world.pays().tolist() == [[0.0, 10.0], [4.0, 20.0]] and world.knowledge == 0.5
    assert [p.strategy.precision for p in world.players] == [1.0, 1.0]


def test_payoffs_of_ones_own_are_a_game_like_any_other():
    mine = Treatment(game="mine", payoffs=PrisonersDilemma(temptation=9.0))
    (cell, *_), (world, *_) = zip(*Factorial(games=(mine,)).cells().items(), strict=True)
    assert cell.game == "mine" and world.game.temptation == 9.0


def test_a_language_model_sits_where_its_name_stands_and_takes_the_place_of_all():
    assert isinstance(contestant("tft").policy, Table)
    assert contestant("openai/gpt-x").policy == Model(model="openai/gpt-x")
    assert Factorial(models=("tft", "softmax")).with_policy("ollama/some").models == ("ollama/some",)
    assert Factorial(models=("tft", "softmax")).with_policy("stand-in").models == ("tft", "softmax")


def test_the_shipped_files_are_read_and_the_published_one_has_the_published_cells():
    """FAIRGAME: 8,400 games of 10 per cell, 3,600 of them prisoner's dilemmas."""
    cells = read_factorial(published.path("fairgame")).cells()
    assert len(cells) == 840
    assert sum(cell.game == "pd" for cell in cells) == 360
    assert len(read_factorial(published.path("languages")).cells()) == 2580


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"languages": ["en", "xx"]}, "languages: must be among en, fr, de, es, ar, zh, vi; got 'xx'"),
        ({"personas": ["angry"]}, "personas: must be among none, cooperative, selfish; got 'angry'"),
        ({"models": ["nobody"]}, "models: must be among allc, alld, "),
        ({"models": ["softmax?precision=-1"]}, r"models: softmax.precision must be a number in [0, 1,000]; got -1"),
        ({"games": [{"game": "chess"}]}, "games.0: game must be one of pd, stag_hunt, snowdrift, harmony, battle_"),
        ({"games": [{"game": "pd", "levels": ["soft"]}]}, "games.0: levels of pd must be among mild, conventional, "),
        ({"games": [{"stakes": [0]}]}, "games.0.stakes: must be numbers in [0.001, 1000]; got 0"),
        ({"languages": ["en", "en"]}, "languages: must list each once; got 'en' twice"),
        ({"languages": []}, "languages: must list at least one; got none"),
        ({"languages": "en"}, "languages must be a list; got 'en'"),
        ({"knowledge": [2.0]}, "knowledge: must be numbers in [0, 1]; got 2"),
        ({"horizons": ["long"]}, "horizons: must be among known, unknown; got 'long'"),
        ({"langs": ["en"]}, "langs: no such knob; did you mean languages?"),
        ({"games": [{"game": "pd"}, {}]}, "games: must list each once; got 'pd' twice"),
        ({"games": [{"levels": ["mild"]}, {"levels": ["harsh", "mild"]}]}, "is crossed twice"),
        ({"games": [{"game": "public_goods"}], "models": ["tft vs alld"]}, "models: 'tft vs alld' names 2 players"),
        ({"games": [{"stakes": [1 + k / 100 for k in range(999)]}], "knowledge": [k / 99 for k in range(99)]},
         "must cross at most 100,000 cells; these are more"),
    ],
)  # fmt: skip
def test_what_cannot_be_crossed_is_refused_in_one_line(values, said):
    with pytest.raises(ScenarioError) as refused:
        declared(Factorial, values)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    bad = tmp_path / "mine.toml"
    bad.write_text('languages = ["xx"]', encoding="utf-8")
    with pytest.raises(InputError, match=r"^mine.toml: languages: must be among"):
        read_factorial(bad)
    with pytest.raises(InputError, match=r"^none.toml: no such file$"):
        read_factorial(tmp_path / "none.toml")
