"""How much of a body is decoded."""

import json
from itertools import pairwise

import pytest
from pandaprobe_proxy.dialects.bounds import (
    LEAST_BYTES,
    MOST_ANSWERS,
    MOST_ENTRIES,
    MOST_SMALL,
    MOST_TINY,
    BoundedEvents,
    may_exceed,
    trim,
)
from pandaprobe_proxy.wire.stream import StreamEvent


def trimmed(body, size=10**9):
    """The body after its trimming; fails if that says otherwise than it does."""
    before = json.dumps(body)
    assert trim(body, size) == (json.dumps(body) != before)
    return body


def test_what_is_usual_is_left_as_it_is():
    body = {"messages": [{"role": "user", "content": [{"type": "text"}]}] * 2000, "tools": [{}] * 20_000, "n": 1}
    assert trimmed(body)["messages"][1999]["content"] == [{"type": "text"}]
    assert len(body["tools"]) == 20_000


@pytest.mark.parametrize("key", ["messages", "content", "contents", "input", "output", "parts", "prompt", "system"])
def test_a_list_has_so_many_entries_at_most(key):
    assert len(trimmed({key: [{}] * (MOST_ENTRIES + 1)})[key]) == MOST_ENTRIES
    assert len(trimmed({key: [{}] * MOST_ENTRIES})[key]) == MOST_ENTRIES


def test_a_list_of_entries_that_say_next_to_nothing_is_shorter():
    assert len(trimmed({"messages": [{}] * 3000}, 10_000)["messages"]) == MOST_SMALL
    assert len(trimmed({"messages": [{}] * 3000}, 96_000)["messages"]) == 3000


@pytest.mark.parametrize("key", ["choices", "candidates"])
def test_there_are_fewer_answers(key):
    assert len(trimmed({key: [{}] * (MOST_ANSWERS + 1)})[key]) == MOST_ANSWERS


def test_lists_share_the_bound_and_outer_ones_come_first():
    message = {"content": [{}] * 9, "tool_calls": [{}] * 9}
    body = trimmed({"messages": [json.loads(json.dumps(message)) for _ in range(1000)]})
    assert len(body["messages"]) == 1000
    counts = [len(item[key]) for item in body["messages"] for key in ("content", "tool_calls")]
    assert sum(counts) == MOST_ENTRIES - 1000
    assert all(first >= second for first, second in pairwise(counts))


def test_what_is_within_objects_is_found_and_what_is_kept_whole_is_not_looked_at():
    inner = {"content": [0] * (MOST_ENTRIES + 1)}
    assert len(trimmed({"response": {"candidates": [inner]}})["response"]["candidates"][0]["content"]) < MOST_ENTRIES
    assert len(trimmed({"logprobs": {"content": [0] * 20_000}})["logprobs"]["content"]) == 20_000
    assert len(trimmed({"input": {"messages": [0] * 20_000}})["input"]["messages"]) == 20_000


def test_tokens_are_as_many_as_they_are():
    assert len(trimmed({"input": [1] * 20_000})["input"]) == 20_000
    assert len(trimmed({"prompt": [1] * 20_000 + ["a"]})["prompt"]) == MOST_ENTRIES
    assert len(trimmed({"messages": [1] * 20_000})["messages"]) == MOST_ENTRIES


@pytest.mark.parametrize("kind", [str, str.encode])
def test_a_text_says_whether_it_is_worth_to_look(kind):
    assert may_exceed(kind('{"choices":[' + "{}," * MOST_ANSWERS + "{}]}"))
    assert not may_exceed(kind('{"a":"' + "x" * 100_000 + '"}'))
    assert not may_exceed(kind("{}"))


def bounded(*datas):
    events = BoundedEvents([StreamEvent("message", data, "", end) for end, data in enumerate(datas)])
    return [event.data for event in events], events.trimmed


def test_events_of_a_stream_are_bounded_each():
    many = '{"choices":[' + "{}," * MOST_ANSWERS + "{}]}"
    datas, trimmed = bounded("{}", many, "[DONE]")
    assert (datas[0], len(json.loads(datas[1])["choices"]), datas[2], trimmed) == ("{}", MOST_ANSWERS, "[DONE]", True)


@pytest.mark.parametrize(
    "data", ["{}", "x" * 5000, "{," + "," * 5000, "[" + "0," * 5000 + "0]", '{"x":[' + "0," * 5000 + "0]}"]
)
def test_events_that_are_within_the_bound_stay_as_they_are(data):
    assert bounded(data) == ([data], False)


@pytest.mark.parametrize(("size", "count"), [(LEAST_BYTES - 1, MOST_TINY + 1), (LEAST_BYTES + 1, 2 * MOST_TINY)])
def test_a_flood_of_events_that_say_nothing_ends(size, count):
    events = BoundedEvents([StreamEvent("message", "{}", "", size * at) for at in range(2 * MOST_TINY)])
    assert (len(list(events)), events.trimmed) == (count, count == MOST_TINY + 1)
