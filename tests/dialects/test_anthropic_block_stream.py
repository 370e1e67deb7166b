import pytest
from pandaprobe_proxy.dialects.anthropic_block_stream import BlockStream, find_growing, imply_block

USE = {"type": "tool_use", "id": "t", "name": "f", "input": {}}


def grow(start, *deltas):
    block = BlockStream(start)
    return [block.add(delta) for delta in deltas], block.finish()


def inputs(*pieces):
    return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def test_texts_grow():
    deltas = [{"type": "text_delta", "text": "lo"}, {"type": "text_delta", "text": "!"}]
    assert grow({"type": "text", "text": "hel"}, *deltas) == ([True, True], {"type": "text", "text": "hello!"})
    assert grow({"type": "text", "text": None}, *deltas)[1]["text"] == "lo!"


def test_thinking_grows_and_is_signed():
    deltas = [
        {"type": "thinking_delta", "thinking": "hm", "estimated_tokens": None},
        {"type": "thinking_delta", "thinking": "", "estimated_tokens": 50},
        {"type": "thinking_delta", "thinking": ".", "estimated_tokens": 50, "phase": "a"},
        {"type": "signature_delta", "signature": "s"},
    ]
    assert grow({"type": "thinking", "thinking": "", "signature": ""}, *deltas)[1] == {
        "type": "thinking",
        "thinking": "hm.",
        "signature": "s",
        "estimated_tokens": 100,
        "phase": "a",
    }


def test_an_input_is_read_when_it_is_whole():
    block = BlockStream(USE)
    assert all(block.add(delta) for delta in inputs("", '{"a":', " 1}"))
    assert block.written == '{"a": 1}' and block.finish() == USE | {"input": {"a": 1}}


def test_an_input_that_broke_off_stays_a_text():
    assert grow(USE, *inputs('{"a": "x'))[1] == USE | {"partial_json": '{"a": "x'}


@pytest.mark.parametrize("pieces", [(), ("",), ("", "")])
def test_no_input_is_that_of_the_start(pieces):
    assert grow(USE, *inputs(*pieces))[1] == USE


def test_citations_are_listed_and_the_start_is_left_as_it_is():
    start = {"type": "text", "text": "", "citations": [{"n": 0}]}
    deltas = [{"type": "citations_delta", "citation": {"n": 1}}, {"type": "citations_delta", "citation": {"n": 2}}]
    assert grow(start, *deltas)[1]["citations"] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert start["citations"] == [{"n": 0}]
    assert grow({"type": "text", "citations": None}, *deltas)[1]["citations"] == [{"n": 1}, {"n": 2}]


def test_a_compaction_is_set():
    delta = {"type": "compaction_delta", "content": "sum", "encrypted_content": None}
    assert grow({"type": "compaction", "content": None}, delta)[1] == {"type": "compaction", "content": "sum"}


@pytest.mark.parametrize(
    "delta",
    [
        {"type": "new_delta", "x": 1},
        {"type": ["a"]},
        {"type": "text_delta", "text": 5},
        {"type": "text_delta"},
        {"type": "citations_delta"},
        {},
    ],
)
def test_a_delta_of_no_known_kind_is_told_and_kept(delta):
    start = {"type": "text", "text": "a"}
    assert grow(start, delta, delta) == ([False, False], start | {"deltas": [delta, delta]})


@pytest.mark.parametrize(
    ("kind", "implied"),
    [("text_delta", "text"), ("thinking_delta", "thinking"), ("input_json_delta", "tool_use"), (None, "unknown")],
)
def test_a_delta_without_a_start_implies_one(kind, implied):
    assert imply_block({"type": kind}) == {"type": implied}


def test_the_text_of_a_delta_is_known_where_it_is_all():
    assert find_growing({"type": "text_delta", "text": "a"}) == "text"
    assert find_growing({"type": "input_json_delta", "partial_json": "{"}) == "partial_json"


@pytest.mark.parametrize(
    "delta",
    [
        {"type": "text_delta", "text": ""},
        {"type": "text_delta", "text": 1},
        {"type": "text_delta"},
        {"type": "text_delta", "text": "a", "more": 1},
        {"type": "signature_delta", "signature": "a"},
        {"text": "a"},
    ],
)
def test_a_delta_that_is_more_or_less_has_none(delta):
    assert find_growing(delta) is None
