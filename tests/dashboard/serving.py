"""A dashboard as its own process, spoken to over sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

DEADLINE = 240  # seconds until a test is given up: what it waits for may have to wait for other tests


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "HOST"}
    quiet = {"SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    return {**kept, **quiet, **more}


class Server:
    """A server that listens on `port`; `lines` is all that it printed."""

    def __init__(self, process: subprocess.Popen, port: int, lines: list[str]):
        self.process, self.port, self.lines = process, port, lines
        self.host = f"127.0.0.1:{port}"
        self.url = f"http://{self.host}/"

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def ask(self, path: str = "/", method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        """(status, headers, body) of one request; `Host` may be another one."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            line.putrequest(method, path, skip_host="Host" in headers)
            for name, value in headers.items():
                line.putheader(name, value)
            line.endheaders()
            answer = line.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read().decode("utf-8", "replace")
        finally:
            line.close()

    def handshake(self, **headers: str | None) -> int:
        """The status that a websocket handshake is answered with: 101 where it is let in."""
        given = {"Host": self.host, "Origin": f"http://{self.host}", "Upgrade": "websocket", "Connection": "Upgrade",
                 "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", **headers}  # fmt: skip
        path = f"/jupyter/api/kernels/{uuid.uuid4()}/channels?session_id={uuid.uuid4()}"
        return self.ask(path, **{name: value for name, value in given.items() if value is not None})[0]

    def interrupt(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(DEADLINE)


@contextlib.contextmanager
def serving(*words: str, code: str | None = None, folder: Path | None = None, **more: str) -> Iterator[Server]:
    """``coop-abm dashboard WORDS --port 0 --no-browser``, or the Python `code` that serves; stopped at the end."""
    called = ["-c", code] if code else ["-m", "coop_abm.cli", "dashboard", *words, "--port", "0", "--no-browser"]
    process = subprocess.Popen(
        [sys.executable, *called], cwd=folder, env=environment(**more), text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)
    reader.start()
    try:
        until = time.monotonic() + DEADLINE
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)/", "".join(lines))):
            assert process.poll() is None and time.monotonic() < until, "".join(lines)
            time.sleep(0.05)
        yield Server(process, int(found[1]), lines)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(DEADLINE)
        reader.join(DEADLINE)
        process.stdout.close()


class Tab:
    """What the script of the page does, without a browser: it opens a session and runs the page in it."""

    def __init__(self, server: Server, query: str = "", path: str = "/"):
        self.server, self.kernel, self.session = server, uuid.uuid4(), uuid.uuid4().hex
        self.frames: list[str | bytes] = []
        self.line = self.connect()
        self.control = uuid.uuid4().hex
        self.send("comm_open", {"comm_id": self.control, "target_name": "solara.control", "data": {}})
        run = {"method": "run", "args": {"path": f"{path}?{query}" if query else path, "dark": False, "themes": {}}}
        self.send("comm_msg", {"comm_id": self.control, "data": run})

    def connect(self) -> ClientConnection:
        """A line of this tab to its session."""
        host = self.server.host
        return connect(
            f"ws://{host}/jupyter/api/kernels/{self.kernel}/channels?session_id={self.session}",
            origin=f"http://{host}", additional_headers={"Cookie": f"solara-session-id={self.session}"},
            max_size=None, proxy=None, ping_interval=None,  # a test that does not listen for a while is not gone
        )  # fmt: skip

    def send(self, kind: str, content: dict) -> None:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.session, "username": "",
                  "version": "5.2", "date": "2026-01-01T00:00:00Z"}  # fmt: skip
        self.line.send(json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                                   "channel": "shell", "buffers": []}))  # fmt: skip

    def tell(self, comm: str, event: str, data: dict) -> None:
        """What a Vue component says back."""
        self.send(
            "comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": {"event": event, "data": data}}}
        )

    def listen(self, seconds: float) -> None:
        """Hear what comes for so long: a line that nobody reads is full before long, and then broken."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                self.frames.append(self.line.recv(timeout=left))

    def until(self, words: str) -> str:
        """Everything heard so far, once it holds these words."""
        end = time.monotonic() + DEADLINE
        while words not in self.heard:
            assert time.monotonic() < end, f"never heard {words!r}"
            with contextlib.suppress(TimeoutError):
                self.frames.append(self.line.recv(timeout=1))
        return self.heard

    @property
    def heard(self) -> str:
        return "\n".join(f if isinstance(f, str) else f.decode("latin-1") for f in self.frames)

    def made(self, trait: str) -> str:
        """The id of the widget that has this trait, once it is made."""
        self.until(f'"{trait}": ')
        for frame in self.frames:
            if isinstance(frame, str):
                message = json.loads(frame)
                state = message["content"].get("data", {}).get("state", {})
                if message["header"]["msg_type"] == "comm_open" and trait in state:
                    return message["content"]["comm_id"]
        raise AssertionError(f"no widget has {trait}")

    def close(self) -> None:
        self.line.close()
