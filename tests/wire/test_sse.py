import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.run_forms import Alike
from pandaprobe_proxy.wire.sse import SseDecoder, SseReader
from pandaprobe_proxy.wire.stream import StreamEvent
from pieces import cuts, feed_all, slices


def read(data: bytes) -> list[StreamEvent]:
    decoder = SseDecoder()
    return decoder.feed(data) + decoder.close()


def datas(data: bytes) -> list[str]:
    return [event.data for event in read(data)]


def test_an_event_is_complete_at_its_blank_line():
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\n") == [StreamEvent("message", "a", "", 9)]


def test_offsets_are_where_each_event_was_complete():
    assert [event.end for event in read(b"data: a\n\ndata: b\r\n\r\n:x\ndata: c\r\r")] == [9, 20, 32]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_in_lf_cr_or_both(end):
    lines = [b"event: e", b"id: 7", b"data: a", b"data:b", b"", b"data", b"", b""]
    assert read(end.join(lines)) == [
        StreamEvent("e", "a\nb", "7", len(end.join(lines[:5])) + len(end)),
        StreamEvent("message", "", "7", len(end.join(lines[:7])) + len(end)),
    ]


STREAM = (
    b"\xef\xbb\xbf: hello\r\nretry: 250\r\ndata: \xc3\xa4\r\ndata:  two\r\n\r\n"
    b"id: 1\nevent: error\ndata: {}\n\nevent: lost\n\nid\ndata\rdata:\r\r:\ndata: [DONE]\n\ndata: tail\nevent: t"
)


def test_events_are_the_same_however_the_bytes_are_cut():
    expected = [
        StreamEvent("message", "ä\n two", "", STREAM.index(b"id: 1")),
        StreamEvent("error", "{}", "1", STREAM.index(b"event: lost")),
        StreamEvent("message", "\n", "", STREAM.index(b":\ndata: [DONE]")),
        StreamEvent("message", "[DONE]", "", STREAM.index(b"data: tail")),
    ]
    for pieces in cuts(STREAM):
        decoder = SseDecoder()
        assert feed_all(decoder.feed, pieces) + decoder.close() == expected
        assert decoder.comments == 2
        assert decoder.retry_ms == 250
        assert decoder.tail == StreamEvent("t", "tail", "", len(STREAM))


@given(st.lists(st.sampled_from([b"data:", b" ", b"x", b"\r", b"\n", b":", b"id", b"\xef\xbb\xbf", b"\x00", b"\xff"])))
def test_any_bytes_give_the_same_events_in_one_piece_and_one_by_one(parts):
    data = b"".join(parts)
    whole, single = SseDecoder(), SseDecoder()
    assert whole.feed(data) + whole.close() == feed_all(single.feed, slices(data, 1)) + single.close()
    assert whole.tail == single.tail


def test_only_one_mark_at_the_very_start_is_stripped():
    mark = b"\xef\xbb\xbf"
    assert datas(mark + b"data: a\n\n" + mark + b"data: b\n\n") == ["a"]
    assert datas(mark + mark + b"data: a\n\n") == []
    assert datas(b"\n" + mark + b"data: a\n\n") == []
    assert datas(mark + b"\ndata: a\n\n") == ["a"]


def test_a_cr_at_the_end_of_a_piece_waits_for_its_lf():
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r\n\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: b\r\r") == [StreamEvent("message", "a", "", 11)]
    assert decoder.close() == [StreamEvent("message", "b", "", 20)]
    assert decoder.tail is None


def test_an_event_type_without_data_is_forgotten():
    assert read(b"event: x\n\ndata: a\n\n") == [StreamEvent("message", "a", "", 19)]


def test_an_id_stays_until_another_comes_and_never_holds_nul():
    assert [event.id for event in read(b"id: 1\ndata: a\n\nid: \x00\ndata: b\n\nid:\ndata: c\n\n")] == ["1", "1", ""]


@pytest.mark.parametrize("value", [b"", b"1.5", b"-1", b"x", b"9" * 19, "\u0663".encode()])
def test_retry_is_digits_only(value):
    decoder = SseDecoder()
    decoder.feed(b"retry: 5\nretry: " + value + b"\n")
    assert decoder.retry_ms == 5


def test_unknown_fields_are_ignored():
    assert datas(b"Data: x\ndatas: y\ndata : z\nfoo\ndata: a\n\n") == ["a"]


def test_invalid_utf8_is_replaced():
    assert datas(b"data: \xff\xc3\n\n") == ["��"]


def test_a_multibyte_character_may_be_cut():
    decoder = SseDecoder()
    assert feed_all(decoder.feed, slices("data: 😀\n\n".encode(), 3))[0].data == "😀"


def test_an_unfinished_event_is_the_tail_and_no_event():
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\n\ndata: b") + decoder.close() == [StreamEvent("message", "a", "", 9)]
    assert decoder.tail == StreamEvent("message", "b", "", 16)
    nothing = SseDecoder()
    nothing.feed(b"event: x\n")
    assert nothing.close() == [] and nothing.tail is None


