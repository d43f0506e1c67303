"""One HTTP exchange: one request out, one answer in, within a time and a size. What all transports share.

No redirect is followed (the prompt would go to a host that nobody named), nothing is sent twice, no
cookie is kept, and machines that stand between us and ourselves (a proxy) are not asked.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping

import aiohttp
import yarl

from coop_abm._version import __version__
from coop_abm.core.errors import CallFailed, quoted
from coop_abm.llm.addresses import proxy_for
from coop_abm.llm.verdict import Answer

#: Seconds to reach a host at all.
_CONNECT = 30.0


class Wire:
    """Keeps connections open between exchanges, as long as it is used on one event loop.

    Parameters
    ----------
    deadline    : seconds for a whole exchange, to the last byte
    largest     : most bytes of an answer
    concurrency : most connections
    """

    def __init__(self, *, deadline: float, largest: int, concurrency: int):
        self.deadline, self.largest, self.concurrency = deadline, largest, concurrency
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | CallFailed:
        """The answer to one request, whatever its status, or why there is none.

        The address is sent as it is, for some providers sign it. A failure is returned and not raised:
        a traceback would keep the frames in which the headers stand, for everything that prints local
        variables. It is of kind timeout, connection or too_large, or refused if the address is none.
        """
        try:
            async with asyncio.timeout(self.deadline):
                return await self._exchange(url, body, headers)
        except TimeoutError as error:
            early = isinstance(error, aiohttp.ConnectionTimeoutError)
            what = f"no connection within {_CONNECT:g} s" if early else f"no whole answer within {self.deadline:g} s"
            return CallFailed("timeout", what, sent=not early, again=True)
        except aiohttp.ClientConnectorError as error:
            return _unreached(error)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            return CallFailed("refused", "the endpoint is no address of a web server", sent=False)
        except (aiohttp.ClientError, OSError) as error:  # ended early, cut off, or no HTTP at all
            return CallFailed("connection", f"the connection broke ({type(error).__name__})", again=True)
        except _TooLarge:
            return CallFailed("too_large", f"the answer is longer than {self.largest} bytes; given up")
        except (ValueError, TypeError) as error:  # a header or an address with characters that none may have
            return CallFailed("refused", f"the request cannot be written ({type(error).__name__})", sent=False)

    async def close(self) -> None:
        """Close all connections; the next exchange opens new ones."""
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        session = self._at_home()
        whole, proxy = yarl.URL(url, encoded=True), proxy_for(url)
        async with session.post(whole, data=body, headers=headers, allow_redirects=False, proxy=proxy) as response:
            try:
                received = bytearray()
                async for piece in response.content.iter_any():
                    received += piece
                    if len(received) > self.largest:
                        raise _TooLarge
            except BaseException:
                response.close()  # what else may come is not read
                raise
            lower = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, lower, bytes(received))

    def _at_home(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self.concurrency, ssl=_trusted()),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={
                    "User-Agent": f"coop-abm/{__version__}",
                    "Accept-Encoding": "identity",  # what comes is what is counted
                },
            )
        return self._session


class _TooLarge(Exception):
    """An answer went beyond the largest size."""


def _unreached(error: aiohttp.ClientConnectorError) -> CallFailed:
    """Nothing was sent, because nobody was there, or not the one whom the certificate should name."""
    if isinstance(error, aiohttp.ClientSSLError):
        return CallFailed("connection", f"no trusted connection ({type(error).__name__})", sent=False)
    number = error.os_error.errno or 0
    why = os.strerror(number) if number > 0 else error.os_error.strerror or type(error.os_error).__name__
    where = quoted(f"{error.host}:{error.port}")[1:-1]
    return CallFailed("connection", f"{where} cannot be reached ({why})", sent=False, again=True)


def _trusted() -> ssl.SSLContext:
    """The certificates of this machine and, where the user names no others, those that come with `certifi`."""
    context = ssl.create_default_context()
    if not os.environ.get("SSL_CERT_FILE") and not os.environ.get("SSL_CERT_DIR"):
        import certifi

        context.load_verify_locations(certifi.where())
    return context
