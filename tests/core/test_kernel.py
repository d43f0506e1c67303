"""One source, two engines, and machine code that is never stale."""

import math
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coop_abm.core import kernel as kernels
from coop_abm.core.dice import dice, drawn, philox, uniform
from coop_abm.core.errors import InputError
from coop_abm.core.kernel import Kernel, engine, kernel
from coop_abm.core.locks import Lock
from coop_abm.engine.learning import fitness_of
from coop_abm.policies.rule import read_table
from coop_abm.structures.neighbours import random_neighbour
from coop_abm.updates.base import anyone
from coop_abm.updates.imitation import copying_probability
from coop_abm.updates.moran import competitor

ROOT = Path(__file__).resolve().parents[2]
FACTOR = 3.0


@kernel
def inner(x):
    return x + 1.0


@kernel
def other_inner(x):
    return x * FACTOR


@kernel
def outer(x):
    return 10.0 * inner(x)


@kernel
def outermost(x):
    return outer(x) + inner(x)


@pytest.fixture(params=["plain", "compiled"])
def each_engine(request):
    with engine(request.param):
        yield request.param


# ------------------------------------------------------------------------------- engines


@pytest.mark.parametrize("name", ["", "fast", "Plain", "numba", None])
def test_an_unknown_engine_is_refused_and_the_permitted_ones_named(name):
    with pytest.raises(InputError, match=r"^engine must be one of compiled, plain; got"), engine(name):
        pass


def test_an_unknown_engine_in_the_environment_is_refused():
    code = "from coop_abm.core.dice import stream_base, open_stream; open_stream(stream_base(0), 0)"
    done = started(code, COOP_ABM_ENGINE="warp")
    assert done.returncode != 0
    assert "InputError: COOP_ABM_ENGINE must be one of compiled, plain; got 'warp'" in done.stderr


def test_the_environment_chooses_the_engine():
    done = started("from coop_abm.core.kernel import current_engine; print(current_engine())", COOP_ABM_ENGINE="plain")
    assert done.stdout == "plain\n"


def test_the_engine_before_comes_back_after_a_block_and_after_an_error():
    before = kernels.current_engine()
    with pytest.raises(ZeroDivisionError), engine("plain"), engine("compiled"):
        raise ZeroDivisionError
    assert kernels.current_engine() == before


def test_the_plain_engine_runs_the_lines_and_the_compiled_one_does_not():
    steps = []

    def told(x):
        return told_of(x)

    def told_of(x):
        steps.append(x)
        return x

    assert Kernel(told).plain(1) == 1
    assert steps == [1]
    with engine("plain"):
        outer(1.0)
    assert not hasattr(outer.plain, "signatures")
    assert hasattr(outer.stored, "signatures")


# ------------------------------------------------------------------------------- using


def test_using_rebinds_a_callee_on_both_engines(each_engine):
    assert outer(2.0) == 30.0
    assert outer.using(inner=other_inner)(2.0) == 60.0
    assert outer(2.0) == 30.0, "the original is as it was"


def test_using_changes_what_the_kernel_itself_calls_and_nothing_further_down(each_engine):
    assert outermost.using(inner=other_inner)(2.0) == 30.0 + 6.0
    rebound = outer.using(inner=other_inner)
    assert outermost.using(outer=rebound)(2.0) == 60.0 + 3.0


def test_using_twice_adds_up(each_engine):
    rebound = outermost.using(inner=other_inner).using(outer=inner)
    assert rebound(2.0) == 3.0 + 6.0


def test_the_same_variant_is_made_once():
    assert outer.using(inner=other_inner) is outer.using(inner=other_inner)


def test_variants_have_machine_code_of_their_own():
    assert len({k.digest for k in (outer, outer.using(inner=other_inner), outermost, inner, other_inner)}) == 5


def test_a_constant_that_a_kernel_reads_is_part_of_its_digest(monkeypatch):
    before = Kernel(other_inner.function).digest
    monkeypatch.setitem(other_inner.function.__globals__, "FACTOR", 4.0)
    assert Kernel(other_inner.function).digest != before


# ------------------------------------------------------------------------------- plain = compiled


def same_bits(function, *arguments):
    """The answer and everything written, bit for bit, on both engines."""
    answers = []
    for name in ("plain", "compiled"):
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        with engine(name):
            answer = function(*copies)
        written = [a.tobytes() for a in copies if isinstance(a, np.ndarray)]
        flat = answer if isinstance(answer, tuple) else () if answer is None else (answer,)
        answers.append(([float(x).hex() if isinstance(x, float) else int(x) for x in flat], written))
    assert answers[0] == answers[1]


