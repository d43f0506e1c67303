"""A world in one file: what was declared, where it is, the curve so far. Opened again, it goes on to the byte.

The file is a ZIP of a scenario as TOML, a table of contents as JSON and the columns of the world as plain bytes;
nothing in it is ever run. A file may come from anywhere, so every size is checked against the world that its
scenario declares before it is read, and every number before a kernel sees it.

>>> import io, coop_abm.lab
>>> scenario = coop_abm.lab.world("kin")
>>> world = coop_abm.lab.start(scenario, 1)
>>> world.step()
>>> again = opened_state(packed_state(world, scenario, 1, time=1))
>>> again.time, again.seed, again.scenario == scenario
(1, 1, True)
"""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from coop_abm import lab, output
from coop_abm._version import __version__
from coop_abm.core.errors import InputError, quoted
from coop_abm.engine import checkpoint
from coop_abm.engine.checkpoint import Checkpoint
from coop_abm.engine.history import Running
from coop_abm.scenario.files import dumps
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import validated

#: What such a file is called, and the format that is written and read.
ENDING, FORMAT = ".coop", 1
#: Bytes of a file at most; of the scenario in it; of its table of contents.
LARGEST_FILE, LARGEST_SCENARIO, LARGEST_TABLE = 64 << 20, 16 << 20, 16 << 20
#: Points of a curve at most.
LARGEST_CURVE = 20_000
#: A fixed date, so that the same world gives the same file.
_DATE = (1980, 1, 1, 0, 0, 0)

Curve = Sequence[tuple[float, ...]]


class Saved(NamedTuple):
    """A world that goes on.

    scenario, seed : what was declared
    time  : time steps done
    curve : time and the share of each strategy, from the start; empty where none was saved
    world : ready for its next time step
    replicate : number of the replicate under the seed
    """

    scenario: Scenario
    seed: int
    time: int
    curve: list[tuple[float, ...]]
    world: Running
    replicate: int = 0


def save_state(
    world: Running,
    scenario: Scenario,
    seed: int,
    path: str | Path,
    *,
    time: int = 0,
    curve: Curve = (),
    replicate: int = 0,
) -> Path:
    """Write a world to one file.

    Parameters
    ----------
    world : made by ``lab.start(scenario, seed, replicate=replicate)``, any number of time steps ago
    path  : the file, by custom with the ending .coop
    time  : time steps done; a world on the round clock knows it
    curve : time and the share of each strategy, from the start

    Raises
    ------
    InputError
        if this world cannot be saved, see :func:`~coop_abm.engine.checkpoint.take`
    OutputError
        if the file cannot be written
    """
    body = packed_state(world, scenario, seed, time=time, curve=curve, replicate=replicate)
    return output.write(Path(path), lambda beside: beside.write_bytes(body))


def open_state(path: str | Path) -> Saved:
    """Read a world from a file; it does next what the world did that was saved.

    Raises
    ------
    InputError
        one sentence, if the file is no state or not whole
    """
    file, shown = Path(path), quoted(Path(path).name)
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise InputError(f"{shown}: a saved state must not exceed {LARGEST_FILE >> 20} MiB")
        body = file.read_bytes()
    except OSError as error:
        raise InputError(f"{shown}: cannot be read ({error.strerror})") from None
    except ValueError:
        raise InputError(f"{shown}: no name of a file") from None
    try:
        return opened_state(body)
    except InputError as error:
        raise InputError(f"{shown}: {error}") from None


def packed_state(
    world: Running, scenario: Scenario, seed: int, *, time: int = 0, curve: Curve = (), replicate: int = 0
) -> bytes:
    """The same as the content of a file."""
    return pack(checkpoint.take(world), scenario, seed, time=time, curve=curve, replicate=replicate)


