"""What was deleted from a conversation, by the ids of its items."""

from pandaprobe_proxy.dialects.openai_deleted import find_deleted, name_added, without_items
from pandaprobe_proxy.model.call import Call, Message, ToolCall

TEXT = {"type": "output_text", "text": "hi"}
OTHER = {"type": "output_text", "text": "ho"}


def call(*messages, **extra):
    return Call("openai_state", 1, "state", input=messages, extra=extra)


def test_a_path_names_the_item_that_is_deleted():
    paths = ("/v1/conversations/c1/items/msg_1", "/px/conversations/c1/items/msg_2/", "/v1/conversations/c1", "/x")
    assert find_deleted(paths) == {"msg_1", "msg_2"}


def test_what_is_put_in_has_the_ids_that_the_answer_tells():
    one, two = Message("user", "a"), Message("user", "b")
    assert [said.extra for said in name_added(call(one, two, data=[{"id": "m1"}, "x"]))] == [{"id": "m1"}, {"id": None}]
    assert name_added(call(one, two, data=[{"id": "m1"}])) == (one, two)
    assert name_added(call(one)) == (one,)


def test_a_message_goes_with_its_item():
    kept, gone = Message("user", "a", extra={"id": "m1"}), Message("user", "b", extra={"id": "m2"})
    assert without_items([kept, gone], {"m2"}) == (kept,)
    assert without_items([kept, gone], set()) == (kept, gone)


def test_a_message_of_several_items_loses_what_came_with_one():
    reasoning = {"type": "reasoning", "id": "rs", "summary": []}
    calls = (ToolCall("c", "f", "{}", extra={"id": "fc"}),)
    answer = Message(
        "assistant", [reasoning, TEXT, OTHER], tool_calls=calls, extra={"items": [{"id": "m1"}, {"id": "m2"}]}
    )
    assert without_items([answer], {"m1"})[0].content == [reasoning, OTHER]
    assert without_items([answer], {"rs"})[0].content == [TEXT, OTHER]
    assert without_items([answer], {"fc"})[0].tool_calls == ()
    assert without_items([answer], {"else"}) == (answer,)
    assert without_items([answer], {"rs", "m1", "m2", "fc"}) == ()
    assert without_items([answer], {"rs", "m1", "m2"})[0].content is None


def test_texts_that_do_not_fit_their_items_stay():
    answer = Message("assistant", [TEXT, OTHER], extra={"items": [{"id": "m1"}]})
    assert without_items([answer], {"m1"}) == (answer,)


def test_a_plain_text_stays_where_a_call_goes():
    answer = Message("assistant", "hi", tool_calls=(ToolCall("c", "f", "{}", extra={"id": "fc"}),))
    assert without_items([answer], {"fc"})[0].content == "hi"
