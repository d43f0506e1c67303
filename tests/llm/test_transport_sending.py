"""What transports send, to whom, and with which key."""

import json

import pytest

from coop_abm.core.errors import ScenarioError
from coop_abm.llm.slim import route_of
from tests.llm.calling import SCHEMA, Failure, ask, request, told
from tests.llm.faulty import Faulty

pytestmark = pytest.mark.usefixtures("no_keys")
BOTH = pytest.mark.parametrize("name", ["slim", "litellm"])


@BOTH
def test_settings_and_schema_reach_the_server_as_declared(name):
    with Faulty() as server:
        ask(name, request("openai/m", server.base, schema=SCHEMA, temperature=0.7, top_p=0.9))
        ask(name, request("openai/m", server.base))
    full, bare = (seen.body for seen in server.seen)
    assert (full["model"], full["temperature"], full["top_p"], full["max_tokens"]) == ("m", 0.7, 0.9, 20)
    assert full["messages"] == [
        {"role": "system", "content": "You play a game."},
        {"role": "user", "content": "Which action do you take?"},
    ]
    assert full["response_format"]["json_schema"]["schema"] == json.loads(SCHEMA)
    assert not {"temperature", "top_p", "response_format", "stream"} & {k for k, v in bare.items() if v}


@BOTH
def test_only_the_stand_in_gets_the_draw_and_it_gets_no_key(name, monkeypatch):
    for variable in ("OPENAI_API_KEY", "HOSTED_VLLM_API_KEY", "OPENAI_ORG_ID", "STAND_IN_API_KEY"):
        monkeypatch.setenv(variable, "sk-canary-0123456789")
    with Faulty() as server:
        assert ask(name, request("stand-in/tft"), stand_in=server.base).text
        assert ask(name, request("openai/m", server.base)).text
    of_stand_in, of_other = server.seen
    assert of_stand_in.headers["x-coop-draw"] == "0.25" and of_stand_in.body["model"] == "tft"
    assert "canary" not in str(of_stand_in.headers)
    assert "x-coop-draw" not in of_other.headers and of_other.key == "Bearer sk-canary-0123456789"


@BOTH
def test_without_a_running_stand_in_nothing_is_sent(name):
    result = ask(name, request("stand-in/tft"))
    assert (result.kind, result.sent) == ("refused", False) and "stand-in" in str(result)


@BOTH
@pytest.mark.parametrize("model", ["openai/m", "hosted_vllm/m", "m"])
def test_a_server_that_wants_no_key_gets_none(name, model):
    with Faulty() as server:
        assert ask(name, request(model, server.base)).text
    assert server.seen[0].key == "" and server.seen[0].body["model"] == "m"


@BOTH
@pytest.mark.parametrize(
    ("model", "given"), [("openai/m", "openai"), ("hosted_vllm/m", "vllm"), ("deepseek/m", ""), ("groq/m", "groq")]
)
def test_a_key_goes_to_its_own_provider_alone(name, model, given, monkeypatch):
    keys = {"OPENAI_API_KEY": "sk-openai-0123", "HOSTED_VLLM_API_KEY": "sk-vllm-0123", "GROQ_API_KEY": "sk-groq-0123"}
    for variable, key in keys.items():
        monkeypatch.setenv(variable, key)
    with Faulty() as server:
        ask(name, request(model, server.base))
    assert server.seen[0].key == (f"Bearer sk-{given}-0123" if given else "")


@pytest.mark.parametrize(
    ("model", "variable"),
    [
        ("together_ai/m", "TOGETHERAI_API_KEY"),
        ("gemini/gemini-2.5-flash", "GEMINI_API_KEY"),
        ("azure/gpt-4o", "AZURE_API_KEY"),
        ("mistral/mistral-small-latest", "MISTRAL_API_KEY"),
    ],
)
def test_litellm_finds_the_key_of_each_provider_under_its_own_name(model, variable, monkeypatch):
    monkeypatch.setenv("AZURE_API_VERSION", "2024-10-21")
    monkeypatch.setenv(variable, "a-key-of-that-provider")
    with Faulty() as server:
        reply = ask("litellm", request(model, server.root))
    assert (reply.text, server.count) == ('{"action": "action_a"}', 1)
    assert server.seen[0].key.removeprefix("Bearer ") == "a-key-of-that-provider"


