"""Who may talk to the dashboard: pages of this very server, and nobody else.

A web page on any site can send requests to a server on the reader's own machine. So every request
must name this server (against DNS rebinding), and whatever can change something, which is every
websocket and every method but GET and HEAD, must come from a page of this server. Both are read
from headers that a browser sets and a page cannot forge.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coop_abm.dashboard.door import Door

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]

logger = logging.getLogger(__name__)

#: Everything that the page needs; any other path is not found.
_PAGES = frozenset({"/", "/readyz"})
_FOLDERS = ("/static/", "/_solara/cdn/", "/jupyter/nbextensions/")
_OWN = "/static/assets/"
_CLOSING = "/_solara/api/close/"
_KERNELS = "/jupyter/api/kernels/"

#: Solara believes these of any client and would build addresses from them.
_PROXY_HEADERS = frozenset({b"forwarded", b"script-name", b"x-script-name"})

_NOT_FOUND = 404, "Not found."
_BUSY = "Too many sessions are open on this server. Close a tab of the dashboard, or try again in ten minutes."


def addresses(port: int) -> frozenset[str]:
    """What the Host header of an honest request can be: the loopback names, with this port."""
    names = ("127.0.0.1", "localhost")
    return frozenset({f"{name}:{port}" for name in names} | (set(names) if port == 80 else set()))


def security_headers(host: str) -> dict[str, str]:
    """Headers that keep a page of this server to itself.

    The templates of Solara bring inline scripts, and Vue compiles templates in the browser; so
    scripts are restricted by where they come from, not by whether they are inline.
    """
    policy = {
        "default-src": "'self'",
        "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": f"'self' ws://{host}",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        # Not "no-referrer": under it a browser says "Origin: null" when the page says goodbye by POST.
        "referrer-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


class Guard:
    """An ASGI application in front of another one.

    Parameters
    ----------
    app      : the guarded application
    port     : the port that it is reached at
    open_kernels : the ids of the sessions that are open now
    most     : how many may be open at a time
    pages    : paths of further pages
    door     : class mode, see :class:`~coop_abm.dashboard.door.Door`; None where it is off
    lost     : HTML for whoever opens an address that is not there; without it one line says so
    """

    def __init__(
        self, app: Application, port: int, open_kernels: Callable[[], Iterable[str]], most: int = 60,
        *, pages: Iterable[str] = (), door: Door | None = None, lost: bytes = b"",
    ):  # fmt: skip
        self.door, self.lost = door, lost
        self.pages = _PAGES | frozenset(pages)
        self.app, self.hosts, self.open_kernels, self.most = app, addresses(port), open_kernels, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        door = self.door
        outside = door is not None and door.faces(scope)
        refusal = self._foreign(scope, frozenset({door.host}) if door is not None and outside else self.hosts)
        if refusal is None and door is not None and door.answers(scope):
            await door(scope, receive, send)
            return
        if refusal is None and door is not None and outside and not door.knows(scope):
            refusal = 403, "This address is for those who have been let in."
        refusal = refusal or self._refusal(scope)
        if refusal == _NOT_FOUND and self.lost and not _changes_something(scope):
            about = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
            await respond(send, 404, self.lost, {**security_headers(header(scope, b"host") or ""), **about})
            return
        if refusal is not None:
            await refuse(scope, send, *refusal)
            return
        host = header(scope, b"host") or ""
        headers = [(n, v) for n, v in scope["headers"] if n not in _PROXY_HEADERS and not n.startswith(b"x-forwarded")]
        inner = {**scope, "headers": headers, "root_path": ""}
        if scope["type"] == "websocket":
            await self.app(inner, receive, send)
            return
        try:
            added = security_headers(host)
            if scope["path"].startswith(_OWN):  # another version of this package has others under the same name
                added["cache-control"] = "no-cache"
            await self.app(inner, receive, _with_headers(send, added))
        except Exception:  # Starlette has answered 500 by now; the rest is for the log alone
            logger.exception("a request failed")

    def _foreign(self, scope: Scope, hosts: frozenset[str]) -> tuple[int, str] | None:
        """(status, words) for what comes from elsewhere; None for what a page of this server asks."""
        host = header(scope, b"host")
        if host is None or host.lower() not in hosts:
            return 403, "This server answers only at its own address."
        if _changes_something(scope) and header(scope, b"origin") != f"http://{host}":
            return 403, "Only a page of this server may do this."
        return None

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """(status, words) for what does not exist, or finds no room; None for what the pages need."""
        path, changes_something = scope["path"], _changes_something(scope)
        if scope["type"] == "websocket":
            known = path.startswith(_KERNELS) and path.endswith("/channels")
        elif changes_something:
            known = scope["method"] == "POST" and path.startswith(_CLOSING)
        else:
            known = path in self.pages or path.startswith(_FOLDERS)
        if not known:
            return _NOT_FOUND
        if scope["type"] == "websocket" or path in self.pages - {"/readyz"}:
            open_now = set(self.open_kernels())
            wanted = path.removeprefix(_KERNELS).removesuffix("/channels")
            if len(open_now) >= self.most and wanted not in open_now:
                return 503, _BUSY
        return None


def _changes_something(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header that is there exactly once, else None."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else None


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    added = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    names = {name for name, _ in added}

    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [_own_cookie(n, v) for n, v in message.get("headers", ()) if n.lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return sending


def _own_cookie(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Solara's cookie, but never sent along with the request of another site."""
    if name.lower() != b"set-cookie":
        return name, value
    kept = [part for part in value.split(b";") if part.strip().lower() not in (b"samesite=none", b"samesite=lax")]
    return name, b";".join([*kept, b" SameSite=strict"])


async def respond(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    """A whole answer."""
    told = {"content-length": str(len(body)), "x-content-type-options": "nosniff", **headers}
    named = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
    await send({"type": "http.response.start", "status": status, "headers": named})
    await send({"type": "http.response.body", "body": body})


async def refuse(scope: Scope, send: Send, status: int, words: str) -> None:
    """Say no; a websocket is turned away before it is accepted."""
    kind = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})  # the server then answers 403
            return
        kind = "websocket.http.response"
    body = (words + "\n").encode()
    headers = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(body)),
               "x-content-type-options": "nosniff", "cache-control": "no-store"}  # fmt: skip
    await send({"type": f"{kind}.start", "status": status,
                "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})  # fmt: skip
    await send({"type": f"{kind}.body", "body": body})
