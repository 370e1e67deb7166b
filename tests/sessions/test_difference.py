"""What changed from one call to the next, and where the prompt cache ends."""

from pandaprobe_proxy.model.call import Call, Message, Usage
from pandaprobe_proxy.sessions.difference import CacheBreak, Op, compare


def call(*messages, tools=(), cached=None, **parameters):
    return Call(
        "d", 1, "chat", input=messages, tools=tools, parameters=parameters, usage=Usage(input=10, cached=cached)
    )


def said(role, text):
    return Message(role, text)


SYSTEM, ASKED, ANSWERED = said("system", "be kind"), said("user", "hello"), said("assistant", "hi")


def told(difference):
    return [(change.op, change.role, change.index_before, change.index_after) for change in difference.messages]


def test_what_only_goes_on_is_added_and_the_cache_holds():
    found = compare(call(SYSTEM, ASKED), call(SYSTEM, ASKED, ANSWERED, said("user", "more"), cached=7))
    assert told(found) == [
        (Op.SAME, "system", 0, 0),
        (Op.SAME, "user", 1, 1),
        (Op.ADDED, "assistant", None, 2),
        (Op.ADDED, "user", None, 3),
    ]
    assert (found.cache.shared_messages, found.cache.broken_at, found.cache.cached_tokens_after) == (2, None, 7)
    assert found.cache.sentence == (
        "It begins with all 2 messages of the call before, so their cache holds. 7 tokens were read from the cache."
    )


def test_a_message_of_the_same_role_at_the_same_place_has_changed():
    found = compare(call(SYSTEM, ASKED), call(said("system", "be brief"), ASKED))
    assert told(found) == [(Op.CHANGED, "system", 0, 0), (Op.SAME, "user", 1, 1)]
    assert found.cache.broken_at == CacheBreak("system", 0)
    assert found.cache.sentence.startswith("The system prompt is another one")


def test_what_is_of_another_role_was_dropped_and_added():
    found = compare(call(SYSTEM, ASKED, ANSWERED), call(SYSTEM, said("tool", "12")))
    assert told(found) == [
        (Op.SAME, "system", 0, 0),
        (Op.DROPPED, "user", 1, None),
        (Op.ADDED, "tool", None, 1),
        (Op.DROPPED, "assistant", 2, None),
    ]
    assert found.cache.broken_at == CacheBreak("message", 1)
    assert found.cache.sentence == "Message 2 is another one, so the cache holds for the 1 messages before it only."


def test_a_history_that_was_cut_breaks_the_cache():
    assert compare(call(SYSTEM, ASKED), call(SYSTEM)).cache.broken_at == CacheBreak("system", 1)
    assert compare(call(SYSTEM, ASKED), call()).cache.broken_at == CacheBreak("message", 0)


def test_tools_are_compared_by_name_and_break_the_cache_first():
    one = {"type": "function", "function": {"name": "f", "parameters": {}}}
    other = {"type": "function", "function": {"name": "f", "parameters": {"a": 1}}}
    named = {"name": "g"}
    found = compare(call(ASKED, tools=(one, {"type": "web"})), call(ASKED, tools=(other, named, named, "odd")))
    assert [(change.op, change.name) for change in found.tools] == [
        (Op.CHANGED, "f"),
        (Op.DROPPED, "web 2"),
        (Op.ADDED, "g"),
        (Op.ADDED, "g (3)"),
        (Op.ADDED, "tool 4"),
    ]
    assert found.cache.broken_at == CacheBreak("tools", 0)
    assert found.cache.sentence.startswith("Its tools are others")


def test_parameters_are_compared_by_name():
    found = compare(call(temperature=1, seed=3), call(temperature=0, top_p=1))
    assert [(change.op, change.name, change.before, change.after) for change in found.parameters] == [
        (Op.CHANGED, "temperature", 1, 0),
        (Op.DROPPED, "seed", 3, None),
        (Op.ADDED, "top_p", None, 1),
    ]
