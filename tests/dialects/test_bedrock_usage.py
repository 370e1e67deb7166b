import pytest
from pandaprobe_proxy.dialects.base import Answered
from pandaprobe_proxy.dialects.bedrock_usage import read_headers, read_usage
from pandaprobe_proxy.model.call import CallError, Usage, UsageSource

HEADERS = (
    (b"X-Amzn-Bedrock-Input-Token-Count", b"408"),
    (b"X-Amzn-Bedrock-Output-Token-Count", b"54"),
    (b"X-Amzn-Bedrock-Cache-Read-Input-Token-Count", b"100"),
    (b"X-Amzn-Bedrock-Cache-Write-Input-Token-Count", b"0"),
)
COUNTS = {
    "inputTokenCount": 408,
    "outputTokenCount": 54,
    "cacheReadInputTokenCount": 100,
    "cacheWriteInputTokenCount": 0,
}


def test_input_includes_what_has_to_do_with_the_cache():
    raw = {
        "inputTokens": 3,
        "outputTokens": 61,
        "totalTokens": 2435,
        "cacheReadInputTokens": 2074,
        "cacheWriteInputTokens": 297,
    }
    assert read_usage(raw) == Usage(2374, 61, 2074, source=UsageSource.REPORTED, raw=raw, cache_written=297)


def test_a_total_without_the_cache_says_that_input_has_it():
    raw = {"inputTokens": 100, "outputTokens": 10, "totalTokens": 110, "cacheReadInputTokens": 80}
    assert (read_usage(raw).input, read_usage(raw).cached) == (100, 80)


@pytest.mark.parametrize(
    ("raw", "input_tokens", "output_tokens"),
    [
        ({"inputTextTokenCount": 5, "totalOutputTextTokenCount": 10}, 5, 10),
        ({"prompt_token_count": 5, "generation_token_count": 10}, 5, 10),
        ({"inputTokenCount": 5, "outputTokenCount": 10, "invocationLatency": 9}, 5, 10),
        ({"generation_token_count": 10}, None, 10),
        ({"inputTextTokenCount": 5}, 5, None),
    ],
)
def test_models_have_names_of_their_own(raw, input_tokens, output_tokens):
    assert read_usage(raw) == Usage(input_tokens, output_tokens, source=UsageSource.REPORTED, raw=raw)


def test_what_nobody_said_is_none():
    assert read_usage({"inputTokens": "many"}) == Usage(raw={"inputTokens": "many"})


def test_headers_tell_what_a_body_did_not():
    expected = Usage(508, 54, 100, source=UsageSource.REPORTED, raw=COUNTS, cache_written=0)
    assert read_headers(Answered(), HEADERS).usage == expected
    half = Answered(usage=read_usage({"inputTextTokenCount": 408}))
    assert read_headers(half, HEADERS).usage.output == 54


def test_headers_change_nothing_else():
    told = Answered(usage=read_usage({"outputTokens": 1}))
    assert read_headers(told, HEADERS) is told
    failed = Answered(error=CallError("m"))
    assert read_headers(failed, HEADERS) is failed
    odd = ((b"x-amzn-bedrock-input-token-count", b"-1"), (b"x-amzn-bedrock-output-token-count", b"9" * 20))
    assert read_headers(Answered(), odd).usage == Usage()
