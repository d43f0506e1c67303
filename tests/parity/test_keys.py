"""Nodes with keys: the same worlds as with payoffs kept for each node, as in C, and as looking ahead."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import networkx
import numpy as np
import pytest

from coop_abm import CoopModel, Scenario, run
from coop_abm.core.dice import open_stream, stream_base
from coop_abm.core.errors import InputError
from coop_abm.core.kernel import engine
from coop_abm.engine.events import process
from coop_abm.engine.fixation import ensemble
from coop_abm.engine.history import EventWorld
from coop_abm.engine.keys import MOST_KEYS, advance_keyed, advance_wide, ensemble_keyed
from coop_abm.engine.measures import COUNTED, MEASURES, chosen
from coop_abm.scenario.knobs import replace
from coop_abm.structures import Edges

from .worlds import UPDATES, begun, both, difference, events_of, world

ROOT = Path(__file__).resolve().parents[2]
#: Payoffs, and means over 4 or 2 of them, that are sums of powers of two: exact in whatever order they are added up.
EXACT = {
    "game.benefit": 3.0, "game.cost": 1.0,
    "players": [{"share": share, "strategy": kind} for kind, share in (("allc", 0.5), ("alld", 0.25), ("grim", 0.25))],
}  # fmt: skip
TWO = [{"share": 0.5, "strategy": "allc"}, {"share": 0.5, "strategy": "alld"}]
KEYED = [update for update in UPDATES if update != "wright_fisher"]
#: One that replaces and one that compares; the others wait for --validate where each compiles anew.
SOME = ("death_birth", "pairwise_comparison")


def graph_world(update, graph=None, **changes):
    graph = {"kind": "torus"} if graph is None else graph
    return world(("network",), update, clock="event", **{"network.graph": graph, **EXACT, **changes})


def written(ready, scenario, runs=12, limit=3000):
    winner, events, gains = np.zeros(runs, np.int64), np.zeros(runs, np.int64), np.zeros(runs)
    ready.ensemble(ready.world, stream_base(5), 0, scenario.starting_counts(), limit, winner, events, gains)
    return winner, events, gains


def words(stream):
    return [np.uint64(word) for word in stream]


@pytest.mark.parametrize(
    ("update", "payoff"),
    [pytest.param(u, "averaged", marks=[pytest.mark.validate] * (u not in SOME)) for u in KEYED]
    + [pytest.param(u, "accumulated", marks=[pytest.mark.validate] * (u != "death_birth")) for u in KEYED],
)
def test_with_keys_every_run_is_the_one_without(update, payoff):
    for graph, size in (({"kind": "torus"}, 16), ({"kind": "star"}, 9), ({"kind": "lattice", "neighbours": 4}, 12)):
        if graph["kind"] == "lattice" and payoff == "averaged":
            continue  # thirds are not exact
        scenario = graph_world(update, graph, size=size, payoff=payoff)
        with_keys, without = (process(scenario, 1, record_gains=True, keyed=keyed) for keyed in (True, False))
        assert with_keys.keyed and not without.keyed
        for one, other in zip(written(with_keys, scenario), written(without, scenario), strict=True):
            assert np.array_equal(one, other), graph["kind"]


@pytest.mark.parametrize("update", KEYED)
def test_payoffs_kept_for_each_node_run_alike_on_both_engines(update):
    assert not difference(*both(events_of, graph_world(update), keyed=False))


def test_nodes_have_keys_only_where_a_key_says_it_all():
    weighted = networkx.cycle_graph(12)
    networkx.set_edge_attributes(weighted, {edge: 1.0 + edge[0] for edge in weighted.edges}, "weight")
    assert process(graph_world("death_birth")).keyed
    assert not process(graph_world("death_birth", Edges.of(weighted).model_dump())).keyed
    taken_over = world(("network", "group"), "death_birth", "torus", clock="event")
    assert not process(taken_over).keyed and process(replace(taken_over, {"group.split": 0.0})).keyed
    crowd = [{"share": 0.125, "strategy": {"kind": "gtft", "generosity": 0.1 * s}} for s in range(8)]
    hub = graph_world("death_birth", {"kind": "star"}, players=crowd)
    assert not process(hub).keyed and 2 * 8 * 12**7 > MOST_KEYS


def test_a_key_is_a_byte_where_there_are_few():
    assert process(graph_world("death_birth", players=TWO)).world.keys.blank.dtype == np.uint8
    assert process(graph_world("death_birth", {"kind": "ring", "degree": 10})).world.keys.blank.dtype == np.uint32


@pytest.mark.parametrize("update", ["death_birth", "pairwise_comparison"])
def test_looking_ahead_changes_nothing(update):
    scenario = graph_world(update)
    ready = process(scenario, 1)
    happen = ready.advance.callees["happen"]
    found = []
    for advance in (advance_keyed, advance_wide):
        bound = advance.using(happen=happen)
        for k in range(6):
            stream, (key, count) = begun(ready, scenario, words(open_stream(stream_base(3), k)))
            for limit in (1, 7, 100, 5000):  # the last one ends in the midst of a batch
                answer = bound(ready.world, key, count, limit, *words(stream))
                stream = answer[-4:]
                found.append((advance is advance_wide, k, limit, answer, key.tolist(), count.tolist()))
    half = len(found) // 2
    assert [one[1:] for one in found[:half]] == [other[1:] for other in found[half:]]
    assert any(0 < one[3][0] < one[2] for one in found)


def test_looking_ahead_is_the_same_on_both_engines():
    scenario = graph_world("pairwise_comparison")
    ready = process(scenario, 1)
    bound = advance_wide.using(happen=ready.advance.callees["happen"])
    ends = []
    for name in ("plain", "compiled"):
        with engine(name):
            stream, (key, count) = begun(ready, scenario, words(open_stream(stream_base(3), 1)))
            answer = bound(ready.world, key, count, 300, *words(stream))
            ends.append(([float(x) for x in answer], key.tolist(), count.tolist()))
    assert ends[0] == ends[1]


def test_the_yardstick_in_c_gives_the_very_same_runs(tmp_path):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    target = tmp_path / "death_birth.so"
    source = ROOT / "benchmarks" / "death_birth.c"
    subprocess.run(
        [compiler, "-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC", str(source), "-o", str(target)],
        check=True,
    )
    scenario = graph_world("death_birth", size=36, players=TWO, **{"game.benefit": 6.1})
    ready, start, base, runs = process(scenario, 1), np.array([4, 32]), stream_base(9), 200
    sites, keys = ready.world, ready.world.keys
    winner, events = np.zeros(runs, np.int64), np.zeros(runs, np.int64)

    def pointer(column):
        return column.ctypes.data_as(ctypes.c_void_p)

    whole = ctypes.c_int64
    ctypes.CDLL(str(target)).ensemble(
        whole(sites.size), whole(int(sites.indptr[0])), pointer(sites.indices), pointer(keys.radix),
        whole(keys.stride), pointer(keys.holds), pointer(keys.idle), pointer(keys.fitness), whole(2),
        ctypes.c_uint64(int(base)), whole(0), whole(runs), pointer(start), whole(10**6), pointer(winner),
        pointer(events),
    )  # fmt: skip
    ours = ensemble(ready, start, runs, base=base)
    assert np.array_equal(ours.winner, winner) and np.array_equal(ours.events, events)
    assert 0 < (winner == 0).sum() < runs


def test_a_kernel_of_an_ensemble_is_that_of_its_rule():
    one, other = (process(graph_world(update)) for update in ("death_birth", "imitation"))
    assert one.ensemble.function is other.ensemble.function is ensemble_keyed.function
    assert one.ensemble.digest != other.ensemble.digest


# ------------------------------------------------------------------------------- recording

COUNTING = ("cooperators", "individuals", "good_standing", "cooperation")


def same_frames(one, other):
    from pandas.testing import assert_frame_equal

    assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize(
    "name",
    ["keyed", "kept", "mixed", "wright_fisher"],
)
def test_what_is_recorded_is_what_looking_finds(name):
    scenario = {
        "keyed": graph_world("death_birth"),
        "kept": world(("network", "group"), "imitation", "torus", clock="event"),
        "mixed": world((), "pairwise_comparison", clock="event"),
        "wright_fisher": world((), "wright_fisher", clock="event"),
    }[name]
    assert EventWorld(scenario, 4).tells(COUNTING)
    recorded, looked = CoopModel(scenario, rng=4, measures=COUNTING), CoopModel(scenario, rng=4)
    stepped = CoopModel(scenario, rng=4, measures=COUNTING)
    recorded.run_for(3)
    recorded.run_for(9)
    looked.run_for(12)
    for _ in range(12):
        stepped.step()
    same_frames(recorded.frame(), stepped.frame())
    same_frames(recorded.frame(), looked.frame()[list(recorded.frame())])
    same_frames(recorded.frame(), run(scenario, steps=12, seed=4, measures=COUNTING).frame)
    assert np.array_equal(recorded.snapshot().strategy, looked.snapshot().strategy)
    assert (recorded.steps, recorded.time) == (12, 12.0)


def test_events_that_others_schedule_happen_between_recorded_generations():
    pages = []
    models = [CoopModel(graph_world("death_birth", size=36), rng=4, measures=["cooperators"]) for _ in range(2)]

    def write():
        pages.append([(model.time, model.steps, len(model.frame())) for model in models if model.time == 3.5])

    for model in models:
        model.schedule_event(write, at=3.5)
    models[0].run_for(8)
    for _ in range(8):
        models[1].step()
    same_frames(models[0].frame(), models[1].frame())
    assert pages == [[(3.5, 3, 4)]] * 2


def test_a_world_that_somebody_watches_is_looked_at():
    class Watching(CoopModel):
        """Counts its steps itself."""

        watched = 0

        def step(self):
            super().step()
            self.watched += 1

    model = Watching(graph_world("death_birth"), rng=4, measures=())
    model.run_for(5)
    assert model.watched == 5
    seen = []
    model = CoopModel(
        graph_world("death_birth"), rng=4, measures=(), model_reporters={"seen": lambda m: seen.append(m.observed) or 0}
    )
    model.run_for(5)
    assert len(seen) == 6 and "assortment" in seen[0]


@pytest.mark.parametrize("where", [lambda m: run(Scenario(), measures=m), lambda m: CoopModel(rng=1, measures=m)])
def test_a_measure_that_is_none_is_refused_in_one_line(where):
    with pytest.raises(InputError, match=r"^measures: must be among cooperators, .*; got 'wealth'$"):
        where(["cooperators", "wealth"])


def test_measures_are_collected_in_the_order_in_which_they_are_named():
    frame = run("network", steps=2, measures=["individuals", "assortment", "individuals"]).frame
    assert list(frame) == ["time", "individuals", "assortment", "share_reciprocator", "share_alld"]
    assert chosen(None) == tuple(MEASURES) and chosen("groups") == ("groups",) and set(COUNTED) <= set(MEASURES)


MEMORY = """
import resource
from coop_abm import run
from coop_abm.scenario.knobs import replace
from coop_abm.scenario.library import named
world = {"network.graph": {"kind": "torus"}, "update": "death_birth"}
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
small = run(replace(named("network"), {**world, "size": 90_000}), steps=1, seed=1, measures=["cooperators"])
before, size = peak(), 1_000_000
run(replace(named("network"), {**world, "size": size}), steps=1, seed=1, measures=["cooperators"])
print((peak() - before - 16 * size) / size)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read as Linux has it")
@pytest.mark.validate
def test_a_million_nodes_take_few_bytes_each_beside_their_neighbours():
    # Ten million may take 60 bytes each; 20 of them are the interpreter and its libraries.
    told = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, cwd=ROOT, timeout=600)
    assert told.stderr == "" and float(told.stdout) < 40.0
