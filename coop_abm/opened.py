"""What `coop-abm dashboard` was asked to show: a world, a saved state, the folder of a run, or a store of a sweep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from coop_abm.core.errors import InputError, quoted
from coop_abm.scenario.library import named
from coop_abm.scenario.scenario import Scenario
from coop_abm.scenario.wording import validated
from coop_abm.transcript import LARGEST_PROVENANCE

#: What a file of SQLite begins with.
_DATABASE = b"SQLite format 3\0"
#: What a saved state begins with, as every ZIP file does.
_PACKED = b"PK\x03\x04"
#: The world of a dashboard that was asked for nothing in particular.
USUAL = "network"


class Opened(NamedTuple):
    """What is shown first, and what lies at hand.

    scenario, seed : the world of the Lab
    page  : path of the page that stands at the root address: "home", "lab", "transcripts" ...
    run   : the folder of a run, as `coop-abm run --out` writes it; None where none was named
    store : the file of a sweep; None where none was named
    state : the file of a saved state with which the Lab begins; None where none was named
    experiment : name of the experiment with which the page Experiments begins; "" where none was named
    """

    scenario: Scenario
    seed: int = 0
    page: str = "lab"
    run: Path | None = None
    store: Path | None = None
    state: Path | None = None
    experiment: str = ""


def opened_experiment(name: str) -> Opened:
    """The page of an experiment first."""
    return Opened(named(USUAL), page="experiments", experiment=name)


def opened(what: str | None, seed: int = 0, **knobs: Any) -> Opened:
    """What a word on the command line means.

    Parameters
    ----------
    what  : name of a scenario, scenario file, saved state, folder of a run, file of a sweep; None for Home
    seed  : root seed of the first world
    knobs : knobs of the world that are set, as in ``coop_abm.run``

    Raises
    ------
    InputError
        if it is none of these, or a knob is set where there is no world to set it in
    """
    from coop_abm import lab, saved

    lab.check_seed(seed)
    if what is None:
        return Opened(lab.world(named(USUAL), **knobs), seed, "lab" if knobs else "home")
    path = Path(what)
    if path.is_dir():
        found = Opened(_of_run(path), seed, "transcripts", run=path)
    elif path.is_file() and _begins_with(path, _DATABASE):
        found = Opened(named(USUAL), seed, "sweeps", store=path)
    elif path.is_file() and _begins_with(path, _PACKED):
        kept = saved.open_state(path)
        kept.world.close()
        found = Opened(kept.scenario, kept.seed, state=path)
    else:
        return Opened(lab.world(what, **knobs), seed)
    if knobs:
        raise InputError(f"{next(iter(knobs))}: knobs belong to a scenario; {quoted(what)} is none")
    return found


def _begins_with(path: Path, word: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(word)) == word


def _of_run(folder: Path) -> Scenario:
    """The world of a run, also of one that is under way, as its provenance says it.

    Raises
    ------
    InputError
        if the folder has no provenance of one world
    """
    refusal = f"{quoted(str(folder))} is no run: `coop-abm run --out` leaves provenance.json of one world"
    try:
        with (folder / "provenance.json").open("rb") as file:
            told = json.loads(file.read(LARGEST_PROVENANCE))
        (kept,) = told["scenarios"].values()
        tree = kept["scenario"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(refusal) from None
    if not isinstance(tree, dict):
        raise InputError(refusal)
    return validated(tree)
