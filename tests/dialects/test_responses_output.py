import pytest
from pandaprobe_proxy.dialects.responses_output import TEXTS, OutputFold, read_index
from responding import call, events_of, message, reasoning, text


def fold(*events):
    folded = OutputFold()
    for event in events:
        folded.add(event["type"].removeprefix("response."), event)
    return folded.finish()


def told(name, **fields):
    return {"type": f"response.{name}", **fields}


def added(item, output_index=0):
    return told("output_item.added", item=item, output_index=output_index)


SAID = message(text("Hello there."), {"type": "refusal", "refusal": "But no."})


def test_a_finished_item_counts_for_what_was_said_before():
    assert fold(*events_of(SAID, call())) == [SAID, call()]


def test_without_its_end_an_item_is_its_beginning_and_its_deltas():
    pieces = [event for event in events_of(SAID, call()) if not event["type"].endswith(".done")]
    begun = {"status": "in_progress"}
    assert fold(*pieces) == [SAID | begun, call() | begun]


def test_items_are_known_by_their_place_never_by_their_id():
    rotated = [event | {"item_id": f"capture-{at}"} for at, event in enumerate(events_of(SAID, call()))]
    pieces = [event for event in reversed(rotated) if event["type"] == "response.output_item.added"]
    deltas = [event for event in rotated if event["type"].endswith(".delta")]
    assert [item["type"] for item in fold(*pieces, *deltas)] == ["message", "function_call"]
    assert fold(*pieces, *deltas)[1]["arguments"] == call()["arguments"]


@pytest.mark.parametrize("what", TEXTS)
def test_a_text_grows_by_deltas_and_is_replaced_by_its_end(what):
    kind, whole, path = TEXTS[what]

    def read(item):
        for step in path:
            item = item[0 if str(step).endswith("_index") else step]
        return item

    deltas = [told(f"{what}.delta", delta=piece, output_index=3) for piece in ("a", "", "b")]
    (grown,) = fold(*deltas)
    assert grown["type"] == kind and read(grown) == "ab"
    (ended,) = fold(*deltas, told(f"{what}.done", **{whole: "abc"}, output_index=3))
    assert read(ended) == "abc"


def test_what_an_item_begins_with_is_not_lost():
    begun = [added(call(arguments='{"a"')), told("function_call_arguments.delta", delta=":1}", output_index=0)]
    assert fold(*begun)[0]["arguments"] == '{"a":1}'
    part = told("output_text.delta", delta="!", output_index=0, content_index=0)
    assert fold(added(message(text("Hi"))), part)[0]["content"] == [text("Hi!")]
    assert fold(added(message(text("Hi"))), part | {"content_index": 1})[0]["content"] == [text("Hi"), text("!")]


def test_parts_have_the_order_of_their_places():
    deltas = [told("output_text.delta", delta=str(at), output_index=0, content_index=at) for at in (2**40, 0, 7)]
    assert [part["text"] for part in fold(*deltas)[0]["content"]] == ["0", "7", str(2**40)]


def test_a_part_that_is_given_whole_counts_for_its_pieces():
    delta = told("output_text.delta", delta="x", output_index=0, content_index=0, logprobs=[{"token": "x"}])
    other = delta | {"content_index": 1, "delta": "y"}
    whole = told("content_part.done", part=text("xyz"), output_index=0, content_index=0)
    (item,) = fold(delta, other, whole)
    assert item["content"] == [text("xyz"), text("y", logprobs=[{"token": "x"}])]


def test_a_summary_is_made_of_its_parts():
    begin = told("reasoning_summary_part.added", part={"type": "summary_text", "text": ""}, output_index=0)
    grow = told("reasoning_summary_text.delta", delta="Hm", output_index=0, summary_index=0)
    (item,) = fold(added(reasoning()), begin | {"summary_index": 0}, grow, grow | {"summary_index": 1})
    assert item == reasoning("Hm", "Hm")
    thought = told("content_part.added", part={"type": "reasoning_text", "text": "t"}, output_index=0)
    assert fold(thought) == [{"type": "reasoning", "content": [{"type": "reasoning_text", "text": "t"}]}]


def test_annotations_and_logprobs_are_gathered():
    grow = told("output_text.delta", delta="a", output_index=0, content_index=0, logprobs=[{"token": "a"}])
    note = told("output_text.annotation.added", annotation={"type": "url_citation"}, output_index=0, content_index=0)
    (item,) = fold(added(message()), grow, note, grow, note)
    assert item["content"] == [
        {
            "type": "output_text",
            "text": "aa",
            "annotations": [{"type": "url_citation"}] * 2,
            "logprobs": [{"token": "a"}] * 2,
        }
    ]
    assert fold(note)[0]["role"] == "assistant"


