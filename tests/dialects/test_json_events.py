from exchanges import events
from pandaprobe_proxy.dialects.json_events import read_object, read_objects, read_value
from pandaprobe_proxy.wire.stream import StreamEvent


def test_each_event_gives_its_object_and_none_where_it_has_none():
    read = [(value, event.end) for value, event in read_objects(events({"a": 1}, "{bad", "[1]", {"b": 2}))]
    assert read == [({"a": 1}, 1), (None, 2), (None, 3), ({"b": 2}, 4)]


def test_nothing_comes_after_the_end_and_there_need_not_be_one():
    assert [value for value, _ in read_objects(events("[DONE]", {"a": 1}))] == []
    assert [value for value, _ in read_objects(events({"a": 1}, done=False))] == [{"a": 1}]


def test_a_text_that_holds_no_object_has_none():
    assert [read_object(text) for text in ('{"a": 1}', "[1]", "{bad", "")] == [{"a": 1}, None, None, None]


def test_a_run_is_parsed_already():
    run = StreamEvent("message", "", "", 9, 3, {"a": 1})
    assert read_value(run) == {"a": 1} and list(read_objects([run])) == [({"a": 1}, run)]
    assert read_value(StreamEvent("message", "[2]", "", 9)) == [2]
