"""A scenario file from a stranger: a Scenario, or one printable line; never anything else."""

from __future__ import annotations

import random
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from coop_abm.core.errors import CoopError
from coop_abm.scenario import Scenario
from coop_abm.scenario.catalogue import knobs
from coop_abm.scenario.files import dumps, load
from coop_abm.scenario.library import NAMED, named

from .terminal import in_shell

#: Worlds larger than this are read, but their graphs are not built.
SMALL = 2000
ON_A_GRAPH = b'size = 4\nclock = "event"\nnetwork.enabled = true\nnetwork.graph = {kind = "file", path = "near.csv"}\n'
EDGES = (
    b'size = 3\n[network]\nenabled = true\n[network.graph]\nkind = "edges"\nsize = 3\n'
    b'edges = [[0, 1, 1.0], [1, 2, 2.5]]\nlabels = ["a", "b", "c"]\nnotes = ["n"]\nsource = "s"\n'
)
SEEDS = [dumps(named(name)).encode() for name in NAMED] + [ON_A_GRAPH, EDGES]

TOKENS = [
    b"nan", b"inf", b"-inf", b"1e999", b"-1e999", b"9" * 5000, b"-1", b"0", b"1e-400", b"18446744073709551616",
    b"9223372036854775807", b"-9223372036854775809", b"0x7fffffffffffffffffff", b"0b1", b"true", b"false", b"''", b'""',
    b"[]", b"{}", b"[[]]", b"[" * 3000, b"[" * 3000 + b"]" * 3000, b"{a=" * 3000, b"a." * 3000 + b"b=1\n",
    b"\xef\xbb\xbf",
    b"\r\n", b"\r", b"\x00", b"\x1b[31m", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", "\u202e".encode(), "\u2028".encode(),
    "\uff11".encode(), "é".encode(), "\U0001f600".encode(), b"'../far.csv'", b"'/etc/passwd'", b"'http://x.y/g.csv'",
    b"'file:///etc/passwd'", b"'near.csv/../../far.csv'", b"'\\u0000'", b'"\\u0000"', b'"\\ud800"', b"'~/far.csv'",
    b"'.'",
    b"'..'", b"2020-01-01", b"07:32:00", b"1979-05-27T07:32:00Z", b"\nsize = 7\n", b"\n[network]\n", b"\n[[players]]\n",
    b"\n[kin]\nenabled = true\n", b"kind = 'edges'", b"kind = 'file'", b'"__proto__"', b"kin.kin.kin = 1\n",
    b"players = 3\n", b"size = 1000000000\n", b"[" + b"1," * 20000 + b"]", b"#" * 2000, b"'''", b'"""', b"\\",
]  # fmt: skip


def flipped(dice: random.Random, text: bytes) -> bytes:
    at = dice.randrange(len(text) or 1)
    return text[:at] + bytes([dice.randrange(256)]) + text[at + 1 :]


def cut(dice: random.Random, text: bytes) -> bytes:
    at = dice.randrange(len(text) or 1)
    return text[:at] + text[at + dice.randrange(1, 60) :]


def doubled(dice: random.Random, text: bytes) -> bytes:
    at = dice.randrange(len(text) or 1)
    piece = text[at : at + dice.randrange(1, 200)]
    return text[:at] + piece * dice.choice((2, 3, 50)) + text[at + len(piece) :]


def spliced(dice: random.Random, text: bytes) -> bytes:
    other = dice.choice(SEEDS)
    return text[: dice.randrange(len(text) or 1)] + other[dice.randrange(len(other)) :]


def sprinkled(dice: random.Random, text: bytes) -> bytes:
    at = dice.randrange(len(text) or 1)
    return text[:at] + dice.choice(TOKENS) + text[at:]


def revalued(dice: random.Random, text: bytes) -> bytes:
    """One value becomes a token: a file that is mostly still TOML."""
    lines = text.split(b"\n")
    places = [n for n, line in enumerate(lines) if b"=" in line]
    if places:
        n = dice.choice(places)
        lines[n] = lines[n].partition(b"=")[0] + b"= " + dice.choice(TOKENS)
    return b"\n".join(lines)


