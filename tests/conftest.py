"""Which engine the suite runs on, which tests need asking for, and no way out to the internet.

``--engine plain`` runs every kernel in the interpreter, ``--engine compiled`` (the default) through
numba; a backend is right when the ordinary tests pass on it. ``--validate`` adds the tests that hold
simulations against theory. A test process that opens a connection to another machine fails.
"""

from __future__ import annotations

import ipaddress
import os
import socket

import pytest

_reached_out: list[str] = []


def pytest_addoption(parser):
    group = parser.getgroup("coop_abm")
    group.addoption("--engine", choices=("compiled", "plain"), default="compiled", help="which engine runs kernels")
    group.addoption("--validate", action="store_true", help="also run the tests marked validate (minutes)")


def pytest_configure(config):
    config.addinivalue_line("markers", "validate: holds simulations against theory; needs --validate")
    # pyproject.toml replaces pytest's own list; without this a folder left by hypothesis stops the run.
    config.addinivalue_line("norecursedirs", ".*")
    chosen = config.getoption("--engine")
    os.environ["COOP_ABM_ENGINE"] = chosen  # for the processes that tests start
    # pytest may have imported the package already, so the environment alone would come too late.
    from coop_abm.core.kernel import engine

    whole_run = engine(chosen)
    whole_run.__enter__()
    config.add_cleanup(lambda: whole_run.__exit__(None, None, None))
    _stay_home(config)


def pytest_collection_modifyitems(config, items):
    if config.getoption("--validate"):
        return
    unasked = pytest.mark.skip(reason="needs --validate")
    for item in items:
        if "validate" in item.keywords:
            item.add_marker(unasked)


# ------------------------------------------------------------------------------- no way out


class ReachedOut(OSError):
    """A test tried to talk to another machine."""


def _is_here(address) -> bool:
    if not isinstance(address, tuple):
        return True  # a Unix socket, by path
    host = str(address[0]).partition("%")[0]
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False  # a name that would have to be looked up


def _guarded(original):
    def method(self, *arguments):
        address = arguments[-1]
        if not _is_here(address):
            # Kept as well as raised: code that tries again, or falls back, must not hide it.
            _reached_out.append(f"{address[0]} port {address[1]}")
            raise ReachedOut(f"tests may not talk to other machines; this one tried {_reached_out[-1]}")
        return original(self, *arguments)

    return method


def _stay_home(config):
    for name in ("connect", "connect_ex", "sendto"):
        original = getattr(socket.socket, name)
        setattr(socket.socket, name, _guarded(original))
        config.add_cleanup(lambda name=name, original=original: setattr(socket.socket, name, original))


@pytest.fixture(autouse=True)
def nobody_reaches_out():
    """Fails the test that tried to talk to another machine, even where the refusal was swallowed."""
    _reached_out.clear()
    yield _reached_out
    assert not _reached_out, f"this test tried to talk to {', '.join(_reached_out)}"
