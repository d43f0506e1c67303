"""No way out: this process may talk to its own machine alone.

Python imports a module of this name when it starts; ``tests/conftest.py`` puts its folder on the path of
every Python process that a test starts, and uses it itself. A connection to another machine is
refused and noted, so that code that tries again, or falls back, cannot hide it.
"""

import ipaddress
import socket

reached_out: list[str] = []


class ReachedOut(OSError):
    """A test tried to talk to another machine."""


def is_here(address) -> bool:
    """Is this the address of a Unix socket, or of this machine?"""
    if not isinstance(address, tuple):
        return True
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
        if not is_here(address):
            reached_out.append(f"{address[0]} port {address[1]}")
            raise ReachedOut(f"tests may not talk to other machines; this one tried {reached_out[-1]}")
        return original(self, *arguments)

    method.guards = original
    return method


def stay_home() -> None:
    """Guard every way by which a socket of this process can reach another machine."""
    for name in ("connect", "connect_ex", "sendto"):
        original = getattr(socket.socket, name)
        if not hasattr(original, "guards"):
            setattr(socket.socket, name, _guarded(original))


stay_home()
