"""How a request reaches a provider: one small face, whatever is behind it.

`coop_abm.llm.transport_litellm.LiteLLM` reaches every provider, `coop_abm.llm.slim.Slim` anything
that speaks like OpenAI with a tenth of the work, and :class:`Scripted` is a function in the place
of a provider. None of them tries twice: that is for `coop_abm.llm.retry` alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from coop_abm.core.errors import ScenarioError, quoted
from coop_abm.llm.messages import Reply, Request

#: What can be declared as a transport.
TRANSPORTS = ("litellm", "slim")


class Transport(Protocol):
    """Sends one request, once."""

    async def send(self, request: Request) -> Reply:
        """The reply to one request, of which at most one went out.

        A body that is no chat completion is a reply too, with ``finish="malformed"``: it was paid for.

        Raises
        ------
        CallFailed
            if there is no reply; nothing else is raised, and the call can be cancelled at any time
        """
        ...

    async def close(self) -> None:
        """Close all connections; the transport can be used again, and opens new ones."""
        ...


class Scripted:
    """A function in the place of a provider.

    Parameters
    ----------
    answer : from a request to a reply, or to its text; may raise `CallFailed`

    Attributes
    ----------
    requests : what was sent, in order
    """

    def __init__(self, answer: Callable[[Request], str | Reply]):
        self.answer = answer
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Reply:
        """What the function answers."""
        self.requests.append(request)
        said = self.answer(request)
        if isinstance(said, Reply):
            return said
        return Reply(said, request.model, "stop", None, None, "", 0.0, said)

    async def close(self) -> None:
        """There is nothing to close."""


def open_transport(name: str, **settings: Any) -> Transport:
    """The transport of that name; its libraries are loaded here, or with the first request.

    Parameters
    ----------
    settings : deadline, largest, stand_in and concurrency (see `coop_abm.llm.slim.Slim`)

    Raises
    ------
    ScenarioError
        if there is no such transport
    """
    if name == "slim":
        from coop_abm.llm.slim import Slim

        return Slim(**settings)
    if name == "litellm":
        from coop_abm.llm.transport_litellm import LiteLLM

        return LiteLLM(**settings)
    raise ScenarioError(f"transport must be one of {', '.join(TRANSPORTS)}; got {quoted(name)}")
