import pytest
from pandaprobe_proxy.dialects.gemini_usage import later_usage, read_usage
from pandaprobe_proxy.model.call import Usage, UsageSource


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        (
            {"promptTokenCount": 5, "candidatesTokenCount": 1, "thoughtsTokenCount": 100, "totalTokenCount": 106},
            (5, 101),
        ),
        ({"promptTokenCount": 32, "candidatesTokenCount": 41, "toolUsePromptTokenCount": 2395}, (2427, 41)),
        ({"promptTokenCount": 9, "totalTokenCount": 9}, (9, 0)),
        ({"promptTokenCount": 9}, (9, None)),
        ({"candidatesTokenCount": 23, "thoughtsTokenCount": 67}, (None, 90)),
        ({"promptTokenCount": 5, "responseTokenCount": 7}, (5, 7)),
    ],
)
def test_input_and_output_are_all_that_went_in_and_out(raw, counts):
    usage = read_usage(raw)
    assert ((usage.input, usage.output), usage.source, usage.raw) == (counts, UsageSource.REPORTED, raw)


def test_what_was_cached_thought_and_heard_is_told():
    details = [{"modality": "TEXT", "tokenCount": 1}, {"modality": "AUDIO", "tokenCount": 7}, "odd"]
    raw = {
        "promptTokenCount": 9,
        "cachedContentTokenCount": 4,
        "thoughtsTokenCount": 3,
        "promptTokensDetails": details,
        "candidatesTokensDetails": [{"modality": 4, "tokenCount": 2}],
    }
    usage = read_usage(raw)
    assert (usage.cached, usage.reasoning, usage.audio_input, usage.audio_output) == (4, 3, 7, 2)


def test_a_usage_without_counts_says_nothing():
    assert read_usage({"trafficType": "ON_DEMAND"}) == Usage(raw={"trafficType": "ON_DEMAND"})


def test_later_counts_replace_earlier_ones_and_other_fields_are_kept():
    first = {"promptTokenCount": 9, "candidatesTokenCount": 21}
    assert later_usage(first, {"promptTokenCount": 87}) == {"promptTokenCount": 87}
    assert later_usage(first, {"trafficType": "X"}) == first | {"trafficType": "X"}
