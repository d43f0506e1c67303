"""Damage to a store is refused or named, never read as something else (S7)."""

import os
import random
import re
import shutil
import sqlite3
from collections import Counter

import pytest

from coop_abm.core.errors import StoreError
from coop_abm.sweeps import store_care as care
from coop_abm.sweeps.store import Store
from coop_abm.sweeps.store_merge import merge
from tests.sweeps.stores import CELLS, IDENTITY, content, sweep

#: Enough for pages above pages, a run in chunks, failed runs and a few cells.
RUNS = 20


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "x.sqlite"
    sweep(path, runs=RUNS, at_once=30)
    return path.read_bytes(), content(path)


def tried(do, *arguments, **settings):
    """What it gives, or None if it is refused in one line; any other error fails the test."""
    try:
        return do(*arguments, **settings)
    except StoreError as error:
        assert "\n" not in str(error) and "store '" in str(error)
        return None


def verified(path):
    with Store(path, read_only=True) as store:
        return care.verify(store)


def mended(path):
    with Store(path) as store:
        return care.retry(store, failed=False)


def judge(path, good):
    """What can be done with a damaged store: nothing may come out that is not in a sound one."""
    found = tried(content, path)
    verdict = tried(verified, path)
    if found not in (None, good):
        return "silent"
    if found is None and verdict is not None and verdict.sound:
        return "refused, and not named by verify"
    if found and verdict is not None and verdict.sound:
        sweep(path, runs=RUNS, at_once=30)
        return "equal" if content(path) == good else "silent after going on"
    # Whatever is done next, results are the same or there are none.
    for remedy in (None, mended):
        if remedy and tried(remedy, path) is None:
            continue
        tried(sweep, path, runs=RUNS, at_once=30)
        if tried(content, path) not in (None, good):
            return f"silent after {'mending' if remedy else 'going on'}"
    if tried(content, path) == good:
        return "refused, then mended"
    return saved(path, good)


def saved(path, good):
    """A file that cannot be mended gives what is sound in it to another."""
    into = path.with_name(f"{path.name}.saved")
    if tried(merge, into, [path], skip_damaged=True) is None:
        return "refused"
    sweep(into, runs=RUNS, at_once=30)
    return "refused, then saved" if content(into) == good else "silent after saving"


