from pandaprobe_proxy.dialects.anthropic_usage import add, keep_input, merge, read_usage
from pandaprobe_proxy.model.call import Usage, UsageSource

RAW = {
    "input_tokens": 5,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 300,
    "output_tokens": 40,
    "output_tokens_details": {"thinking_tokens": 30},
    "service_tier": "standard",
}


def test_input_includes_what_has_to_do_with_the_cache():
    assert read_usage(RAW) == Usage(325, 40, 300, 30, UsageSource.REPORTED, RAW, 20)


def test_what_nobody_said_is_none():
    assert read_usage({"output_tokens": 7}) == Usage(None, 7, source=UsageSource.REPORTED, raw={"output_tokens": 7})
    assert read_usage({"service_tier": "x"}) == Usage(raw={"service_tier": "x"})
    assert read_usage({"input_tokens": 1, "output_tokens_details": "none"}).reasoning is None


def test_the_input_of_an_answer_that_broke_off_is_known_all_the_same():
    usage = read_usage(RAW, whole=False)
    assert usage.source_of("input") is usage.source_of("cache_written") is UsageSource.REPORTED
    assert "output" not in usage.sources and usage.input == 325
    assert keep_input(Usage(3, 1)).sources == {"input": UsageSource.REPORTED}


def test_later_counts_overwrite_field_by_field_and_nulls_do_not():
    later = {"input_tokens": 9, "cache_read_input_tokens": None, "output_tokens": 41}
    assert merge(RAW, later) == RAW | {"input_tokens": 9, "output_tokens": 41}


def test_a_sum_with_an_unknown_main_part_is_unknown():
    assert add(None, 5) is None and add(1, None, 2) == 3
