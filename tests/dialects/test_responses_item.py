from pandaprobe_proxy.dialects.responses_item import ItemFold

TEXT = ("content", 0, "text")
PART = {"type": "output_text", "text": ""}


def begun(**fields):
    item = ItemFold()
    item.begin(fields)
    return item


def test_texts_grow_from_what_the_item_began_with():
    item = begun(type="message", content=[{"type": "output_text", "text": "a"}], arguments="x")
    assert item.grow(TEXT, "b") == ["a", "b"] and item.grow(TEXT, "c") == ["a", "b", "c"]
    item.grow(("arguments",), "y")
    assert item.finish() == {"type": "message", "content": [{"type": "output_text", "text": "abc"}], "arguments": "xy"}
    assert item.begun["content"] == [{"type": "output_text", "text": "a"}]


def test_a_finished_item_counts_for_what_was_said_before():
    item = begun(type="message")
    item.grow(("arguments",), "y")
    item.done = {"type": "message", "k": 1}
    assert item.finish() == {"type": "message", "k": 1}


def test_a_part_counts_for_the_pieces_before_it():
    item = begun(content=[])
    item.expect(TEXT[:2], PART)
    item.grow(TEXT, "a")
    item.extend(("content", 0, "logprobs"), [1])
    item.set_part(TEXT[:2], {"type": "output_text", "text": "b"})
    item.grow(TEXT, "c")
    item.extend(("content", 0, "logprobs"), [2])
    item.extend(("content", 0, "logprobs"), [3])
    assert item.finish() == {"content": [{"type": "output_text", "text": "bc", "logprobs": [2, 3]}]}


def test_room_is_made_for_a_part_only_where_there_is_none():
    item = begun(content=[{"type": "output_text", "text": "a", "k": 1}])
    item.expect(("content", 0), PART)
    item.expect(("content", 1), PART)
    item.expect(("content", 1), {"type": "other"})
    assert item.finish() == {"content": [{"type": "output_text", "text": "a", "k": 1}, PART]}


def test_lists_grow_from_what_is_there():
    item = begun(content=[{"annotations": [1]}, {"annotations": "x"}])
    item.extend(("content", 0, "annotations"), [2])
    item.extend(("content", 1, "annotations"), [2])
    assert item.finish() == {"content": [{"annotations": [1, 2]}, {"annotations": [2]}]}


def test_places_are_in_order_and_may_be_far():
    item = begun(type="message")
    for place in (2**40, 3, -1):
        item.set_part(("content", place), {"at": place})
    assert item.finish() == {"type": "message", "content": [{"at": -1}, {"at": 3}, {"at": 2**40}]}


def test_what_is_announced_again_begins_again():
    item = ItemFold()
    item.grow(TEXT, "a")
    item.begin({"type": "message"})
    item.grow(TEXT, "b")
    assert item.finish() == {"type": "message", "content": [{"text": "ab"}]}
    item.begin({"type": "message"})
    assert item.finish() == {"type": "message"}


def test_fields_stand_above_all():
    item = begun(output=[1])
    item.fields["output"] = [2]
    assert item.finish() == {"output": [2]}


def test_beginnings_of_odd_shapes_are_borne():
    odd = {"content": "x", "output": {}, "summary": [1, [2], {"a": 1}], "action": {"commands": {"a": 1}, "k": [1]}}
    assert begun(**odd).finish() == odd
    item = begun(**odd)
    item.grow(TEXT, "a")
    item.grow(("action", "commands", 0), "ls")
    item.grow(("summary", 7, "text"), "t")
    assert item.finish() == odd | {
        "content": [{"text": "a"}],
        "action": {"commands": {"a": 1, 0: "ls"}, "k": [1]},
        "summary": [1, [2], {"a": 1}, {"text": "t"}],
    }