def flip(tmp_path, whole, flips, seed):
    dice, (raw, good), counts = random.Random(seed), whole, Counter()
    for number in range(flips):
        path, place = tmp_path / f"broken{number}", dice.randrange(8 * len(raw))
        broken = bytearray(raw)
        broken[place // 8] ^= 1 << place % 8
        path.write_bytes(broken)
        judged = judge(path, good)
        assert "silent" not in judged and "not named" not in judged, (judged, place)
        counts[judged] += 1
        for file in tmp_path.iterdir():
            file.unlink()
    return counts


def test_a_flipped_bit_never_changes_what_is_read(tmp_path, whole):
    counts = flip(tmp_path, whole, 8, seed=1)
    assert counts["refused, then mended"]  # the fault fired


@pytest.mark.validate
def test_a_thousand_flipped_bits_never_change_what_is_read(tmp_path, whole):
    counts = flip(tmp_path, whole, 1000, seed=2)
    print(f"S7 for the store, 1000 files with one flipped bit each: {dict(counts)}, otherwise read 0")
    assert counts["refused, then mended"] > 300


def cut_at(path, whole, size):
    raw, good = whole
    path.write_bytes(raw[:size])
    if size >= 0 or size % 4096 == 0:  # SQLite makes up for zeros that are missing at the end of the last page
        assert tried(content, path) is None
        assert (verdict := tried(verified, path)) is None or not verdict.sound
    tried(sweep, path, runs=RUNS, at_once=30)
    assert tried(content, path) in (None, good)


@pytest.mark.parametrize("size", [0, 50, 100, 512, 4096, 4097, -4096, -1])
def test_a_file_that_was_cut_short_is_refused(tmp_path, whole, size):
    cut_at(tmp_path / "x", whole, size)


@pytest.mark.validate
def test_a_file_that_was_cut_short_at_any_page_is_refused(tmp_path, whole):
    sizes = range(0, len(whole[0]), 4096)
    for size in sizes:
        cut_at(tmp_path / f"x{size}", whole, size)
    print(f"S7 for the store, cut short at each of {len(sizes)} pages: all refused")


def test_without_its_log_a_store_is_older_or_refused_but_not_another(tmp_path):
    """A log that is lost takes the last commits with it, and a log of which half is there the end of that half."""
    path, copy = tmp_path / "x", tmp_path / "copy"
    sweep(path, runs=RUNS, at_once=30)
    good = content(path)
    with Store(path) as store:
        store.open_for(IDENTITY)
        care.retry(store)  # the log now holds what was forgotten
        log = (tmp_path / "x-wal").read_bytes()
        for part in (0, 1, 2, 3, 4):
            shutil.copy(path, copy)
            (tmp_path / "copy-wal").write_bytes(log[: len(log) * part // 4])
            before = tried(content, copy)
            assert before is not None
            sweep(copy, runs=RUNS, at_once=30)
            assert content(copy) == good
            for file in tmp_path.glob("copy*"):
                file.unlink()
    sweep(path, runs=RUNS)
    assert content(path) == good


def foreign(path):
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE runs (cell INTEGER)")
    base.commit()
    base.close()


def newer(path):
    sweep(path, runs=1)
    base = sqlite3.connect(path)
    base.execute("PRAGMA journal_mode = DELETE")
    base.execute("PRAGMA user_version = 99")
    base.close()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (foreign, "is no store of coop_abm"),
        (lambda path: path.write_text("step,won\n" * 100), "is no store of coop_abm"),
        (lambda path: path.write_bytes(b""), "is cut short"),
        (lambda path: path.write_bytes(os.urandom(5000)), "is no store"),
        (newer, "has format 99, and this version of coop_abm reads format 1"),
        (lambda path: path.mkdir(), "cannot be used"),
    ],
)
def test_a_file_that_is_no_store_is_refused_in_one_line_and_left_as_it_is(tmp_path, make, said):
    path = tmp_path / "x"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    for settings in ({}, {"read_only": True}):
        with pytest.raises(StoreError, match=said) as refused:
            Store(path, **settings)
        assert "\n" not in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def edit(path, sql):
    base = sqlite3.connect(path)
    base.execute(sql)
    base.commit()
    base.close()


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE runs SET data = replace(data, '0.', '1.') WHERE cell = 2 AND replicate = 3",
         r"run 3 of cell [0-9a-f]{16} .*chance.* does not match its checksum"),
        ("DELETE FROM runs WHERE cell = 2 AND replicate = 3", "run 3 of cell .* is not there"),
        ("UPDATE runs SET replicate = 99 WHERE cell = 2 AND replicate = 3", "run 3 of cell .* is not there"),
        ("UPDATE runs SET state = 'done', cause = '\"\"' WHERE state = 'failed'", "run 6 of cell .* checksum"),
        ("UPDATE runs SET shape = 2 WHERE cell = 2 AND replicate = 3", "run 3 of cell .* checksum"),
        ("UPDATE shapes SET names = replace(names, 'won', 'wan')", "does not match its checksum"),
        ("DELETE FROM chunks WHERE replicate = 4 AND cell = 3 AND number = 1", "run 4 of cell .*its chunks"),
        ("UPDATE chunks SET data = zeroblob(9) WHERE replicate = 4 AND cell = 3 AND number = 1", "its chunks"),
        ("UPDATE cells SET done = '[[0,3]]' WHERE id = 2", "cell [0-9a-f]{16} does not match"),
        ("UPDATE cells SET parameters = replace(parameters, '1', '2')", "cell [0-9a-f]{16} does not match"),
        ("DELETE FROM cells WHERE id = 2", "1 of 6 cells are not there"),
        ("UPDATE meta SET value = replace(value, '6', '5') WHERE key = 'counts'", "counts in meta does not match"),
        ("UPDATE meta SET value = '{}' WHERE key = 'order'", "order in meta does not match"),
    ],
)  # fmt: skip
def test_what_was_edited_or_taken_away_is_named_and_done_again(tmp_path, sql, said):
    path = tmp_path / "x"
    sweep(path)
    with Store(path) as store:
        store.remember({"name": "coins"})
    good = content(path)
    edit(path, sql)
    verdict = verified(path)
    assert not verdict.sound and any(re.search(said, line) for line in verdict.lines), verdict.lines
    with pytest.raises(StoreError, match="is damaged: "):
        content(path)
    mended(path)
    sweep(path)
    assert content(path) == good and verified(path).sound


def test_a_store_that_forgot_what_it_holds_is_refused(tmp_path):
    path = tmp_path / "x"
    sweep(path)
    edit(path, "UPDATE meta SET value = replace(value, '5', '6') WHERE key = 'identity'")
    for do in (sweep, content, mended):
        with pytest.raises(StoreError, match="identity in meta does not match its checksum; name another file"):
            do(path)
    assert not verified(path).sound
    assert len(CELLS) == verified(path).cells
