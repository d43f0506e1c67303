"""What a token costs, without importing litellm."""

import subprocess
import sys

import pytest

from coop_abm.llm.prices import Price, price_of, table_hash


@pytest.mark.parametrize(
    ("model", "endpoint"),
    [
        ("stand-in/tft", ""),
        ("ollama/qwen3:14b", ""),
        ("ollama_chat/qwen3:14b", "http://192.0.2.1:11434"),
        ("hosted_vllm/some", "http://127.0.0.1:8000/v1"),
        ("openai/gpt-4o-mini", "http://localhost:8000/v1"),
        ("openai/some", "http://[::1]:8000/v1"),
    ],
)
def test_what_runs_on_this_machine_costs_nothing(model, endpoint):
    assert price_of(model, endpoint) == Price(0.0, 0.0)


@pytest.mark.parametrize(
    "model", ["openai/gpt-4o-mini", "gpt-4o-mini", "gemini/gemini-2.5-flash", "mistral/mistral-small-latest"]
)
def test_a_provider_s_model_has_the_price_of_the_table_with_and_without_prefix(model):
    price = price_of(model, "")
    assert price is not None and 1e-8 < price.input < price.output < 1e-4


@pytest.mark.parametrize(
    ("model", "endpoint"),
    [
        ("openai/nobody-knows-this", ""),
        ("nobody/gpt-4o-mini", ""),
        ("openai/gpt-4o-mini", "https://models.example/v1"),
        ("hosted_vllm/meta-llama/Llama-3", "https://models.example/v1"),
        ("openai/text-embedding-3-small", ""),
        ("openai/whisper-1", ""),
        ("sample_spec", ""),
        ("openai/gpt-4o-mini", "http://127.0.0.1.evil.example/v1"),
    ],
)
def test_no_price_is_made_up(model, endpoint):
    assert price_of(model, endpoint) is None


def test_the_table_is_named_by_its_hash():
    assert len(table_hash()) == 64 and table_hash() == table_hash()


def test_litellm_is_not_imported_for_a_price():
    code = (
        "import sys; from coop_abm.llm.prices import price_of; "
        "print(price_of('openai/gpt-4o-mini', '') is not None, 'litellm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
