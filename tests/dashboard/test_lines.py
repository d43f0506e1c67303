"""The line between a page and its session: nothing waits, nothing is lost, nothing gets out of order."""

import asyncio
import socket
import threading
import time
import types

import ipyvue
import pytest
from solara.server import websocket

from coop_abm.dashboard import lines
from coop_abm.dashboard.serve import listen

from .serving import DEADLINE, Tab, serving


def test_small_messages_leave_at_once():
    """asyncio turns Nagle's algorithm off only for sockets that say TCP; else every second frame is 40 ms late."""

    async def accepted():
        met = asyncio.get_running_loop().create_future()
        server = await asyncio.start_server(lambda reader, writer: met.set_result(writer), sock=listen(0))
        port = server.sockets[0].getsockname()[1]
        _reader, ours = await asyncio.open_connection("127.0.0.1", port)
        theirs = await met
        found = theirs.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        for writer in (ours, theirs):
            writer.close()
            await writer.wait_closed()
        server.close()
        return found

    assert asyncio.run(accepted()) == 1


class Wire:
    """A websocket of the server that notes what is written, and fails from the n-th message on."""

    def __init__(self, fails_at=10**9, slow=0.0):
        self.written, self.closed, self.fails_at, self.slow = [], False, fails_at, slow
        self.incoming = asyncio.Queue()

    async def send_text(self, data):
        await asyncio.sleep(self.slow)
        if len(self.written) >= self.fails_at:
            raise RuntimeError('Unexpected ASGI message "websocket.send", after sending "websocket.close"')
        self.written.append(data)

    send_bytes = send_text

    async def close(self):
        self.closed = True

    async def receive(self):
        return await self.incoming.get()


def until(so):
    end = time.monotonic() + DEADLINE
    while not so():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def on_a_loop():
    """A function: (coroutine function) -> what it gives, on the loop of a thread beside, as the server's is."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield lambda make: asyncio.run_coroutine_threadsafe(make(), loop).result(DEADLINE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(DEADLINE)
    loop.close()


async def line_on(wire):
    return lines.Line(wire, object())


def test_messages_of_many_threads_are_written_once_each_and_in_the_order_of_each(on_a_loop):
    wire = on_a_loop(lambda: _made(Wire()))
    line = on_a_loop(lambda: line_on(wire))
    senders = [
        threading.Thread(target=lambda n=n: [line.send_text(f"{n} {k}") for k in range(300)], name=str(n))
        for n in range(4)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(DEADLINE)
    line.send_bytes(b"last")
    line.close()
    until(lambda: wire.closed)
    assert wire.written[-1] == b"last" and len(wire.written) == 1201
    for n in range(4):
        assert [text for text in wire.written[:-1] if text.startswith(f"{n} ")] == [f"{n} {k}" for k in range(300)]


async def _made(wire):
    return wire


def test_who_sends_on_a_line_that_broke_is_told(on_a_loop):
    wire = on_a_loop(lambda: _made(Wire(fails_at=1)))
    line = on_a_loop(lambda: line_on(wire))
    line.send_text("first")
    line.send_text("second")

    def broken():
        try:
            line.send_text("more")
        except websocket.WebSocketDisconnect:
            return True
        return False

    until(broken)
    assert wire.written == ["first"]


def test_a_page_that_does_not_read_is_cut_off(on_a_loop, monkeypatch):
    monkeypatch.setattr(lines, "MOST_WAITING", 1000)
    wire = on_a_loop(lambda: _made(Wire(slow=0.05)))
    line = on_a_loop(lambda: line_on(wire))
    with pytest.raises(websocket.WebSocketDisconnect):
        for _ in range(50):
            line.send_bytes(b"x" * 100)
    until(lambda: wire.closed)
    assert len(wire.written) <= 2


def test_what_a_page_says_arrives_in_order_and_then_its_end(on_a_loop):
    wire = on_a_loop(lambda: _made(Wire()))
    line = on_a_loop(lambda: line_on(wire))

    async def heard():
        found = [await line.receive() for _ in range(3)]
        with pytest.raises(websocket.WebSocketDisconnect):
            await line.receive()
        return found

    async def say():
        for message in ({"text": "a"}, {"bytes": b"b"}, {"text": "c"}):
            wire.incoming.put_nowait({"type": "websocket.receive", **message})
        wire.incoming.put_nowait({"type": "websocket.disconnect"})

    on_a_loop(say)
    assert asyncio.run(heard()) == ["a", b"b", "c"]


def test_a_message_waits_for_a_widget_that_another_thread_is_making():
    """Told of its widget, a quick page answered before anybody listened: its world never moved."""
    heard, comm = [], types.SimpleNamespace(_msg_callback=None)
    kernel = types.SimpleNamespace(comm_manager=types.SimpleNamespace(comms={"w": comm}))
    data = {"method": "custom", "content": {"event": "event_credit", "data": {}}}
    message = {"header": {"msg_type": "comm_msg"}, "content": {"comm_id": "w", "data": data}}
    maker = threading.Timer(0.1, lambda: setattr(comm, "_msg_callback", heard.append))
    maker.start()
    assert lines.process(kernel, message) and heard == [message]
    maker.join(DEADLINE)
    template = ipyvue.VueTemplate(template="<p></p>")
    listens = types.SimpleNamespace(_msg_callback=template._handle_msg)
    assert lines._listens(listens)
    template._clear_event_handler()
    assert not lines._listens(listens)


def test_a_credit_is_answered_with_a_frame_and_nothing_else():
    with serving("network") as server:
        tab = Tab(server, "scenario=network&size=100&update__intensity=0", "/lab")
        picture, readout, buttons = tab.made("look"), tab.made("levelWords"), tab.made("speedWords")
        tab.tell(readout, "event_ready", {})
        tab.tell(picture, "event_ready", {})
        tab.until('"series"')
        tab.listen(1)
        before = len(tab.frames)
        tab.tell(picture, "event_credit", {})
        tab.listen(0.5)
        assert tab.frames[before:] == []  # no "busy", no "idle"; it does not play
        tab.tell(buttons, "event_do", {"do": "step", "steps": 1})
        tab.until('"points"')
        assert any(isinstance(frame, bytes) for frame in tab.frames[before:])
        tab.close()