def retouched(dice: random.Random, text: bytes) -> bytes:
    """Some digits become others: numbers that may still be permitted."""
    digits = [n for n, byte in enumerate(text) if chr(byte).isdigit()]
    changed = bytearray(text)
    for at in dice.sample(digits, min(len(digits), dice.randrange(1, 4))):
        changed[at] = ord(dice.choice("0123456789"))
    return bytes(changed)


def thinned(dice: random.Random, text: bytes) -> bytes:
    """Without one of its lines."""
    lines = text.split(b"\n")
    del lines[dice.randrange(len(lines))]
    return b"\n".join(lines)


def borrowed(dice: random.Random, text: bytes) -> bytes:
    """One value becomes that of another knob, perhaps of another world."""
    mine, theirs = text.split(b"\n"), dice.choice(SEEDS).split(b"\n")
    places, values = ([n for n, line in enumerate(side) if b" = " in line] for side in (mine, theirs))
    if places and values:
        n = dice.choice(places)
        mine[n] = mine[n].partition(b" = ")[0] + b" = " + theirs[dice.choice(values)].partition(b" = ")[2]
    return b"\n".join(mine)


def shuffled_lines(dice: random.Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines)


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    flipped, cut, doubled, spliced, sprinkled, revalued, revalued, retouched, thinned, borrowed, shuffled_lines,
)  # fmt: skip


def mutant(seed: int) -> bytes:
    """A file that was a scenario once."""
    dice = random.Random(seed)
    text = dice.choice(SEEDS)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        text = dice.choice(MUTATIONS)(dice, text)
    return text


def outcome(file: Path) -> str:
    """ "read", or the line with which the file was refused; anything else is an error of the test."""
    try:
        world = load(file)
        assert type(world) is Scenario
        if world.size <= SMALL:
            world.answers(1)
    except CoopError as error:
        return str(error)
    return "read"


def is_one_line(words: str) -> bool:
    return bool(words) and words.isprintable() and len(words) < 500


# ---------------------------------------------------------------- which files were opened meanwhile

_opened: list[str] | None = None


def _hear(event: str, arguments: tuple) -> None:
    if _opened is not None and event == "open" and isinstance(arguments[0], (str, bytes)):
        _opened.append(str(arguments[0]))


@contextmanager
def files_opened() -> Iterator[list[str]]:
    """The names of all files that are opened inside the block (an audit hook cannot be taken off)."""
    global _opened
    if not getattr(sys, "_coop_abm_hears", False):
        sys.addaudithook(_hear)
        sys._coop_abm_hears = True
    _opened = found = []
    try:
        yield found
    finally:
        _opened = None


def outside(opened: list[str], folder: Path) -> list[str]:
    """Those files that lie neither in the folder nor among the libraries."""
    ours = (folder.resolve(), Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), PACKAGE)
    return [name for name in opened if not any(Path(name).resolve().is_relative_to(place) for place in ours)]


PACKAGE = Path(load.__code__.co_filename).resolve().parent.parent


@pytest.fixture
def folder(tmp_path):
    """A folder with a graph in it, and a readable graph beside it, which is none of its business."""
    (tmp_path / "far.csv").write_text("secret-a,secret-b\nsecret-b,secret-c\nsecret-c,secret-d\n")
    inside = tmp_path / "inside"
    (inside / "deeper").mkdir(parents=True)
    (inside / "near.csv").write_text("a,b\nb,c\nc,d\n")
    (inside / "deeper" / "near.csv").write_text("a,b\nb,c\nc,d\n")
    (inside / "link.csv").symlink_to(tmp_path / "far.csv")
    (inside / "up").symlink_to(tmp_path, target_is_directory=True)
    (inside / "loop.csv").symlink_to(inside / "loop.csv")
    return inside


# -------------------------------------------------------------------------------------- mutations


@pytest.mark.parametrize("hundred", range(0, 3000, 250))
def test_three_thousand_mutants_are_read_or_refused_in_one_line(hundred, folder):
    wrong, fate, file = [], Counter(), folder / "mutant.toml"
    with files_opened() as opened:
        for seed in range(hundred, hundred + 250):
            file.write_bytes(mutant(seed))
            try:
                words = outcome(file)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
                words = f"{type(error).__name__}\n{error}"
            fate["read" if words == "read" else "no TOML" if "not valid TOML" in words else "refused"] += 1
            if not is_one_line(words):
                wrong.append((seed, words[:300]))
    assert not wrong
    assert outside(opened, folder) == []
    assert min(fate[end] for end in ("read", "no TOML", "refused")) > 4  # neither too tame nor too wild


