import pytest
from pandaprobe_proxy.dialects.cohere_usage import read_usage
from pandaprobe_proxy.model.call import Usage, UsageSource

BILLED = {"billed_units": {"input_tokens": 5, "output_tokens": 7}}


@pytest.mark.parametrize(
    ("raw", "counts"),
    [
        (BILLED | {"tokens": {"input_tokens": 105, "output_tokens": 9}, "cached_tokens": 50}, (105, 9, 50)),
        (BILLED, (5, 7, None)),
        ({"billed_units": {"input_tokens": 4.0}}, (4, None, None)),
    ],
)
def test_tokens_are_those_that_the_model_saw_before_those_that_are_billed(raw, counts):
    assert read_usage(raw) == Usage(*counts, source=UsageSource.REPORTED, raw=raw)


@pytest.mark.parametrize("raw", [{"billed_units": {"search_units": 1}}, {}, {"tokens": "x"}])
def test_other_units_are_no_tokens(raw):
    assert read_usage(raw) == Usage(raw=raw)


def test_no_usage_says_nothing():
    assert read_usage(None) == Usage()
