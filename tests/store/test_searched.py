"""What a search can find of a call."""

from dataclasses import replace

from pandaprobe_proxy.model.call import Call, Message, ToolCall
from pandaprobe_proxy.sessions.transcript import digest
from pandaprobe_proxy.store import searched as module
from pandaprobe_proxy.store.searched import MOST_CHARS, explain, first_input, list_said, searchable, slim, tell
from records import make_record


def test_everything_that_was_said_can_be_searched():
    calls = (ToolCall("1", "look", '{"at":"nul\0"}'),)
    message = Message("assistant", "said", reasoning="thought", tool_calls=calls)
    assert searchable(message) == 'said\nthought\nlook {"at":"nul "}'


def test_a_message_is_told_by_what_makes_it_the_same():
    said = tell(Message("user", "hello"))
    assert (said.digest, said.role, said.text) == (digest(Message("user", "hello")), "user", "hello")


def test_of_a_very_long_message_the_beginning_can_be_searched_and_the_row_says_so(place):
    text = "first " + "filler " * (MOST_CHARS // 7) + "last"
    record = make_record([{"role": "user", "content": text}], "fine")
    place.put(record)
    reader = place.reader()
    assert [len(reader.search(word, 9)) for word in ("first", "last", "fine")] == [1, 0, 1]
    assert record.warnings == (f"of a message the first {MOST_CHARS} characters can be searched",)
    assert text.encode() in reader.call(record.opened.id).request.data
    reader.close()


def test_of_very_many_tool_calls_the_first_can_be_searched():
    calls = tuple(ToolCall(str(i), f"tool{i}", "x" * 1000) for i in range(1000))
    text = searchable(Message("assistant", "said", tool_calls=calls))
    assert MOST_CHARS <= len(text) < MOST_CHARS + 200
    assert text.startswith("said\ntool0 x")


def test_of_very_many_messages_the_last_ones_are_found_and_the_row_says_so(place, monkeypatch):
    monkeypatch.setattr(module, "MOST_MESSAGES", 3)
    record = make_record([{"role": "user", "content": f"word{i}"} for i in range(5)], "fine")
    place.put(record)
    found = [bool(place.reader().search(f"word{i}", 9)) for i in range(5)]
    assert found == [False, False, False, True, True]
    assert place.reader().search("fine", 9)
    assert record.warnings == ("of 6 messages the last 3 can be searched",)


def test_what_is_no_call_has_nothing_to_find():
    assert (list_said(None), explain(None, ())) == ((), ())


def test_of_a_slim_call_a_store_tells_the_same(place):
    record = make_record([{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello " * 99}], "fine")
    slimmed = slim(record.call)
    assert (slimmed.output[0].content, slimmed.tools, slimmed.parameters) == ("fine", (), {})
    assert slimmed.output[0].finish_reason == "stop"
    assert first_input(slimmed) == first_input(record.call) == ("hello " * 99)[:200]
    place.put(replace(record, call=slimmed))
    reader = place.reader()
    (row,) = reader.calls(9)
    assert (row.model, row.finish_reason, row.usage.input) == ("m", "stop", 10)
    assert reader.session("s-1").first_input == ("hello " * 99)[:200]
    assert [len(reader.search(word, 9)) for word in ("kind", "hello", "fine")] == [1, 1, 1]
    reader.close()


def test_a_call_in_which_nothing_was_said_is_slim_already():
    call = Call("d", 1, "chat")
    assert slim(call) == call