@pytest.mark.parametrize("twenty", [0, *(pytest.param(k, marks=pytest.mark.validate) for k in range(1, 4))])
def test_mutants_never_upset_the_real_program(twenty, folder):
    for seed in range(5 * twenty, 5 * twenty + 5):
        (folder / "mutant.toml").write_bytes(mutant(seed))
        end = in_shell(folder, "knobs", "mutant.toml")
        assert end.code in (0, 2) and len(end.lines) == (1 if end.code else 0), (seed, end)
        assert "Traceback" not in end.out + "".join(end.lines)


# ------------------------------------------------------------------------------------- a grammar

words = st.text(max_size=8) | st.sampled_from(
    [
        "",
        "kind",
        "ring",
        "torus",
        "edges",
        "file",
        "type",
        "allc",
        "../x",
        "near.csv",
        "event",
        "round",
        "\x00",
        "\ud7ff",
    ]
)
scalars = (
    st.none().map(lambda _: True) | st.booleans() | st.integers(-(2**70), 2**70) | st.integers(-3, 50)
    | st.floats() | st.floats(0, 1) | words | st.dates()
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4), max_leaves=8
)
known = sorted({knob.path for name in NAMED for knob in knobs(named(name)) if not knob.path.startswith("players")})
trees = st.dictionaries(st.sampled_from(known) | words, scalars | values, max_size=6)
entries = st.lists(
    st.fixed_dictionaries(
        {},
        optional={"share": scalars, "policy": words, "strategy": scalars | st.dictionaries(words, scalars, max_size=3)},
    ),
    max_size=3,
)


def nested(flat: dict) -> dict:
    """``{"kin.relatedness": 1}`` as tables; what is in the way is overwritten."""
    tree: dict = {}
    for path, value in flat.items():
        *folders, last = path.split(".")
        at = tree
        for step in folders:
            if not isinstance(at.get(step), dict):
                at[step] = {}
            at = at[step]
        at[last] = value
    return tree


@settings(max_examples=400, derandomize=True, deadline=None)
@given(flat=trees, players=entries)
def test_whatever_can_be_written_as_toml_is_read_or_refused_in_one_line(flat, players):
    tree = nested(flat) | ({"players": players} if players else {})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "world.toml"
        file.write_text(tomli_w.dumps(tree), encoding="utf-8", newline="\n")
        assert is_one_line(outcome(file))


# ------------------------------------------------------------------------------ files of strangers


def read(folder: Path, path: str) -> tuple[str, list[str]]:
    """What becomes of a scenario whose graph lies at this path, and what was opened outside."""
    file = folder / "world.toml"
    file.write_text(tomli_w.dumps({"network": {"enabled": True, "graph": {"kind": "file", "path": path}}}))
    with files_opened() as opened:
        words = outcome(file)
    return words, outside(opened, folder)


@pytest.mark.parametrize("path", ["near.csv", "./near.csv", "deeper/near.csv", "deeper/../near.csv"])
def test_a_graph_in_the_folder_of_the_scenario_is_read(path, folder):
    assert read(folder, path) == ("read", [])


@pytest.mark.parametrize(
    "path",
    [
        "../far.csv", "deeper/../../far.csv", "link.csv", "up/far.csv", "{absolute}", "..", "loop.csv", "~/far.csv",
        "file://{absolute}", "http://localhost/far.csv", "near.csv\x00", "%2e%2e/far.csv", "..\\far.csv", "/dev/zero",
        "/proc/self/environ", "deeper", "x" * 5000 + ".csv", "a/" * 3000 + "b.csv", "",
    ],
)  # fmt: skip
def test_no_graph_outside_the_folder_of_the_scenario_is_opened(path, folder):
    words, opened = read(folder, path.replace("{absolute}", str(folder.parent / "far.csv")))
    assert words != "read" and is_one_line(words) and "secret" not in words
    assert opened == []


