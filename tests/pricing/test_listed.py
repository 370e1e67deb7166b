"""List prices: whose they are, what they are of, and when there is none."""

import subprocess
import sys

import pytest
from genai_prices import Usage as LibraryUsage
from genai_prices.data_snapshot import get_snapshot
from hypothesis import given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.pricing import listed
from pandaprobe_proxy.pricing.listed import is_local, list_price

NOW_NS = 1_795_000_000 * 10**9  # November 2026
OPENAI = ("openai", "https://api.openai.com/v1/chat/completions")
MILLION = 1_000_000


def price(model, place=OPENAI, context=(), at_ns=NOW_NS, **counts):
    models = (model,) if isinstance(model, str) else model
    return list_price(place, models, counts, dict(context), at_ns)


def test_input_and_output_have_their_prices():
    cost = price("gpt-4o-2024-08-06", input_tokens=MILLION, output_tokens=MILLION)
    assert (cost.total, cost.parts) == (12.5, {"input": 2.5, "output": 10.0})
    assert cost.priced_as == "openai/gpt-4o" and cost.source.startswith("genai-prices 0.")


def test_what_was_cached_or_written_is_paid_once_and_at_its_own_price():
    place = ("anthropic", "https://api.anthropic.com/v1/messages")
    counts = {"input_tokens": MILLION, "cache_read_tokens": MILLION // 2, "cache_write_tokens": MILLION // 4}
    cost = price("claude-sonnet-5", place, **counts, cache_write_1h_tokens=MILLION // 8)
    assert cost.parts == {
        "input": pytest.approx(0.5),
        "cached": pytest.approx(0.1),
        "cache_written": pytest.approx(2.5 / 8),
        "cache_write_1h": pytest.approx(4 / 8),
    }
    assert cost.total == pytest.approx(sum(cost.parts.values()))


def test_reasoning_is_part_of_the_output():
    cost = price("gpt-5", output_tokens=MILLION, output_reasoning_tokens=MILLION // 2)
    assert cost.parts == {"output": 10.0}


def test_audio_has_a_price_of_its_own_or_none():
    cost = price("gpt-audio", input_tokens=MILLION, input_audio_tokens=MILLION, output_tokens=10)
    assert cost.parts["audio_input"] == 32.0
    assert price("gpt-4o-audio-preview", input_tokens=MILLION, input_audio_tokens=5) is None
    google = ("gemini", "https://generativelanguage.googleapis.com/v1beta/models/x:generateContent")
    assert price("gemini-2.5-pro", google, input_tokens=10, input_audio_tokens=5).parts.keys() == {"input"}


def test_a_long_prompt_is_paid_at_the_rate_that_it_reaches():
    place = ("anthropic", "https://api.anthropic.com/v1/messages")
    short, long = (price("claude-sonnet-4-5", place, input_tokens=n).total for n in (200_000, 200_001))
    assert (short, long) == (pytest.approx(0.6), pytest.approx(1.200006))


def test_a_tier_has_its_price_or_none():
    tokens = {"input_tokens": MILLION}
    flex = price("gpt-5", context={"service_tier": "flex"}, **tokens)
    assert (flex.total, flex.priced_as) == (0.625, "openai/gpt-5 (flex)")
    assert price("gpt-5", context={"service_tier": "default"}, **tokens).priced_as == "openai/gpt-5"
    assert price("gpt-5", context={"processing": "batch"}, **tokens).total == 0.625
    assert price("gpt-4o", context={"service_tier": "flex"}, **tokens) is None
    assert price("gpt-5", context={"service_tier": "scale"}, **tokens) is None
    azure = ("azure", "https://x.openai.azure.com/openai/v1")
    assert price("gpt-5", azure, context={"service_tier": "flex"}, **tokens) is None


def test_a_tier_that_had_no_price_then_is_not_priced_as_today():
    assert price("gpt-5", context={"service_tier": "flex"}, at_ns=1_700_000_000 * 10**9, input_tokens=1) is None


@pytest.mark.parametrize(
    ("place", "model", "priced_as"),
    [
        (("mine", "https://api.anthropic.com/v1/messages"), "claude-sonnet-5", "anthropic/claude-sonnet-5"),
        (("openai", "https://us.api.openai.com/v1/x"), "gpt-4o", "openai/gpt-4o"),
        (("openai", "http://127.0.0.1:4000/v1/x"), "gpt-4o", "openai/gpt-4o"),
        (
            ("openai", "https://openrouter.ai/api/v1/x"),
            "anthropic/claude-sonnet-4",
            "openrouter/anthropic/claude-sonnet-4",
        ),
        (("corp", "https://llm.example.com/v1/x"), "claude-sonnet-5", "anthropic/claude-sonnet-5"),
        (("azure", "https://x.openai.azure.com/openai"), "gpt-4o", "azure/gpt-4o"),
        (OPENAI, ("gpt-4o-unheard-of-by-anyone", "gpt-4o"), "openai/gpt-4o"),
    ],
)
def test_whose_price_it_is(place, model, priced_as):
    assert price(model, place, input_tokens=5).priced_as == priced_as


@pytest.mark.parametrize(
    ("place", "model"),
    [
        (OPENAI, "scripted-1"),
        (OPENAI, "claude-sonnet-5"),
        (OPENAI, ()),
        (("corp", "https://llm.example.com/v1"), "house-model"),
        (("corp", "http://127.0.0.1:8000/v1"), "gpt-4o"),
        (("corp", "http://ollama:11434/v1"), "mistral-large"),
        (("ollama", "http://127.0.0.1:11434/api/chat"), "gpt-4o"),
        (("vllm", "https://gpu.example.com/v1"), "gpt-4o"),
        (("corp", "http://[bad/"), "house-model"),
    ],
)
def test_what_is_not_known_or_local_has_no_price(place, model):
    assert price(model, place, input_tokens=5) is None


def test_counts_that_have_no_price_or_do_not_fit_give_none():
    assert price("whisper-1", input_tokens=5) is None
    assert price("text-embedding-3-small", input_tokens=5, output_tokens=5) is None
    assert price("gpt-4o", input_tokens=5, cache_read_tokens=6) is None
    assert price("gpt-4o", web_searches=0) is None


def test_cached_audio_that_nobody_tells_apart_has_no_price():
    counts = {"input_tokens": 100, "input_audio_tokens": 50, "cache_read_tokens": 50}
    assert price("gpt-realtime", **counts) is None
    assert price("gpt-realtime", **counts, cache_audio_read_tokens=25).parts["cache_audio_read"] > 0


def every_model():
    return [(provider.id, model.id) for provider in get_snapshot().providers for model in provider.models]


@given(
    st.sampled_from(every_model()),
    st.fixed_dictionaries(
        {"input_tokens": st.integers(1, 400_000)},
        optional={
            "output_tokens": st.integers(1, 9_000),
            "cache_read_tokens": st.integers(1, 200_000),
            "cache_write_tokens": st.integers(1, 200_000),
            "cache_write_1h_tokens": st.integers(1, 200_000),
            "input_audio_tokens": st.integers(1, 1_000),
            "output_reasoning_tokens": st.integers(1, 9_000),
        },
    ),
)
@settings(max_examples=300, deadline=None)
def test_a_cost_is_what_the_library_itself_adds_up(found, counts):
    provider_id, model_id = found
    if "cache_write_1h_tokens" in counts:
        counts["cache_write_tokens"] = counts["cache_write_1h_tokens"]
    cost = price(model_id, (provider_id, ""), **counts)
    if cost is None:
        return
    other, priced = listed._find_model(provider_id, "", (model_id,))
    at = listed.datetime.fromtimestamp(NOW_NS // 10**9, listed.UTC)
    theirs = priced.calc_price(LibraryUsage(**counts), other, genai_request_timestamp=at)
    assert cost.total == pytest.approx(float(theirs.total_price), rel=1e-9)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/v1", True),
        ("http://127.0.0.9/", True),
        ("http://[::1]:8/", True),
        ("http://10.1.2.3/", True),
        ("http://gpu.lan/", True),
        ("http://host.docker.internal:11434/", True),
        ("https://api.openai.com/", False),
        ("https://8.8.8.8/", False),
        ("http://[bad/", False),
    ],
)
def test_local_is_this_machine_and_its_network(url, local):
    assert is_local(url) is local


def test_the_price_list_can_be_read_ahead():
    listed.warm()
    assert listed._snapshot().providers


def test_the_price_list_is_read_only_when_a_call_is_priced():
    program = (
        "import sys, pandaprobe_proxy.cli, pandaprobe_proxy.settings, pandaprobe_proxy.sources, pandaprobe_proxy.app,"
        " pandaprobe_proxy.store.sqlite, pandaprobe_proxy.app.record; assert 'genai_prices' not in sys.modules;"
        " from pandaprobe_proxy.pricing.listed import warm; warm(); assert 'genai_prices' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
