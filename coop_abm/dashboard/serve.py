"""The guarded server: one page on this machine, for this machine.

Solara's own command serves any page that asks, wherever $HOST says. Here the address is loopback, and in class mode
one more that was named and agreed to; every request passes the :class:`~coop_abm.dashboard.guard.Guard`; nothing is
fetched from, or reported to, anywhere; and an error is told to the server's log, not to the browser.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
import sys
import threading
import traceback
import warnings
import webbrowser
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import reacton.core
import solara
import uvicorn
from solara.server import app as solara_app
from solara.server import kernel_context, patch, settings, starlette
from solara.widgets import widgets

from coop_abm.core.errors import InputError
from coop_abm.dashboard import classroom, offline
from coop_abm.dashboard.classroom import Classroom
from coop_abm.dashboard.door import Door
from coop_abm.dashboard.guard import Guard
from coop_abm.dashboard.lines import install
from coop_abm.dashboard.lost import lost
from coop_abm.dashboard.pages import PAGES
from coop_abm.dashboard.room import spelled

ADDRESS = "127.0.0.1"
PORT = 8765

#: What the browser is told about an error that this package did not foresee.
SORRY = "Something went wrong on this page. The log of the server says what; reload the page to start again."

logger = logging.getLogger(__name__)


def listen(port: int = PORT, address: str = ADDRESS) -> socket.socket:
    """A socket on the loopback address, or on one that was named; port 0 takes a free one.

    Raises
    ------
    InputError
        if the port cannot be had
    """
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise InputError(f"port must be a whole number in [0, 65535]; got {port}")
    # asyncio turns Nagle's algorithm off where a socket says that it is TCP; else every second frame waits 40 ms.
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if sys.platform != "win32":  # there it would let two servers share a port
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((address, port))
        opened.listen(128)
    except OSError as error:
        opened.close()
        raise InputError(
            f"port {port} of {address} cannot be used ({error.strerror}); --port 0 takes a free one"
        ) from None
    return opened


def serve(
    component: Callable[[], Any],
    *,
    port: int = PORT,
    browser: bool = True,
    say: Callable[[str], None] = print,
    opened: socket.socket | None = None,
    class_at: str | None = None,
) -> None:
    """Show a page until the process is interrupted.

    Parameters
    ----------
    component : a Solara component, such as :func:`coop_abm.dashboard.page` makes
    port      : where to listen; 0 takes a free port
    browser   : open the reader's web browser on the page
    say       : takes the line that names the address
    opened    : a socket that :func:`listen` made earlier, in place of `port`
    class_at  : class mode: the address that others reach this machine at, which is served as well

    Raises
    ------
    InputError
        if the port cannot be had
    """
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(opened or listen(port))]
        here = sockets[0].getsockname()[1]
        address = f"http://{ADDRESS}:{here}/"
        lines = [f"the dashboard is at {address}   (Ctrl-C ends it)"]
        if class_at is not None:
            sockets.append(held.enter_context(listen(here, class_at)))
            classroom.present = Classroom(class_at, here, seed=secrets.randbelow(1_000_000))
            lines += in_class(classroom.present)
        log = {"version": 1, "disable_existing_loggers": False}
        config = uvicorn.Config(
            guarded(component, here, classroom.present), log_config=log, log_level="warning", access_log=False,
            proxy_headers=False, server_header=False, loop="asyncio", ws="websockets-sansio",
            ws_per_message_deflate=False,  # frames are bits already
            timeout_graceful_shutdown=1,
        )  # fmt: skip

        def ready() -> None:
            for line in lines:
                say(line)
            sys.stdout.flush()
            if browser:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        _Server(config, ready).run(sockets=sockets)


def in_class(room: Classroom) -> list[str]:
    """What the teacher has to know, line by line."""
    return [
        f"class mode: others join at {room.joining}   code {spelled(room.room.code)}",
        f"            you, on another machine, once: {room.entrance}",
    ]


def guarded(component: Callable[[], Any], port: int, of_class: Classroom | None = None) -> Guard:
    """The page as an ASGI application behind its guard."""
    # Solara may have been imported, and so have read the environment, before this package was.
    settings.telemetry.mixpanel_enable = False
    settings.kernel.cull_timeout = offline.SETTINGS["SOLARA_KERNEL_CULL_TIMEOUT"]
    settings.session.http_only = True
    settings.main.mode = "production"
    settings.theme.loader, settings.theme.title, settings.theme.show_banner = "plain", "coop_abm", False
    settings.assets.fontawesome_enabled = False
    settings.main.host = ADDRESS
    settings.main.base_url = f"http://{ADDRESS}:{port}/"
    settings.main.root_path = ""
    solara.settings.assets.cdn = offline.NOWHERE
    _scrub()
    _spell()
    _count_lines()
    install()
    # Solara advises on cookies inside frames of other sites; the guard lets no site frame this page.
    warnings.filterwarnings("ignore", message="Cookies with samesite=none", category=UserWarning)
    solara_app.apps.clear()
    solara_app.reload.reloader.on_change = None
    solara_app.apps["__default__"] = _app(component)
    paths = [f"/{p.path}" for p in PAGES]
    door = None if of_class is None else Door(of_class)
    return Guard(starlette.app, port, lambda: list(kernel_context.contexts), pages=paths, door=door, lost=lost(PAGES))


def _app(component: Callable[[], Any]) -> Any:
    """A Solara application that is a component at hand, not a file to execute."""
    page = component if isinstance(component, reacton.core.ComponentFunction) else solara.component(component)

    class App(solara_app.AppScript):
        def __init__(self) -> None:
            super().__init__("coop_abm.dashboard.app")
            # Solara looks for templates and public files beside this folder: there is assets/custom.js.
            self.directory = Path(__file__).parent / "views"

        def _execute(self) -> Any:
            self.routes = [solara.Route(path="/"), *(solara.Route(path=p.path) for p in PAGES)]
            return page

    return App()


class _NoTraceback:
    """The module `traceback`, but what it formats goes to the log and an apology comes back.

    Solara and reacton render the traceback of an error as the page: source lines, paths, and
    whatever the message holds.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)

    @staticmethod
    def format_exception(*error: Any, **options: Any) -> list[str]:
        logger.error("%s", "".join(traceback.format_exception(*error, **options)))
        return [SORRY]


