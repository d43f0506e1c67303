"""What tests of transports start from: no keys in the environment, and a litellm that has been used once."""

import pytest

from coop_abm.llm.messages import Reply
from tests.llm.calling import DIALECTS, ask, request
from tests.llm.faulty import Faulty


@pytest.fixture
def no_keys(monkeypatch):
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "HOSTED_VLLM_API_KEY", "OLLAMA_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="session")
def litellm_is_warm():
    """litellm imports the parts of each provider with its first call, which no deadline should bear."""
    with Faulty() as server:
        for model in ("openai/m", *DIALECTS):
            base = server.base if DIALECTS.get(model, True) else server.root
            assert isinstance(ask("litellm", request(model, base)), Reply)
