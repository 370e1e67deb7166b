"""What of a call is paid for, and what else decides its price."""

import pytest
from pandaprobe_proxy.model.call import Call, Usage
from pandaprobe_proxy.pricing.counts import count, read_billed, read_context


def test_a_usage_is_counted_by_the_names_of_the_price_list():
    usage = Usage(100, 50, cached=20, reasoning=10, cache_written=30, audio_input=5, audio_output=0)
    assert count(usage) == {
        "input_tokens": 100,
        "output_tokens": 50,
        "cache_read_tokens": 20,
        "output_reasoning_tokens": 10,
        "cache_write_tokens": 30,
        "input_audio_tokens": 5,
    }
    assert count(Usage()) == {}


def test_what_is_billed_is_what_is_paid_for():
    seen = Usage(1533, 36, cached=100, raw={"billed_units": {"input_tokens": 51.0, "output_tokens": 13}})
    billed = read_billed(seen)
    assert (billed.input, billed.output, billed.cached) == (51, 13, None)
    odd = read_billed(Usage(1, 2, raw={"billed_units": {"input_tokens": "x", "search_units": 1}}))
    assert (odd.input, odd.output) == (None, None)
    assert read_billed(Usage(1, 2, raw={"billed_units": 3})).input == 1


def test_what_only_the_raw_usage_tells_is_counted_too():
    raw = {
        "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2},
        "server_tool_use": {"web_search_requests": 3},
        "input_token_details": {"image_tokens": 4, "cached_tokens_details": {"audio_tokens": 5}},
    }
    assert count(Usage(raw=raw)) == {
        "cache_write_5m_tokens": 1,
        "cache_write_1h_tokens": 2,
        "cache_write_tokens": 3,
        "web_searches": 3,
        "input_image_tokens": 4,
        "cache_audio_read_tokens": 5,
    }


def test_gemini_tells_kinds_of_tokens_in_lists():
    details = [
        {"modality": "TEXT", "tokenCount": 9},
        {"modality": "IMAGE", "tokenCount": 4},
        {"modality": "IMAGE", "tokenCount": 3},
    ]
    assert count(Usage(10, 10, raw={"promptTokensDetails": details, "candidatesTokensDetails": details[:2]})) == {
        "input_tokens": 10,
        "output_tokens": 10,
        "input_image_tokens": 7,
        "output_image_tokens": 4,
    }


@pytest.mark.parametrize(
    "odd", [1, None, "x", [], [1], [{}], [{"modality": [], "tokenCount": 1}], {"image_tokens": True}]
)
def test_odd_details_are_passed_over(odd):
    fields = ("cache_creation", "server_tool_use", "prompt_tokens_details", "promptTokensDetails")
    assert count(Usage(1, raw=dict.fromkeys(fields, odd))) == {"input_tokens": 1}


@pytest.mark.parametrize(
    ("extra", "raw", "parameters", "context"),
    [
        ({}, {}, {}, {}),
        ({"service_tier": "default"}, {}, {"service_tier": "flex"}, {"service_tier": "default"}),
        ({}, {"service_tier": "standard"}, {}, {}),
        ({}, {"service_tier": "batch"}, {}, {"processing": "batch"}),
        ({}, {}, {"service_tier": "flex"}, {"service_tier": "flex"}),
        ({"service_tier": "priority"}, {}, {}, {"service_tier": "priority"}),
        ({"service_tier": None}, {}, {"service_tier": "auto"}, {}),
        ({}, {"speed": "fast"}, {}, {"speed": "fast"}),
    ],
)
def test_the_tier_that_was_given_beats_the_one_that_was_asked_for(extra, raw, parameters, context):
    call = Call("d", 1, "chat", usage=Usage(raw=raw), extra=extra, parameters=parameters)
    assert read_context(call) == context
