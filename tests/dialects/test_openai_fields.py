import pytest
from pandaprobe_proxy.dialects.openai_fields import (
    add_usage,
    grow_field,
    merge_field,
    merge_usage,
    pop_typed,
    read_rest,
    read_usage,
    without_nulls,
)
from pandaprobe_proxy.model.call import Usage, UsageSource


def counts(raw: dict) -> tuple[int | None, ...]:
    usage = read_usage(raw)
    return usage.input, usage.output, usage.cached, usage.reasoning


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}, (5, 7, None, None)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 3},
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
            (5, 7, 3, 4),
        ),
        ({"input_tokens": 5, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 0}}, (5, 7, 0, None)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "prompt_cache_hit_tokens": 2}, (5, 7, 2, None)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "num_cached_tokens": 2}, (5, 7, 2, None)),
        ({"prompt_tokens": 5, "completion_tokens": 7, "reasoning_tokens": 2}, (5, 7, None, 2)),
        ({"prompt_tokens": 5.0, "completion_tokens": 7.5}, (5, None, None, None)),
        ({"prompt_tokens": 5, "completion_tokens": float("inf")}, (5, None, None, None)),
        ({"prompt_tokens": 5, "completion_tokens": 10**400}, (5, None, None, None)),
        ({"prompt_tokens": True, "completion_tokens": "7", "total_tokens": -1}, (None, None, None, None)),
        ({"prompt_tokens": 5, "prompt_tokens_details": 3, "total_tokens": 5}, (5, None, None, None)),
    ],
)
def test_counts_are_found_under_their_names(raw, expected):
    assert counts(raw) == expected


def test_reasoning_that_is_counted_beside_the_output_is_added_to_it():
    raw = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 35}
    raw["completion_tokens_details"] = {"reasoning_tokens": 20}
    assert counts(raw) == (10, 25, None, 20)
    assert counts(raw | {"total_tokens": 15})[1] == 5


def test_a_usage_that_says_no_count_is_not_reported():
    assert read_usage({}) == Usage()
    assert read_usage({"cost": 1}) == Usage(raw={"cost": 1})
    assert read_usage({"total_tokens": 3}).source is UsageSource.REPORTED


def test_a_later_usage_replaces_field_by_field_and_null_replaces_nothing():
    first = {"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 2, "audio": None}}
    second = {
        "prompt_tokens": None,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": None, "audio": 1},
    }
    assert merge_usage(first, second) == {
        "prompt_tokens": 5,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 2, "audio": 1},
    }
    assert first["completion_tokens"] == 1


@pytest.mark.parametrize(
    ("held", "value", "merged"),
    [
        ({}, 0, 0),
        ({"k": 1}, 0, 0),
        ({"k": 1}, None, 1),
        ({"k": ["a"]}, [], ["a"]),
        ({"k": "a"}, "", "a"),
        ({"k": {"a": 1}}, {}, {"a": 1}),
        ({"k": {"a": 1}}, {"b": 2, "a": None}, {"a": 1, "b": 2}),
        ({"k": {"a": 1}}, "text", "text"),
        ({"k": None}, "", ""),
    ],
)
def test_what_is_empty_replaces_nothing(held, value, merged):
    merge_field(held, "k", value)
    assert held == {"k": merged}


def test_a_value_of_another_type_stays_where_it_is():
    fields = {"a": "x", "b": 5, "c": None}
    assert [pop_typed(fields, key, str) for key in ("a", "b", "c", "d")] == ["x", None, None, None]
    assert fields == {"b": 5}


def test_nulls_say_nothing():
    assert without_nulls({"a": None, "b": 0}) == {"b": 0}


def test_the_rest_of_an_answer_is_kept_without_its_padding():
    body = {"object": "chat.completion", "obfuscation": "xx", "usage": {"prompt_tokens": 1}, "x": 1, "y": None}
    assert read_rest(body) == ({"prompt_tokens": 1}, {"x": 1})


def test_a_usage_may_sit_in_an_extra():
    body = {"x_groq": {"id": "r", "usage": {"prompt_tokens": 1, "queue_time": 2}}, "usage": {"prompt_tokens": 3}}
    assert read_rest(body)[0] == {"prompt_tokens": 3, "queue_time": 2}
    assert read_rest({"x_groq": {"id": "r"}, "usage": 5}) == ({}, {"x_groq": {"id": "r"}, "usage": 5})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 7,
                "prompt_tokens_details": {"audio_tokens": 3, "cache_write_tokens": 2},
                "completion_tokens_details": {"audio_tokens": 5},
            },
            (2, 3, 5),
        ),
        ({"input_tokens": 9, "input_token_details": {"audio_tokens": 0}}, (None, 0, None)),
        ({"prompt_tokens": 9, "cache_creation_input_tokens": 4}, (4, None, None)),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cache_write_tokens": 0}, "cache_write_tokens": 1},
            (0, None, None),
        ),
    ],
)
def test_audio_and_what_was_written_to_the_cache_are_counted(raw, expected):
    usage = read_usage(raw)
    assert (usage.cache_written, usage.audio_input, usage.audio_output) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (([1], [2, 3]), [1, 2, 3]),
        (([1], [1, 2], [1, 2]), [1, 2]),
        (([{"index": 0, "a": 1}], [{"index": 0, "a": None, "b": 2}]), [{"index": 0, "a": 1, "b": 2}]),
        (([{"index": 0, "a": 1}], [{"index": 1}]), [{"index": 0, "a": 1}, {"index": 1}]),
        (
            ([{"index": 7}, {"a": 1}], [{"index": 1}, {"index": -1}]),
            [{"index": 7}, {"a": 1}, {"index": 1}, {"index": -1}],
        ),
        (([1], "x"), "x"),
        (("x", [1]), [1]),
        (([1], []), [1]),
    ],
)
def test_lists_grow_and_entries_of_one_index_are_one(values, expected):
    held = {}
    for value in values:
        grow_field(held, "k", value)
    assert held == {"k": expected}


def test_what_grows_with_every_event_is_changed_in_place_when_it_is_large():
    held = {"k": {}}
    for at in range(200):
        merge_field(held, "k", {f"k{at}": at, "none": None})
    assert held == {"k": {f"k{at}": at for at in range(200)}}
    large = held["k"]
    merge_field(held, "k", {"more": 1})
    assert held["k"] is large


def test_a_usage_is_added_to_the_earlier_one_itself():
    held = {"a": 1, "b": 2}
    add_usage(held, {"a": 3, "b": None, "c": 4})
    assert held == {"a": 3, "b": 2, "c": 4}


@pytest.mark.parametrize(("written", "known"), [(4, 4), (4.0, 4), (None, None), (True, None), (-1, None), (1.5, None)])
def test_what_was_written_to_the_cache_is_among_the_details_of_the_input(written, known):
    raw = {"input_tokens": 9, "input_tokens_details": {"cache_write_tokens": written}}
    assert read_usage(raw) == Usage(9, source=UsageSource.REPORTED, raw=raw, cache_written=known)