def test_a_scenario_reached_by_a_link_reads_graphs_beside_itself_only(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "world.toml").write_bytes(ON_A_GRAPH)
    (elsewhere / "world.toml").symlink_to(folder / "world.toml")
    assert "no such file" in outcome(elsewhere / "world.toml")


def test_a_hundred_megabytes_are_refused_unread(folder):
    with open(folder / "huge.toml", "wb") as file:
        file.truncate(100 << 20)
    assert outcome(folder / "huge.toml") == "huge.toml: a scenario file must not exceed 1 MiB"


# ---------------------------------------------------------------------------------- single tricks


@pytest.mark.parametrize(
    "text",
    [b"", b"\xef\xbb\xbfsize = 12\n", b"size = 12\r\nclock = 'event'\r\n", b"# nothing\n", b"size = +1_2"],
    ids=["empty", "a byte order mark", "lines of Windows", "a comment", "a plus and an underscore"],
)
def test_odd_but_honest_files_are_read(text, folder):
    (folder / "odd.toml").write_bytes(text)
    assert outcome(folder / "odd.toml") == "read"


TRICKS = {
    "a NUL": b"size = 12\x00\n",
    "half a character": b"name = '\xc3'\n",
    "a surrogate": b"name = '\xed\xa0\x80'\n",
    "UTF-16": "size = 12\n".encode("utf-16"),
    "the same knob twice": b"size = 12\nsize = 13\n",
    "the same table twice": b"[kin]\nenabled = true\n[kin]\nenabled = false\n",
    "a lookalike digit": "size = \uff11\uff12\n".encode(),
    "a lookalike letter": "k\u0456n = {enabled = true}\n".encode(),
    "colours": b'"\\u001b[31m" = 1\n',
    "the other direction": '"\u202e" = 1\n'.encode(),
    "a line separator": '"a\u2028b" = 1\n'.encode(),
    "a number of 5,000 digits": b"size = " + b"9" * 5000,
    "a number of 64 bits": b"size = 18446744073709551616\n",
    "a float beyond floats": b"game = {kind = 'donation', benefit = 1e999}\n",
    "an intensity that is not a number": b"update = {kind = 'death_birth', intensity = nan}\n",
    "lists 3,000 deep": b"size = " + b"[" * 3000 + b"]" * 3000,
    "tables 3,000 deep": b"size = " + b"{a = " * 3000 + b"1" + b"}" * 3000,
    "a key 3,000 deep": b"a" + b".a" * 3000 + b" = 1\n",
    "a deep key below a knob": b"kin" + b".a" * 200 + b" = 1\n",
    "100,000 players": b"players = [" + b"{}," * 100_000 + b"]\n",
    "edges that are texts": b"network.graph = {kind = 'edges', size = 2, edges = ['ab']}\n",
    "edges of nodes that are not there": (
        b"network.enabled = true\nsize = 2\nnetwork.graph = {kind = 'edges', size = 2, edges = [[0, 9, 1.0]]}\n"
    ),
    "edges of 64 bits": (
        b"network.enabled = true\nsize = 2\n"
        b"network.graph = {kind = 'edges', size = 2, edges = [[0, 9223372036854775808, 1.0]]}\n"
    ),
    "a graph larger than its world": (
        b"network.enabled = true\nsize = 2\nnetwork.graph = {kind = 'edges', size = 999999999, edges = [[0, 1, 1.0]]}\n"
    ),
    "a weight of nothing": (
        b"network.enabled = true\nsize = 2\nnetwork.graph = {kind = 'edges', size = 2, edges = [[0, 1, 0.0]]}\n"
    ),
    "as many labels as it likes": (
        b"network.enabled = true\nsize = 2\n"
        b"network.graph = {kind = 'edges', size = 2, edges = [[0, 1, 1.0]], labels = ['a']}\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_a_trick_is_refused_in_one_line(trick, folder):
    (folder / "trick.toml").write_bytes(TRICKS[trick])
    words = outcome(folder / "trick.toml")
    assert words != "read" and is_one_line(words)


def test_the_mutations_start_from_files_that_are_read(folder):
    for text in SEEDS:
        tomllib.loads(text.decode())
        (folder / "seed.toml").write_bytes(text)
        assert outcome(folder / "seed.toml") == "read"