def _scrub() -> None:
    for module in (reacton.core, solara_app, patch):
        module.traceback = _NoTraceback()  # type: ignore[attr-defined]


def _spell() -> None:
    """Solara's navigator says `modules.export`, which the browser complains about on every page."""
    navigator: Any = widgets.Navigator
    if navigator.template_file is None:
        return
    text = Path(navigator.template_file).read_text(encoding="utf-8").replace("modules.export =", "module.exports =")
    begin = navigator.__init__
    navigator.template_file = None
    navigator.__init__ = lambda self, *given, **named: begin(self, *given, template=text, **named)


#: How many lines each (session, page) has now.
_lines: Counter[tuple[str, str]] = Counter()
_page_connect = kernel_context.VirtualKernelContext.page_connect
_page_disconnect = kernel_context.VirtualKernelContext.page_disconnect


def _connect(context: kernel_context.VirtualKernelContext, page_id: str) -> None:
    with context.lock:
        _lines[context.id, page_id] += 1
        _page_connect(context, page_id)


def _disconnect(context: kernel_context.VirtualKernelContext, page_id: str) -> Any:
    with context.lock:
        _lines[context.id, page_id] -= 1
        if _lines[context.id, page_id] > 0:
            return None
        del _lines[context.id, page_id]
        return _page_disconnect(context, page_id)


def _count_lines() -> None:
    """A page is gone with the last of its lines.

    One whose line broke may be back on another before the end of the first is noticed. Solara takes that end for
    the end of the page, and its world would be forgotten ten minutes later while somebody looks at it.
    """
    kernel_context.VirtualKernelContext.page_connect = _connect  # type: ignore[assignment, method-assign]
    kernel_context.VirtualKernelContext.page_disconnect = _disconnect  # type: ignore[assignment, method-assign]


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]):
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()