def test_litellm_s_habit_of_lending_openai_s_key_is_stopped_at_the_gate(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    monkeypatch.delenv("NEBIUS_API_KEY", raising=False)
    with Faulty() as server:
        monkeypatch.setenv("NEBIUS_API_BASE", server.base)
        result = ask("litellm", request("nebius/m"))
        assert server.count == 0
    assert told(result) == Failure("auth", sent=False) and "NEBIUS_API_KEY is not set" in str(result)


def test_ollama_is_found_where_the_environment_says(monkeypatch):
    with Faulty() as server:
        monkeypatch.setenv("OLLAMA_API_BASE", server.root)
        assert ask("slim", request("ollama/qwen3:14b")).text == ask("litellm", request("ollama/qwen3:14b")).text
    assert [seen.path for seen in server.seen] == ["/v1/chat/completions", "/api/chat"]
    assert [seen.body["model"] for seen in server.seen] == ["qwen3:14b"] * 2


def test_anthropic_is_asked_for_json_as_for_a_tool_and_read_back(litellm_is_warm, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "an-anthropic-key")
    with Faulty() as server:
        reply = ask("litellm", request("anthropic/claude-3-haiku-20240307", server.root, schema=SCHEMA))
    assert json.loads(reply.text) == {"action": "action_a"}
    assert (reply.model, reply.finish) == ("claude-3-haiku-20240307", "stop")
    assert (reply.input_tokens, reply.output_tokens) == (11, 7)
    assert server.seen[0].key == "an-anthropic-key"


def test_a_setting_that_a_model_does_not_take_is_an_error_and_nothing_is_sent(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    with Faulty() as server:
        result = ask("litellm", request("openai/o3-mini", server.base, temperature=0.3))
        assert server.count == 0
    assert (result.kind, result.sent, result.again) == ("refused", False, False)
    assert "temperature" in str(result)


@pytest.mark.parametrize(
    ("model", "endpoint", "base", "name"),
    [
        ("stand-in/tft", "", "http://127.0.0.1:5000/v1", "tft"),
        ("ollama/qwen3:14b", "", "http://127.0.0.1:11434/v1", "qwen3:14b"),
        ("ollama_chat/qwen3", "http://192.0.2.1:11434", "http://192.0.2.1:11434/v1", "qwen3"),
        ("openai/gpt-4o", "", "https://api.openai.com/v1", "gpt-4o"),
        ("hosted_vllm/org/llama", "http://192.0.2.1:8000/v1/", "http://192.0.2.1:8000/v1", "org/llama"),
        ("local-model", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", "local-model"),
    ],
)  # fmt: skip
def test_slim_knows_where_a_model_is(model, endpoint, base, name, monkeypatch):
    monkeypatch.delenv("OLLAMA_API_BASE", raising=False)
    route = route_of(model, endpoint, "http://127.0.0.1:5000/v1")
    assert (route.base, route.name) == (base, name)


@pytest.mark.parametrize("model", ["anthropic/claude-3-haiku", "gemini/gemini-2.5-flash", "hosted_vllm/m", "m"])
def test_slim_says_which_models_it_cannot_reach(model):
    with pytest.raises(ScenarioError, match=r"model '.*' needs an endpoint over the transport slim.*litellm"):
        route_of(model, "", None)
    assert told(ask("slim", request(model))) == Failure("refused", sent=False)


def test_openai_without_a_key_is_said_before_anything_is_sent():
    result = ask("slim", request("openai/gpt-4o"))
    assert told(result) == Failure("auth", sent=False)
    assert str(result) == "OPENAI_API_KEY is not set in the environment"