@pytest.mark.parametrize("data", [b"data: " + b"x" * 200, b"data: x\n" * 60, b"x" * 101])
def test_an_event_beyond_the_bound_is_refused(data):
    with pytest.raises(WireError, match="longer than 100 bytes"):
        SseDecoder(limit_bytes=100).feed(data)


def test_the_bound_is_of_one_event_not_of_the_stream():
    assert len(SseDecoder(limit_bytes=100).feed(b"data: 0123456789\n\n" * 100)) == 100


def test_a_reader_gives_the_events_before_the_one_that_passes_the_bound():
    reader = SseReader(b"data: a\n\ndata: " + b"x" * 200 + b"\n\ndata: b\n\n", limit_bytes=100)
    assert [event.data for event in reader] == ["a"]
    assert isinstance(reader.error, WireError)
    assert reader.first_end == 9


def test_a_reader_knows_the_first_event_and_the_tail():
    reader = SseReader(b": wait\n\ndata: a\n\ndata: b\n\ndata: c")
    assert [event.data for event in reader] == ["a", "b"]
    assert (reader.first_end, reader.error, reader.tail and reader.tail.data) == (17, None, "c")
    assert list(SseReader(b"")) == []


def test_a_reader_reads_across_its_slices():
    body = b"".join(b"data: %d\n\n" % number for number in range(60_000))
    assert len(body) > 2 * 256 * 1024
    assert [int(event.data) for event in SseReader(body)] == list(range(60_000))


def test_a_long_line_takes_linear_time_even_byte_by_byte():
    def cost(size: int) -> float:
        decoder, began = SseDecoder(), time.process_time()
        for piece in slices(b"data: " + b"x" * size + b"\n\n", 1):
            decoder.feed(piece)
        return time.process_time() - began

    small = min(cost(25_000) for _ in range(3))
    assert cost(200_000) < 40 * small, "eight times the bytes"


def test_a_line_of_ten_megabytes_is_one_event():
    line = b"x" * 10_000_000
    began = time.process_time()
    events = feed_all(SseDecoder().feed, slices(b"data: " + line + b"\n\n", 16_384))
    assert [len(event.data) for event in events] == [len(line)]
    assert time.process_time() - began < 2


ALIKE = Alike(lambda value, kind: "t" if kind != "other" else None)
EVENT = b'event: e\ndata: {"t":"a"}\n\n'


def read_runs(body):
    """(events, reader), with the events of runs counted."""
    reader = SseReader(body, alike=ALIKE)
    return list(reader), reader


def test_a_run_of_events_is_one_event():
    events, reader = read_runs(EVENT * 1000 + b"data: [DONE]\n\ndata: x")
    assert len(events) < 100
    assert (events[0], events[-1].data) == (StreamEvent("e", '{"t":"a"}', "", len(EVENT)), "[DONE]")
    assert {event.event for event in events[:-1]} == {"e"}
    assert sum(event.events for event in events) == 1001
    assert "".join(event.value["t"] if event.value else event.data[6:7] for event in events) == "a" * 1000 + ""
    assert events[-1].end == 1000 * len(EVENT) + 14
    assert (reader.first_end, reader.tail and reader.tail.data) == (len(EVENT), "x")


def test_what_comes_between_events_parts_a_run():
    body = (EVENT * 100 + b": wait\n\n") * 10
    events, _ = read_runs(body)
    assert sum(event.events for event in events) == 1000
    assert all(b"wait" not in body[start.end : event.end] or event.events == 1 for start, event in pairwise(events))


@pytest.mark.parametrize(
    "event",
    [
        EVENT.replace(b"\n", b"\r\n"),
        EVENT.replace(b"\n", b"\r"),
        EVENT.replace(b"event: e", b"event: other"),
        EVENT.replace(b"event: e", b"id: 1"),
        EVENT.replace(b'{"t"', b'{\ndata: "t"'),
    ],
)
def test_events_of_another_form_are_read_one_by_one(event):
    events, _ = read_runs(event * 1000)
    assert events == read(event * 1000)


def test_an_event_that_began_before_the_bytes_looked_at_begins_no_run():
    begun = b"data: [\n" + b": " + b"x" * 256 * 1024 + b"\n"
    events, _ = read_runs((begun + b'data: {"t":"a"}\n\n') + b'data: {"t":"a"}\n\n' * 1000)
    assert events[0].data == '[\n{"t":"a"}'
    assert sum(event.events for event in events) == 1001


@pytest.mark.parametrize("line", [b": " + b"x" * 20, b"other: " + b"x" * 20, b"data: " + b"x" * 10])
@pytest.mark.parametrize("step", [1, 5, 100])
def test_a_line_that_is_too_long_is_so_whatever_it_says_and_however_it_is_cut(line, step):
    body = b"data: a\n\n" + line + b"\n\n"
    with pytest.raises(WireError, match="longer than"):
        feed_all(SseDecoder(len(line) - 1).feed, slices(body, step))
    feed_all(SseDecoder(len(line)).feed, slices(body, step))
