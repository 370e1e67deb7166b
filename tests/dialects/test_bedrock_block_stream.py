import pytest
from pandaprobe_proxy.dialects.bedrock_block_stream import BlockStream

USE = {"toolUseId": "t1", "name": "weather"}


def grow(start, *deltas):
    block = BlockStream(start)
    return [block.add(delta) for delta in deltas], block.finish()


def inputs(*pieces):
    return [{"toolUse": {"input": piece}} for piece in pieces]


def test_texts_grow():
    assert grow({}, {"text": "Par"}, {"text": "is."}) == ([True, True], {"text": "Paris."})


def test_nothing_is_an_empty_block():
    assert grow({}) == ([], {})


def test_an_input_is_read_when_it_is_whole():
    block = BlockStream({"toolUse": USE})
    assert all(block.add(delta) for delta in inputs('{"city":', '"Paris"}'))
    assert block.written == '{"city":"Paris"}'
    assert block.finish() == {"toolUse": USE | {"input": {"city": "Paris"}}}


@pytest.mark.parametrize("pieces", [(), ("",)])
def test_no_input_is_an_empty_one(pieces):
    assert grow({"toolUse": USE}, *inputs(*pieces))[1] == {"toolUse": USE | {"input": {}}}


def test_an_input_that_broke_off_stays_a_text():
    assert grow({"toolUse": USE}, *inputs('{"ci'))[1] == {"toolUse": USE | {"input": {}}, "partialInput": '{"ci'}


def test_an_input_without_a_start_is_kept():
    assert grow({}, *inputs('{"a":1}'))[1] == {"toolUse": {"input": {"a": 1}}}
    assert grow({}, {"toolUse": {"input": {"a": 1}}})[1] == {"toolUse": {"input": {"a": 1}}}


def test_reasoning_grows_and_is_signed():
    deltas = [{"reasoningContent": {"text": "h"}}, {"reasoningContent": {"text": "m"}}]
    signed = [*deltas, {"reasoningContent": {"signature": "s"}}]
    assert grow({}, *signed)[1] == {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
    assert grow({}, {"reasoningContent": {"redactedContent": "YWI="}})[1] == {
        "reasoningContent": {"redactedContent": "YWI="}
    }


def test_citations_stand_beside_their_text():
    assert grow({}, {"text": "Paris."}, {"citation": {"title": "t"}})[1] == {
        "text": "Paris.",
        "citationsContent": {"content": [{"text": "Paris."}], "citations": [{"title": "t"}]},
    }


def test_results_of_the_provider_are_gathered():
    start = {"toolResult": {"toolUseId": "s", "status": "success"}}
    deltas = [{"toolResult": [{"text": "a"}]}, {"toolResult": [{"json": {}}]}]
    whole = {"toolResult": start["toolResult"] | {"content": [{"text": "a"}, {"json": {}}]}}
    assert grow(start, *deltas) == ([True, True], whole)
    assert grow({}, deltas[0])[1] == {"toolResult": {"content": [{"text": "a"}]}}


@pytest.mark.parametrize("delta", [{"new": 1}, {"text": 5}, {"reasoningContent": {"new": "x"}}, {"toolUse": "x"}])
def test_a_delta_of_no_known_kind_is_told_and_kept(delta):
    assert grow({}, {"text": "a"}, delta) == ([True, False], {"text": "a", "deltas": [delta]})
    assert grow({}, {"reasoningContent": {"text": 5}})[0] == [False]