def pack(
    kept: Checkpoint, scenario: Scenario, seed: int, *, time: int = 0, curve: Curve = (), replicate: int = 0
) -> bytes:
    """A checkpoint that was taken of a world, with all that is needed to go on from it."""
    lab.check_seed(seed)
    table = {
        "format": FORMAT, "program": f"coop_abm {__version__}", "seed": seed, "replicate": replicate,
        "time": kept.numbers.get("round", time), "numbers": {k: str(v) for k, v in kept.numbers.items()},
        "columns": sorted(kept.arrays), "texts": list(kept.texts), "points": len(curve),
    }  # fmt: skip
    parts = {"scenario.toml": dumps(scenario).encode(), "state.json": json.dumps(table, indent=1).encode()}
    parts |= {f"columns/{name}": _bytes(array) for name, array in kept.arrays.items()}
    if curve:
        parts["curve"] = _bytes(np.array(curve, np.float64))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in parts.items():
            file.writestr(zipfile.ZipInfo(name, _DATE), part, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def opened_state(body: bytes, *, most: int | None = None) -> Saved:
    """The world in the content of such a file.

    Parameters
    ----------
    most : individuals at most; None for as many as there may be

    Raises
    ------
    InputError
        one sentence
    """
    if len(body) > LARGEST_FILE:
        raise InputError(f"a saved state must not exceed {LARGEST_FILE >> 20} MiB")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as file:
            return _read(file, most)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise InputError(f"this is no saved state, or not a whole one ({type(error).__name__})") from None


def _read(file: zipfile.ZipFile, most: int | None) -> Saved:
    table = _table(_part(file, "state.json", LARGEST_TABLE))
    scenario = _scenario(_part(file, "scenario.toml", LARGEST_SCENARIO))
    wrong = checkpoint.refusal(scenario)
    if wrong:
        raise InputError(wrong)
    if most is not None and scenario.size > most:
        raise InputError(f"size: at most {most:,} individuals; got {scenario.size:,}")
    world = lab.start(scenario, table["seed"], replicate=table["replicate"])
    arrays = {}
    for name, like in checkpoint.take(world).arrays.items():
        part = _part(file, f"columns/{name}", like.nbytes, exactly=True)
        arrays[name] = np.frombuffer(part, like.dtype.newbyteorder("<")).astype(like.dtype).reshape(like.shape)
    checkpoint.put_back(world, Checkpoint(table["numbers"], arrays, tuple(table["texts"])))
    width, points = 1 + len(scenario.repertoire().names), table["points"]
    curve = _part(file, "curve", 8 * points * width, exactly=True) if points else b""
    rows = np.frombuffer(curve, "<f8").reshape(-1, width)
    if not (np.isfinite(rows).all() and (np.diff(rows[:, 0]) > 0).all() and (rows[:, 0] <= table["time"]).all()):
        raise InputError("this state is not whole: its curve is none")
    return Saved(
        scenario, table["seed"], table["time"], [tuple(row) for row in rows.tolist()], world, table["replicate"]
    )


def _bytes(array: np.ndarray) -> bytes:
    return array.astype(array.dtype.newbyteorder("<")).tobytes()


def _part(file: zipfile.ZipFile, name: str, size: int, *, exactly: bool = False) -> bytes:
    """One part of the file, of at most this size: what a file says of its own sizes is not believed."""
    try:
        told = file.getinfo(name)
    except KeyError:
        raise InputError(f"this is no saved state: it has no {name}") from None
    if told.file_size > size or (exactly and told.file_size != size):
        raise InputError(f"this state is not whole: {name} has {told.file_size:,} bytes instead of {size:,}")
    with file.open(told) as part:
        body = part.read(size + 1)
    if len(body) > size or (exactly and len(body) != size):
        raise InputError(f"this state is not whole: {name} has other bytes than it says")
    return body


def _scenario(body: bytes) -> Scenario:
    try:
        return validated(tomllib.loads(body.decode()))
    except InputError as error:
        raise InputError(f"scenario.toml: {error}") from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"scenario.toml: not valid TOML ({type(error).__name__})") from None


def _table(body: bytes) -> dict[str, Any]:
    try:
        table = json.loads(body.decode())
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"this is no saved state: state.json is not valid JSON ({type(error).__name__})") from None
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise InputError(f"this is no saved state of format {FORMAT}, the one that this program reads")
    lab.check_seed(table.get("seed"))
    lab.check_whole("replicate", table.get("replicate"), 0, lab.MOST_REPLICATES)
    lab.check_whole("time", table.get("time"), 0, checkpoint.LATEST)
    lab.check_whole("points", table.get("points"), 0, LARGEST_CURVE)
    numbers, texts = table.get("numbers"), table.get("texts")
    if not isinstance(numbers, dict) or len(numbers) > 4 or not all(map(_is_number, numbers.values())):
        raise InputError("this is no saved state: its numbers are none")
    if not isinstance(texts, list) or not all(isinstance(text, str) and _is_text(text) for text in texts):
        raise InputError("this is no saved state: its texts are none")
    return table | {"numbers": {name: int(word) for name, word in numbers.items()}}


def _is_number(word: Any) -> bool:
    return isinstance(word, str) and word.isascii() and word.isdigit() and len(word) <= 20


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
