"""What a token costs, from the price table that comes with litellm, without importing litellm.

Importing it takes seconds, and would ask the network for newer prices: then a plan would depend on the day.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from coop_abm.core.errors import ModelError
from coop_abm.llm.addresses import is_loopback

_TABLE = "model_prices_and_context_window_backup.json"
_FREE = frozenset({"stand-in", "ollama", "ollama_chat"})
#: Prefixes that say how a server speaks, not whose it is.
_DIALECTS = frozenset({"openai", "hosted_vllm"})
_TALKING = frozenset({"chat", "completion", "responses"})


class Price(NamedTuple):
    """US dollars for one token."""

    input: float
    output: float


def price_of(model: str, endpoint: str) -> Price | None:
    """What a model's tokens cost; None if nobody knows.

    The stand-in, Ollama and servers on this machine cost nothing. ``openai/...`` with an endpoint is
    only a manner of speaking, so there the name tells no price.

    >>> price_of("stand-in/tft", "")
    Price(input=0.0, output=0.0)
    """
    provider, _, name = model.partition("/")
    if provider in _FREE or is_loopback(urlsplit(endpoint).hostname or ""):
        return Price(0.0, 0.0)
    if endpoint and provider in _DIALECTS:
        return None
    told = _entry(model, provider, name)
    given, taken = _number(told, "input_cost_per_token"), _number(told, "output_cost_per_token")
    if given is None or taken is None or told.get("mode") not in _TALKING:
        return None
    if given == taken == 0 and any(_number(told, key) for key in told if "cost" in key):
        return None  # it costs something, by the second, character or request
    return Price(given, max(taken, _number(told, "output_cost_per_reasoning_token") or 0.0))


def _entry(model: str, provider: str, name: str) -> dict[str, Any]:
    """The line of a model: by its whole name, or by its name alone if that line is of the same provider."""
    table = _table()[0]
    if model in table:
        return table[model]
    bare = table.get(name, {})
    return bare if str(bare.get("litellm_provider", "")).startswith(provider) else {}


def _number(told: dict[str, Any], key: str) -> float | None:
    value = told.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def table_hash() -> str:
    """SHA-256 of the price table, for the provenance of what was planned with it."""
    return _table()[1]


@functools.cache
def _table() -> tuple[dict[str, dict[str, Any]], str]:
    found = importlib.util.find_spec("litellm")
    if found is None or not found.submodule_search_locations:
        raise ModelError("prices: litellm is not installed, and its price table comes with it")
    content = (Path(next(iter(found.submodule_search_locations))) / _TABLE).read_bytes()
    return json.loads(content), hashlib.sha256(content).hexdigest()