UNIT = st.floats(0, 1, exclude_max=True)
WORD32 = st.integers(0, 2**32 - 1).map(np.uint64)
WORD64 = st.integers(0, 2**64 - 1).map(np.uint64)
PAYOFFS = st.lists(st.floats(-50, 50), min_size=1, max_size=8).map(np.array)
RARELY = settings(max_examples=60, deadline=None)


@RARELY
@given(st.tuples(*[WORD32] * 6))
def test_philox_is_the_same_on_both_engines(words):
    same_bits(philox, *words)


@RARELY
@given(st.tuples(*[WORD64] * 4))
def test_a_stream_is_the_same_on_both_engines(words):
    same_bits(drawn, *words)


@RARELY
@given(st.tuples(*(st.integers(0, high) for high in (1, 8, 2**62, 2**40, 2**40))))
def test_addressed_draws_are_the_same_on_both_engines(address):
    same_bits(uniform, dice(8, 2), *address)


@RARELY
@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3), st.floats(0, 100))
def test_the_fermi_function_is_the_same_on_both_engines(mine, theirs, intensity):
    if intensity * (mine - theirs) < 700:
        same_bits(copying_probability, mine, theirs, intensity)


@RARELY
@given(PAYOFFS, st.floats(0, 100), st.data())
def test_fitness_is_the_same_on_both_engines(payoff, intensity, data):
    alive = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(payoff), max_size=len(payoff))), np.int8)
    same_bits(fitness_of, payoff, alive, intensity, np.zeros(len(payoff)))


@st.composite
def small_graphs(draw):
    size = draw(st.integers(2, 7))
    dense = np.zeros((size, size))
    for i in range(size):
        for j in range(i):
            dense[i, j] = dense[j, i] = draw(st.sampled_from([0.0, 0.0, 1.0, 0.1, 2.7]))
    indptr = np.concatenate([[0], np.cumsum((dense > 0).sum(axis=1))]).astype(np.int64)
    indices = np.nonzero(dense)[1].astype(np.int64)
    weight = dense[dense > 0] if draw(st.booleans()) else np.empty(0)
    return size, indptr, indices, weight


@RARELY
@given(small_graphs(), UNIT, st.data())
def test_choices_among_neighbours_are_the_same_on_both_engines(graph, u, data):
    size, *rows = graph
    fitness = np.array(data.draw(st.lists(st.floats(0, 9), min_size=size, max_size=size)))
    i = data.draw(st.integers(0, size - 1))
    same_bits(random_neighbour, i, u, size, *rows)
    payoff, own = fitness - 4.0, data.draw(st.sampled_from([0.0, 1.0]))
    same_bits(competitor, i, u, own, size, *rows, np.arange(size), fitness, payoff, 0.7)
    same_bits(competitor, i, u, own, size, *rows, np.arange(size), np.zeros(size), payoff, 0.7)  # all fitness vanished


@RARELY
@given(UNIT, st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any))
def test_whoever_is_drawn_is_the_same_on_both_engines_and_exists(u, heads):
    multiplicity = np.array(heads, float)
    same_bits(anyone, u, len(heads), multiplicity)
    assert heads[anyone(u, len(heads), multiplicity)] > 0


@RARELY
@given(st.integers(1, 5), st.data())
def test_reading_a_table_is_the_same_on_both_engines(rows, data):
    table = np.random.default_rng(1).random((3, 2, 5, 3, 2, 2))
    view = [
        np.array(data.draw(st.lists(st.integers(0, high), min_size=rows, max_size=rows)), np.int64)
        for high in (2, 1, 4, 2, 1, 1)
    ]
    draw = np.array(data.draw(st.lists(UNIT, min_size=rows, max_size=rows)))
    same_bits(read_table, table, *view, draw, np.zeros(rows, np.int64))


def test_random_words_wrap_around_without_a_warning_on_both_engines(each_engine):
    drawn(*[np.uint64(2**64 - 1)] * 4)


def test_exp_of_a_scalar_is_that_of_python_on_both_engines(each_engine):
    for gain in (-3.7, 0.1, 12.9):
        assert copying_probability(0.0, gain, 0.9) == 1.0 / (1.0 + math.exp(-0.9 * gain))


# ------------------------------------------------------------------------------- the cache


def started(code, **environment):
    paths = os.pathsep.join([str(ROOT), *([environment.pop("PYTHONPATH")] if "PYTHONPATH" in environment else [])])
    # Without byte code, which is compared by time stamps too coarse for two edits in one second.
    given = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"} | environment
    return subprocess.run([sys.executable, "-c", code], env=os.environ | given, capture_output=True, text=True)