def test_commands_and_their_output_are_gathered():
    shell = {"type": "shell_call", "action": {"commands": [], "timeout_ms": 5}}
    words = [told("shell_call_command.delta", delta=word, output_index=0, command_index=1) for word in ("ls", " -a")]
    first = told("shell_call_command.added", command="pwd", output_index=0, command_index=0)
    assert fold(added(shell), first, *words) == [
        {"type": "shell_call", "action": {"commands": ["pwd", "ls -a"], "timeout_ms": 5}}
    ]
    output = told("shell_call_output_content.delta", delta={"stdout": "a", "n": 5}, output_index=1, command_index=0)
    assert fold(output, output) == [{"type": "shell_call_output", "output": [{"stdout": "aa"}]}]
    one = told("shell_call_output_content.done", output=[{"stdout": "b"}], output_index=1, command_index=0)
    assert fold(output, one)[0]["output"] == [{"stdout": "b"}]
    assert fold(output, one | {"output": [1, 2]})[0]["output"] == [1, 2]


def test_the_last_partial_image_is_kept_while_there_is_no_whole_one():
    partial = told("image_generation_call.partial_image", partial_image_b64="AA", partial_image_index=0, output_index=0)
    item = {"type": "image_generation_call", "id": "ig_1", "status": "generating", "result": None}
    assert fold(added(item), partial, partial | {"partial_image_b64": "BB", "size": None}) == [
        item | {"partial_image_b64": "BB", "partial_image_index": 0}
    ]


def test_what_is_announced_again_begins_again():
    delta = told("output_text.delta", delta="a", output_index=0, content_index=0)
    assert fold(added(message()), delta, added(message()), delta)[0]["content"] == [text("a")]
    assert fold(delta, added(message()))[0]["content"] == [text("a")]


def test_events_without_a_place_are_of_the_last_item():
    bare = told("function_call_arguments.delta", delta="{}")
    assert fold(bare)[0]["arguments"] == "{}"
    assert fold(added(message()), added(call(arguments=""), 1), bare)[1]["arguments"] == "{}"


def test_an_item_that_is_not_told_yet_is_none():
    assert fold(told("output_item.added", item=None, output_index=0)) == []
    assert fold(told("output_text.done", output_index=0)) == []


def test_other_events_are_not_taken():
    folded = OutputFold()
    assert not folded.add("web_search_call.searching", {"output_index": 0})
    assert folded.add("output_item.done", {"output_index": 0, "item": {}}) and folded.finish() == [{}]


@pytest.mark.parametrize(
    "event",
    [
        told("output_item.done", item=5),
        told("output_text.delta", delta=5),
        told("output_text.delta", delta="a", output_index="0"),
        told("output_text.delta", delta="a", content_index=True),
        told("content_part.added", part=5),
        told("shell_call_output_content.delta", delta="a"),
    ],
    ids=str,
)
def test_what_has_no_place_is_refused(event):
    with pytest.raises(TypeError):
        fold(event)


def test_a_beginning_of_a_wrong_shape_is_borne():
    odd = {"type": "message", "content": "x", "output": {}, "action": {"commands": {"a": 1}}}
    command = told("shell_call_command.delta", delta="ls", output_index=0, command_index=0)
    delta = told("output_text.delta", delta="a", output_index=0, content_index=-1)
    assert fold(added(odd), command, delta) == [
        {"type": "message", "content": [text("a")], "output": {}, "action": {"commands": {"a": 1, 0: "ls"}}}
    ]
    note = told("output_text.annotation.added", annotation=1, output_index=0, content_index=0)
    assert fold(added(message({"annotations": "x"})), note)[0]["content"] == [{"annotations": [1]}]


def test_a_place_is_a_number():
    assert (read_index({"i": 2}, "i"), read_index({}, "i")) == (2, None)


def test_pieces_may_come_in_any_order_of_items_and_parts():
    pieces = [
        told_of(what, at, inner, piece)
        for piece in "ab"
        for at in (0, 1)
        for what, inner in (("output_text", 0), ("output_text", 1), ("refusal", 2))
    ]
    part = told("content_part.added", part=text("z"), output_index=1, content_index=0)
    assert [[part.get("text") or part.get("refusal") for part in item["content"]] for item in fold(*pieces)] == [
        ["ab", "ab", "ab"]
    ] * 2
    assert fold(*pieces, part, told_of("output_text", 1, 0, "c"))[1]["content"][0]["text"] == "zc"
    bare = told("output_text.delta", delta="d")
    assert fold(*pieces, bare)[1]["content"][0]["text"] == "abd"


def told_of(what, output_index, content_index, piece):
    return told(f"{what}.delta", delta=piece, output_index=output_index, content_index=content_index)


def test_a_delta_of_nothing_says_nothing():
    assert fold(told("output_text.delta", delta=None, output_index=0)) == []
