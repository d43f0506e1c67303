"""The guards of the test session itself."""

import socket
import subprocess
import sys

import pytest

from coop_abm.core.kernel import current_engine


def test_a_connection_to_another_machine_is_refused(nobody_reaches_out):
    with socket.socket() as outward, pytest.raises(OSError, match="tests may not talk to other machines"):
        outward.connect(("192.0.2.1", 80))
    assert nobody_reaches_out == ["192.0.2.1 port 80"]
    nobody_reaches_out.clear()


def test_a_datagram_to_another_machine_is_refused(nobody_reaches_out):
    datagrams = socket.socket(type=socket.SOCK_DGRAM)
    with datagrams, pytest.raises(OSError, match="tests may not talk to other machines"):
        datagrams.sendto(b"hello", ("192.0.2.1", 9))
    nobody_reaches_out.clear()


def test_a_python_that_a_test_starts_cannot_reach_another_machine_either():
    code = "import socket; socket.socket().connect(('192.0.2.1', 80))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "tests may not talk to other machines" in done.stderr


def test_a_connection_to_this_machine_is_permitted():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_the_whole_run_uses_the_engine_that_was_asked_for(pytestconfig):
    assert current_engine() == pytestconfig.getoption("--engine")
