"""Other packages, in environments of their own.

They are made by uv in the user's cache folder on first use, and answer one line of JSON with another, so
that a peer is imported once and then takes turns with us.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from benchmarks.harness import Skipped


class Peer(NamedTuple):
    """A package to compare with.

    name  : of the environment
    needs : what is installed, as pip writes it
    python : version of Python that its wheels need, for example "3.12"; None for the one that runs
    script : file in ``benchmarks/elsewhere`` that answers
    """

    name: str
    needs: tuple[str, ...]
    python: str | None
    script: str


def folder() -> Path:
    """Where environments are kept: ``$COOP_ABM_PEERS_DIR``, else the user's cache folder."""
    given = os.environ.get("COOP_ABM_PEERS_DIR")
    return Path(given) if given else Path(platformdirs.user_cache_dir("coop-abm", appauthor=False)) / "peers"


@functools.cache
def environment(peer: Peer) -> Path:
    """The Python of this peer's environment, made if it does not exist yet.

    Raises
    ------
    Skipped
        if uv, this version of Python, or the package cannot be had
    """
    version = peer.python or f"{sys.version_info.major}.{sys.version_info.minor}"
    mark = hashlib.sha256(repr((peer, version)).encode()).hexdigest()[:12]
    place = folder() / f"{peer.name}-{mark}"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if (place / "complete").exists() and python.exists():
        return python
    print(f"installing {', '.join(peer.needs)} with Python {version} into the user's cache folder", flush=True)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    _uv("venv", "--quiet", "--python", _interpreter(version), str(place))
    _uv("pip", "install", "--quiet", "--only-binary", ":all:", "--python", str(python), *peer.needs)
    (place / "complete").touch()
    return python


def _uv(*arguments: str) -> str:
    found = os.environ.get("UV") or shutil.which("uv")
    if not found:
        raise Skipped("uv is not installed, so there is no environment for it")
    outside = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run([found, *arguments], capture_output=True, text=True, env=outside)
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise Skipped(f"uv {arguments[0]} failed: {said[-1] if said else 'without a word'}")
    return done.stdout.strip()


def _interpreter(version: str) -> str:
    """A Python of this version: this one, what uv finds, what pyenv has, or what uv may download."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    try:
        return _uv("python", "find", "--no-python-downloads", version)
    except Skipped:
        root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        kept = sorted(root.glob(f"versions/{version}.*/bin/python"))
        return str(kept[-1]) if kept else version


class Elsewhere:
    """A peer that runs and answers, until `close` is called or nobody refers to it.

    Raises
    ------
    Skipped
        if its environment cannot be made, or it does not start
    """

    def __init__(self, peer: Peer):
        script = Path(__file__).parent / "elsewhere" / peer.script
        self.peer = peer
        self.running = subprocess.Popen(
            [str(environment(peer)), "-I", "-W", "ignore", str(script)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self.close = weakref.finalize(self, _let_go, self.running)
        self.version = self.ask({"version": True})["version"]

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Send one question and wait for its answer."""
        assert self.running.stdin and self.running.stdout and self.running.stderr
        try:
            self.running.stdin.write(json.dumps(question) + "\n")
            self.running.stdin.flush()
            answer = self.running.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.running.wait(timeout=60)
            said = self.running.stderr.read().strip().splitlines()
            raise Skipped(f"{self.peer.name} stopped: {said[-1] if said else 'without a word'}")
        return json.loads(answer)


def _let_go(running: subprocess.Popen[str]) -> None:
    """End a peer: there is nothing more to ask."""
    assert running.stdin and running.stdout and running.stderr
    running.stdin.close()
    try:
        running.wait(timeout=10)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
    running.stdout.close()
    running.stderr.close()
