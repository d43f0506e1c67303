"""What goes to a language model and what comes back, as plain records.

The stack ``Journal(Budget(Retry(transport)))`` hands these from layer to layer; a transport turns a
:class:`Request` into HTTP and an HTTP answer into a :class:`Reply`.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

_AS_JSON = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode


class Address(NamedTuple):
    """Which draw of which run a request is for; two draws never share an address.

    digest    : of the scenario, without what cannot change a reply (run length, fallback, prices)
    seed      : root seed of the run
    replicate, round, turn, row : when and who; `row` is the place of the decision in its turn
    stage     : what is decided
    attempt   : 0 for the first question, 1 for the repair turn
    """

    digest: str
    seed: int
    replicate: int
    round: int
    turn: int
    stage: str
    row: int
    attempt: int = 0


class Request(NamedTuple):
    """One question to a language model.

    model     : as declared: ``ollama/qwen3:14b``, ``stand-in/tft``
    messages  : (role, text) pairs, in order; roles are system, user and assistant
    schema    : JSON schema of the answer as JSON text; empty for free text
    temperature, top_p, max_tokens : sampling settings; None leaves the first two to the provider
    endpoint  : `api_base` as declared, empty for the provider's own; never a resolved host or port
    address   : which draw this is for
    draw      : uniform number of that draw. It is no part of the key, no prompt holds it, and only the
                stand-in ever sees it, in a header
    templates : hash of the templates that the messages were made from
    """

    model: str
    messages: tuple[tuple[str, str], ...]
    schema: str
    temperature: float | None
    top_p: float | None
    max_tokens: int
    endpoint: str
    address: Address
    draw: float = 0.0
    templates: str = ""

    @property
    def key(self) -> str:
        """SHA-256 of everything that can change the reply, and of the address of the draw."""
        told = (
            self.model, self.messages, self.schema, self.temperature, self.top_p, self.max_tokens, self.endpoint,
            tuple(self.address),
        )  # fmt: skip
        return hashlib.sha256(_AS_JSON(told).encode()).hexdigest()


class Reply(NamedTuple):
    """What a language model sent back, and what it cost in tokens.

    text      : the answer; empty if the body held none
    model     : the id that the provider gave; empty if it gave none
    finish    : why it ended: stop, length, ... ; ``malformed`` for a body that is no chat completion,
                which was paid for all the same
    input_tokens, output_tokens : as the provider counts them; None where it does not say
    reasoning : reasoning that came apart from the text, empty if there was none
    latency   : seconds from sending to the last byte
    raw       : the body as it came, but for keys in it
    """

    text: str
    model: str
    finish: str
    input_tokens: int | None
    output_tokens: int | None
    reasoning: str
    latency: float
    raw: str