@pytest.fixture
def package(tmp_path):
    """A package of two files, the kernel `caller` in one calling the kernel `callee` in the other."""
    folder = tmp_path / "site" / "pair"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "above.py").write_text(
        "from coop_abm.core.kernel import kernel\nfrom pair.below import callee\n\n"
        "@kernel\ndef caller(x):\n    return callee(x) + 1.0\n"
    )
    head = "from coop_abm.core.kernel import kernel\n\nSCALE = 2.0\n\n"

    class Pair:
        cache = tmp_path / "cache"

        def edit(self, line, head=head):
            (folder / "below.py").write_text(f"{head}@kernel\ndef callee(x):\n    return {line}\n")

        def run(self, code="print(caller(5.0), caller.stored.stats.cache_hits.__len__())"):
            done = started(
                f"from pair.above import caller\n{code}", PYTHONPATH=str(folder.parent),
                COOP_ABM_CACHE_DIR=str(self.cache), COOP_ABM_ENGINE="compiled",
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            value, hits = done.stdout.split()
            return float(value), int(hits)

        def files(self):
            return {path: path.stat().st_mtime_ns for path in self.cache.rglob("*.nb?")}

    return Pair()


def test_an_edited_callee_in_another_file_changes_what_its_caller_returns(package):
    package.edit("x * 2.0")
    assert package.run()[0] == 11.0
    package.edit("x * 3.0")
    assert package.run()[0] == 16.0
    package.edit("x * 2.0")
    assert package.run()[0] == 11.0


@pytest.mark.validate
def test_an_edited_constant_of_a_callee_changes_what_its_caller_returns(package):
    package.edit("x * SCALE")
    assert package.run()[0] == 11.0
    package.edit("x * SCALE", "from coop_abm.core.kernel import kernel\n\nSCALE = 4.0\n\n")
    assert package.run()[0] == 21.0


def test_machine_code_is_kept_in_the_folder_that_was_named_and_used_again(package):
    package.edit("x * 2.0")
    assert package.run() == (11.0, 0)
    kept = package.files()
    assert {path.suffix for path in kept} == {".nbi", ".nbc"}
    assert package.run() == (11.0, 1)
    assert package.files() == kept


def test_a_cache_that_cannot_be_written_costs_speed_and_no_result(package):
    package.edit("x * 2.0")
    package.cache.write_text("a file where the folder should be")
    assert package.run("import warnings; warnings.simplefilter('ignore'); print(caller(5.0), 0)") == (11.0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are those of POSIX")
def test_a_disk_that_is_full_costs_speed_and_no_result(package):
    package.edit("x * 2.0")
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))"
    warned = "import warnings; seen = warnings.catch_warnings(record=True); list_ = seen.__enter__()"
    value, warnings = package.run(f"{full}; {warned}; warnings.simplefilter('always'); print(caller(5.0), len(list_))")
    assert (value, warnings) == (11.0, 1) and not any(path.suffix == ".nbc" for path in package.files())


def test_a_kernel_that_another_process_compiles_is_waited_for_and_read(package):
    package.edit("x * 2.0")
    package.run()
    (folder,) = (path.parent for path in package.cache.rglob("compiling"))
    aside = package.cache.with_name("aside")
    shutil.copytree(folder, aside)
    for path in package.files():
        path.unlink()
    lock = Lock(folder / "compiling")
    assert lock.acquire()
    found = []
    waiting = threading.Thread(target=lambda: found.append(package.run()))
    waiting.start()
    waiting.join(5)  # long enough to compile so little, for a process that would not wait
    assert found == [] and package.files() == {}
    shutil.copytree(aside, folder, dirs_exist_ok=True)
    lock.release()
    waiting.join()
    assert found == [(11.0, 1)]


def test_threads_that_ask_at_once_compile_once(package):
    package.edit("x * 2.0")
    value, misses = package.run(
        "import sys, threading\nfrom coop_abm.core import machine_code\nmachine_code.PATIENCE = 3600\n"
        "sys.setswitchinterval(1e-6)\nstart, found = threading.Barrier(8), []\n"
        "def ask():\n    start.wait()\n    found.append(caller(5.0))\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "for thread in threads: thread.start()\nfor thread in threads: thread.join()\n"
        "assert found == [11.0] * 8, found\nprint(found[0], sum(caller.stored.stats.cache_misses.values()))"
    )
    assert (value, misses) == (11.0, 1)


def test_a_kernel_is_compiled_without_the_one_that_never_ends(package):
    package.edit("x * 2.0")
    package.run()
    (path,) = package.cache.rglob("compiling")
    lock = Lock(path)
    assert lock.acquire()
    impatient = "from coop_abm.core import machine_code; machine_code.PATIENCE = 0.1"
    assert package.run(f"{impatient}; print(caller(6.0), 0)") == (13.0, 0)
    lock.release()
