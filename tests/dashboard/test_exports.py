"""What is taken away is what the command line makes, byte for byte."""

import csv
import io
import random
import xml.etree.ElementTree

import networkx
import pytest

from coop_abm import lab
from coop_abm.cli_knobs import changes as words_of
from coop_abm.core.errors import InputError, ScenarioError
from coop_abm.dashboard import controls, exports, links
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.citation import citation
from coop_abm.scenario.expectation import expectation
from coop_abm.scenario.files import dumps, load
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import NAMED, named

SMALL = [name for name in NAMED if named(name).size <= 100]


def drawn(number):
    """A world that somebody could have made on the page: a few controls moved."""
    draw = random.Random(number)
    world = named(draw.choice(SMALL))
    for _ in range(draw.randrange(1, 7)):
        declared = [k for k in knobs(world) if k.path != "size" and not k.path.startswith(("name", "desc", "talk"))]
        knob = draw.choice([k for k in declared if not k.path.endswith(("policy", "opinions"))])
        if knob.choices:
            value = draw.choice([c for c in knob.choices if c != "edges"])
        elif isinstance(knob.value, bool):
            value = not knob.value
        elif isinstance(knob.value, int | float):
            low, high, step = controls.slider(knob, world.size)
            value = type(knob.value)(low + step * draw.randrange(int((high - low) / step) + 1))
        else:
            continue
        try:
            world = replace(world, controls.changes(world, knob.path, value))
            world.answers(0)
        except InputError:
            continue
    return world


def shares(world, seed, steps=6):
    frame = lab.run(world, steps=steps, seed=seed, measures=["cooperators"]).frame
    return frame.to_csv(index=False, lineterminator="\n").encode()


@pytest.mark.parametrize("number", range(50))
def test_link_command_and_file_make_the_same_run(number, tmp_path):
    world, seed = drawn(number), 1000 + number
    link = links.write(world, seed)
    assert len(link) < 1900  # below 2,000 with the address before it
    by_link = links.read(link, named("network"), 0)
    assert (by_link.error, by_link.seed) == ("", seed)
    _, _, name, *rest = exports.shlex.split(links.command(world, seed, 6))
    options = words_of(rest)
    assert (options.pop("seed"), options.pop("steps")) == (seed, 6)
    (tmp_path / "world.toml").write_text(dumps(world))
    curves = {shares(w, seed) for w in (world, by_link.scenario, lab.world(name, **options),
                                        load(tmp_path / "world.toml"))}  # fmt: skip
    assert len(curves) == 1


def test_random_worlds_are_worth_the_name():
    worlds = [drawn(number) for number in range(50)]
    assert len({w.name for w in worlds}) >= 8 and len({dumps(w) for w in worlds}) >= 45
    assert any(len(w.players) > 2 and w.name not in ("image_scoring", "stern_judging") for w in map(third, worlds))


def third(world):
    return replace(world, controls.changes(world, f"players.{len(world.players)}.strategy", "tft"))


def test_the_table_is_that_of_the_command_line(tmp_path):
    run = exports.again(named("kin"), 7, 12, lambda words, share: None)
    name, content, kind = exports.file_of(run, "csv")
    lab.run("kin", steps=12, seed=7).save(tmp_path)
    assert content == (tmp_path / "series.csv").read_bytes()
    assert (name, kind) == ("kin_seed7_series.csv", "text/csv")
    assert len(list(csv.DictReader(io.StringIO(content.decode())))) == 13


def test_figures_open():
    run = exports.again(named("kin"), 7, 12, lambda words, share: None)
    assert exports.file_of(run, "png")[1].startswith(b"\x89PNG\r\n")
    assert xml.etree.ElementTree.fromstring(exports.file_of(run, "svg")[1]).tag.endswith("svg")


def test_a_run_that_takes_too_long_names_the_command_line():
    with pytest.raises(InputError, match="coop-abm run nowak_may --seed 1 --steps 100000"):
        exports.again(named("nowak_may"), 1, 100_000, lambda words, share: None)


@pytest.mark.parametrize("name", NAMED)
def test_a_caption_says_how_to_run_it_again(name):
    world = replace(named(name), {"size": named(name).size})
    text = exports.caption(world, 7, 340, expectation(world) if name in SMALL else None)
    assert text.endswith("].") and f"{world.size:,} individuals" in text and "coop_abm" in text
    back, seed, steps = exports.from_caption(text)
    assert (back, seed, steps) == (world, 7, 340)


def test_a_caption_names_both_graphs():
    world = replace(named("network"), {"network.replacement": {"kind": "ring", "degree": 6}})
    text = exports.caption(world, 7, 340, None)
    assert "on a torus graph (neighbours 4, rows 0), replaced on a ring graph (degree 6), played" in text
    assert exports.from_caption(text) == (world, 7, 340)


def test_a_caption_without_a_command_is_refused():
    with pytest.raises(ScenarioError, match="caption: no command line"):
        exports.from_caption("A population of 100 individuals.")


def test_a_graph_of_ones_own_has_no_link_but_a_file():
    own = lab.world("network", graph=networkx.karate_club_graph())
    with pytest.raises(ScenarioError, match="save it as TOML"):
        links.write(own, 3)
    assert links.command(own, 3, 10) == "coop-abm run world.toml --seed 3 --steps 10"
    assert exports.caption(own, 3, 10).startswith("A population of 34 individuals on a graph of our own")


def test_references_are_those_of_the_world():
    assert "OhtsukiHauertLiebermanNowak2006" in citation(named("network"))
