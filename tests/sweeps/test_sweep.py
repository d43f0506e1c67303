"""What is asked for on a command line or in a file is what is done, and what cannot be is refused before any run."""

import numpy as np
import pytest

from coop_abm.core.errors import InputError, StoreError
from coop_abm.sweeps.export import digest
from coop_abm.sweeps.orders import asked
from coop_abm.sweeps.picture import picture
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_care import status
from coop_abm.sweeps.store_merge import merge
from coop_abm.sweeps.sweep import sweep

SHORT = {"steps": 5, "replicates": 4, "measures": "cooperators"}
KIN = {"clock": "event", "size": 20}
FILE = """
clock = "event"
size = 20

[kin]
enabled = true

[sweep]
replicates = 3
steps = 4
measures = "cooperators"

[sweep.grid]
"kin.relatedness" = "0:0.5:3"
game.benefit = [2, 4]
"""


def order(**more):
    settings = SHORT | more.pop("settings", {})
    return asked(more.pop("scenario", "kin"), knobs=KIN | more.pop("knobs", {}), settings=settings, **more)


def done(path, wanted, **how):
    swept = sweep(wanted, store=path, workers=0, **how)
    with Store(path, read_only=True) as store:
        return swept, digest(store), status(store)


def test_a_file_says_it_and_the_command_line_wins(tmp_path):
    file = tmp_path / "world.toml"
    file.write_text(FILE)
    wanted = asked(str(file))
    assert list(wanted.design)[:2] == [
        {"kin.relatedness": 0.0, "game.benefit": 2}, {"kin.relatedness": 0.0, "game.benefit": 4}
    ]  # fmt: skip
    assert (wanted.settings.replicates, wanted.settings.steps, len(wanted.design)) == (3, 4, 6)
    more = asked(str(file), settings={"replicates": 9}, grid=["size=10,20"])
    assert (more.settings.replicates, more.settings.steps, list(more.design)) == (9, 4, [{"size": 10}, {"size": 20}])
    swept, _, found = done(tmp_path / "s.sqlite", wanted)
    assert (swept.progress.done, found.done, found.cells) == (18, 18, 6)


def test_the_same_again_does_nothing_and_more_adds_to_it(tmp_path):
    path = tmp_path / "s.sqlite"
    _, first, _ = done(path, order(grid=["kin.relatedness=0:0.5:3"]))
    again, second, _ = done(path, order(grid=["kin.relatedness=0:0.5:3"]))
    assert first == second and again.progress.found == again.progress.done == 12
    more, _, found = done(path, order(grid=["kin.relatedness=0:0.5:5"], settings={"replicates": 6}))
    assert (more.progress.found, more.progress.done, found.done) == (12, 30, 30)
    with pytest.raises(StoreError, match=r"holds another sweep: steps is 5 there and 6 here|another sweep: .*steps"):
        done(path, order(grid=["kin.relatedness=0:0.5:3"], settings={"steps": 6}))


def test_shards_make_one_store_equal_to_the_whole(tmp_path):
    wanted = order(grid=["kin.relatedness=0:0.5:6"])
    _, whole, _ = done(tmp_path / "whole.sqlite", wanted)
    parts = [tmp_path / f"part{i}.sqlite" for i in (1, 2, 3)]
    counts = [done(path, wanted, shard=f"{i}/3")[2].cells for i, path in enumerate(parts, 1)]
    merge(tmp_path / "merged.sqlite", parts)
    with Store(tmp_path / "merged.sqlite", read_only=True) as store:
        assert digest(store) == whole and sum(counts) == 6


def test_replicates_are_added_until_intervals_are_narrow(tmp_path):
    path = tmp_path / "s.sqlite"
    wanted = order(grid=["game.benefit=1,9"], settings={"until_ci": 0.05, "steps": 200, "replicates": 20})
    swept, first, _ = done(path, wanted)
    assert [found.parameters["game.benefit"] for found in swept.found] == [1, 9]
    assert all((found.result.high - found.result.low) / 2 <= 0.05 for found in swept.found)
    again, second, _ = done(path, wanted)
    assert second == first and again.found == swept.found and again.progress.done == again.progress.found


def test_a_threshold_is_found_near_theory_and_found_again(tmp_path):
    wanted = order(
        knobs={"kin.relatedness": 0.5, "size": 30},
        settings={"find_threshold": "game.benefit=1:8", "steps": 300, "precision": 0.05, "replicates": 100},
    )
    swept, first, _ = done(tmp_path / "s.sqlite", wanted)
    (found,) = swept.found
    exact = (30 - 1 - 0.5) / (0.5 * 30 - 1)
    assert abs(found.result.value - exact) < 4 * found.result.error < 0.5 * exact
    again, second, _ = done(tmp_path / "s.sqlite", wanted)
    assert (again.found, second) == (swept.found, first)


def test_cells_whose_worlds_are_equal_are_each_a_point(tmp_path):
    wanted = order(grid=["kin.enabled=false,true", "kin.relatedness=0.1,0.4"])
    _, _, found = done(tmp_path / "s.sqlite", wanted)
    assert found.cells == 4


def test_indices_of_sensitivity_are_read_from_the_store(tmp_path):
    pytest.importorskip("SALib")
    wanted = order(
        ranges=["game.benefit=1:9", "execution_error=0:0.1"], saltelli=16,
        settings={"steps": 100, "replicates": 8},
    )  # fmt: skip
    done(tmp_path / "s.sqlite", wanted)
    with Store(tmp_path / "s.sqlite", read_only=True) as store:
        drawn = picture(store)
    assert sorted(drawn.table["name"]) == ["execution_error", "game.benefit"]
    assert np.isfinite(drawn.table[["S1", "ST"]].to_numpy()).all()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"grid": ["kin.relatednes=0:1:3"]}, r"^kin\.relatednes: no such knob"),
        ({"grid": ["kin.relatedness=0:2:3"]}, r"^kin\.relatedness must be a number in \[0, 1\]; got 2$"),
        ({"grid": ["kin.relatedness=0:1"]}, r"^grid\.kin\.relatedness: write LOW:HIGH:NUMBER"),
        ({"settings": {"replicates": 0}}, r"^replicates must be a whole number in \[1, "),
        ({"settings": {"pairing": "both"}}, r"^pairing must be one of paired, independent; got 'both'$"),
        ({"settings": {"measures": "cooperaters"}}, r"^measures: must be among cooperators, "),
        ({"settings": {"measure": "payoff"}}, r"^measure: must be among cooperators, .*got 'payoff'$"),
        ({"latin": 4}, r"no ranges; a sample needs at least one"),
        ({"latin": 4, "sobol": 4, "ranges": ["size=10:20:int"]}, r"^--latin and --sobol: there can be one sample$"),
        ({"settings": {"find_threshold": "game.benefit=8:1"}}, r"^find_threshold\.game\.benefit: low must not exceed"),
        ({"settings": {"find_threshold": "update=1:8"}}, r"^find_threshold: must be a number of this world"),
        (
            {"settings": {"find_threshold": "game.benefit", "until_ci": 0.1}},
            r"^until_ci and find_threshold: one of them$",
        ),
        (
            {"settings": {"find_threshold": "game.benefit"}, "grid": ["game.benefit=1:8:3"]},
            r"^find_threshold: game\.benefit is an axis of the sweep as well; name it once$",
        ),
        ({"scenario": "nosuch.module:Model", "knobs": {}}, r"nosuch"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_in_one_line_before_any_run(more, words):
    with pytest.raises(InputError, match=words) as refusal:
        order(**more)
    assert "\n" not in str(refusal.value)
