from exchanges import events
from pandaprobe_proxy.dialects.openai_events import EventFold
from pandaprobe_proxy.model.call import CallError
from pandaprobe_proxy.wire.stream import StreamEvent


def fold(*chunks, done=False, known=("a",)):
    taken = []

    def take(kind, event, end):
        taken.append((kind, end))
        return kind in known

    made = EventFold(take)
    made.read(chunks if chunks and isinstance(chunks[0], StreamEvent) else events(*chunks, done=done))
    return made, taken


def test_events_are_taken_by_their_type_up_to_the_end():
    made, taken = fold({"type": "a"}, {"type": "a"}, "[DONE]", {"type": "a"})
    assert taken == [("a", 1), ("a", 2)] and made.done and not made.lossy and made.extra() == {}


def test_the_name_of_an_event_stands_above_its_type():
    made, taken = fold(StreamEvent("a", '{"type": "text"}', "", 1), StreamEvent("message", '{"type": 5}', "", 2))
    assert taken == [("a", 1), ("message", 2)]
    assert made.extra() == {"events": [{"event": "message", "type": 5}]}


def test_an_unknown_event_is_kept_and_no_loss():
    made, _ = fold({"type": "new", "k": 1})
    assert made.extra() == {"events": [{"type": "new", "k": 1}]} and not made.lossy and not made.done


def test_what_is_no_object_is_kept_and_a_loss():
    made, _ = fold('{"type": ', "[1]")
    assert made.lossy and made.extra() == {
        "events": [{"type": "message", "data": '{"type": '}, {"type": "message", "data": [1]}]
    }


def test_the_first_error_is_the_error():
    made, taken = fold({"type": "error", "error": {"message": "m", "code": "c"}}, {"error": {"message": "n"}})
    assert made.error == CallError("m", "", "c") and taken == []


def test_an_object_that_has_an_error_is_no_error_of_the_stream():
    made, taken = fold({"type": "a", "object": "video", "error": {"message": "m"}})
    assert made.error is None and taken == [("a", 1)]
