"""The line between a page and its session: messages wait in a row, and nobody waits for them.

Solara hands each message over to the event loop of the server as a task of its own and waits until it is written:
nearly a millisecond of the interpreter for each, in each direction, so that fifty readers got two frames a second.
Here a row of messages is handed over at once.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from typing import Any

import ipyvue
from solara.server import patch, server, starlette, websocket

logger = logging.getLogger(__name__)

#: Bytes that may wait for a page that does not read; then its line is cut, and it may come back on another.
MOST_WAITING = 64 << 20
#: Messages of a page that may wait for its session.
MOST_UNREAD = 200


class Line(starlette.WebsocketWrapper):
    """A websocket as Solara wants it, on the loop of the server; its session lives in a thread with another loop."""

    def __init__(self, ws: Any, portal: Any):
        super().__init__(ws, portal)
        self._lock = threading.Lock()
        self._row: deque[str | bytes | None] = deque()  # None ends the line
        self._waiting = 0
        self._broken = self._writing = False
        self._unread: asyncio.Queue[dict[str, Any]] | None = None

    # ------------------------------------------------------------------------------ to the page

    def send_text(self, data: str) -> None:
        """Put a message into the row."""
        self._put(data)

    def send_bytes(self, data: bytes) -> None:
        """Put a message into the row."""
        self._put(data)

    def close(self) -> None:
        """End the line once everything before is written."""
        self._put(None)

    def _put(self, data: str | bytes | None) -> None:
        with self._lock:
            if self._broken:
                raise websocket.WebSocketDisconnect()
            self._row.append(data)
            self._waiting += len(data or "")
            full = self._waiting > MOST_WAITING
            if full:
                self._row.clear()
                self._row.append(None)
                self._broken = True
            if self._writing and not full:
                return
            self._writing = True
        try:
            self.event_loop.call_soon_threadsafe(self._begin)
        except RuntimeError:  # the server has ended
            raise websocket.WebSocketDisconnect() from None

    def _begin(self) -> None:
        task = self.event_loop.create_task(self._write())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _write(self) -> None:
        while True:
            with self._lock:
                if not self._row:
                    self._writing = False
                    return
                data = self._row.popleft()
                self._waiting = max(0, self._waiting - len(data or ""))
            try:
                if data is None:
                    await self.ws.close()
                elif isinstance(data, bytes):
                    await self._send_bytes_exc(data)
                else:
                    await self._send_text_exc(data)
            except (websocket.WebSocketDisconnect, RuntimeError):  # the page is gone, or was told so before
                data = None
            if data is None:
                with self._lock:
                    self._broken, self._writing = True, False
                    self._row.clear()
                return

    # ------------------------------------------------------------------------------ from the page

    async def receive(self) -> str | bytes:
        """The next message, in the loop of the session.

        Raises
        ------
        WebSocketDisconnect
            once the page is gone
        """
        if self._unread is None:
            self._unread, here = asyncio.Queue(), asyncio.get_running_loop()
            self.event_loop.call_soon_threadsafe(self._listen, self._unread, here)
        message = await self._unread.get()
        if message.get("text") is not None:
            return message["text"]
        if message.get("bytes") is not None:
            return message["bytes"]
        raise websocket.WebSocketDisconnect()

    def _listen(self, unread: asyncio.Queue[dict[str, Any]], there: asyncio.AbstractEventLoop) -> None:
        task = self.event_loop.create_task(self._read(unread, there))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _read(self, unread: asyncio.Queue[dict[str, Any]], there: asyncio.AbstractEventLoop) -> None:
        """Hand over what the page sends, until it is gone or its session is."""
        while True:
            try:
                message: dict[str, Any] = dict(await self.ws.receive())
            except RuntimeError:  # nothing comes after a farewell
                message = {"type": "websocket.disconnect"}
            try:
                there.call_soon_threadsafe(unread.put_nowait, message)
            except RuntimeError:  # the session has ended
                return
            if message["type"] == "websocket.disconnect":
                return
            while unread.qsize() > MOST_UNREAD:
                await asyncio.sleep(0.01)


#: What pages say so often that nothing is made of it but the call: no "busy" and no "idle" goes back.
OFTEN = ("event_credit", "event_here", "event_hover")

#: Seconds that a message waits at most for a widget that has just been made.
NEWBORN = 0.5

_process, _fake = server.process_kernel_messages, patch.FakeIPython


def process(kernel: Any, message: dict[str, Any]) -> bool:
    """A message of a page; what it says often goes straight to the widget that it is for."""
    if message["header"]["msg_type"] == "comm_msg":
        content = message["content"]
        comm = kernel.comm_manager.comms.get(content.get("comm_id"))
        until = time.monotonic() + NEWBORN
        # Another thread has told the page of its widget and is about to listen; what came now would go unheard.
        while comm is not None and not _listens(comm) and time.monotonic() < until:
            time.sleep(0.001)
        said = content.get("data") or {}
        often = said.get("method") == "custom" and (said.get("content") or {}).get("event") in OFTEN
        if often and comm is not None and _listens(comm):
            try:
                comm._msg_callback(message)
            except Exception:  # as Solara does: one bad message does not end the page
                logger.exception("a message of a page")
            return True
    return _process(kernel, message)


def _listens(comm: Any) -> bool:
    """Is there anybody to hear what comes for this comm? A template listens to its events at the end of its making."""
    owner = getattr(comm._msg_callback, "__self__", None)
    if isinstance(owner, ipyvue.VueTemplate):
        return bool(owner._msg_callbacks.callbacks)
    return comm._msg_callback is not None


def shell_of(context: Any) -> Any:
    """What a session has in the place of IPython, made once: it was made anew, of mocks, for every message."""
    if "coop_shell" not in vars(context):
        context.coop_shell = _fake(context)
    return context.coop_shell


def install() -> None:
    """Pages are talked to on such lines from now on."""
    starlette.WebsocketWrapper = Line  # type: ignore[misc]
    server.process_kernel_messages = process  # type: ignore[assignment]
    patch.FakeIPython = shell_of  # type: ignore[assignment, misc]
