"""Lines as events."""

from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.wire.ndjson import NdjsonReader
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.stream import StreamEvent


def read(body, **more):
    reader = NdjsonReader(body, **more)
    return list(reader), reader


def test_each_line_that_says_something_is_an_event():
    events, reader = read(b'{"a":1}\n\r\n  \n{"b":2}\r\n')
    assert events == [StreamEvent("message", '{"a":1}', "", 8), StreamEvent("message", '{"b":2}', "", 22)]
    assert (reader.first_end, reader.tail, reader.error) == (8, None, None)


def test_a_last_line_without_its_end_is_an_event_and_the_tail():
    events, reader = read(b'{"a":1}\n{"b"')
    assert [event.data for event in events] == ['{"a":1}', '{"b"']
    assert reader.tail == events[-1]


def test_a_line_that_is_too_long_ends_it():
    events, reader = read(b"1\n" + b"x" * 20 + b"\n2\n", limit_bytes=10)
    assert [event.data for event in events] == ["1"]
    assert "longer than 10 bytes" in str(reader.error)


def test_nothing_is_nothing():
    events, reader = read(b"")
    assert (events, reader.first_end) == ([], None)


@given(st.lists(st.text(alphabet="abü{}", min_size=1)), st.booleans())
def test_every_cut_gives_the_lines_before_it(lines, last):
    body = "".join(f"{line}\n" for line in lines).encode()
    whole, _ = read(body)
    for cut in range(len(body) + 1):
        events, reader = read(body[:cut])
        complete = [event for event in events if event is not reader.tail]
        assert complete == whole[: len(complete)]


def test_a_run_of_lines_is_one_event():
    body = b'{"t":"a"}\n' * 1000 + b'{"u":1}\n\n{"t":"b'
    events, reader = read(body, alike=Alike(lambda value, kind: "t"))
    assert len(events) < 100
    assert sum(event.events for event in events) == 1002
    assert sum(len(event.value["t"]) for event in events if event.value) + 1 == 1000
    assert [event.data for event in events[-2:]] == ['{"u":1}', '{"t":"b']
    assert (reader.first_end, reader.tail) == (10, events[-1])
