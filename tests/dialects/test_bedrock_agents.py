from base64 import b64encode

import pytest
from exchanges import make_exchange
from frames import EVENT_STREAM, frame, named_events
from pandaprobe_proxy.dialects.bedrock_agents import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import CallError, Message, ToolCall

PATH = "/agents/AG1/agentAliases/AL1/sessions/s%2D1/text"
PARAMETERS = {"agentId": "AG1", "agentAliasId": "AL1"}


def said(text, **more):
    return "chunk", {"bytes": b64encode(text.encode()).decode(), **more}


def control(*inputs):
    return "returnControl", {"invocationId": "i1", "invocationInputs": list(inputs)}


def test_the_path_names_agent_and_session():
    assert matches("POST", PATH, ()) and matches("POST", "/bedrock" + PATH, ())
    assert not matches("GET", PATH, ()) and not matches("POST", "/agents/a/sessions/s/text", ())
    read = asked({"inputText": "hi", "enableTrace": True}, PATH)
    assert (read.conversation_id, read.messages, read.stream) == ("s-1", (Message("user", "hi"),), True)
    assert read.parameters == {"enableTrace": True} | PARAMETERS
    assert asked({}, "/").conversation_id is None


def test_what_the_app_gave_back_is_a_result_of_the_tool():
    result = {"functionResult": {"actionGroup": "a", "function": "f", "responseBody": {"TEXT": {"body": "12"}}}}
    state = {"invocationId": "i1", "returnControlInvocationResults": [result, "odd"]}
    assert asked({"sessionState": state}, PATH).messages == (Message("tool", [result], tool_call_id="i1"),)
    assert asked({"sessionState": state | {"invocationId": 5}}, PATH).messages[0].tool_call_id is None


def test_an_answer_is_the_text_of_its_chunks():
    cited = {"citations": [{"n": 1}]}
    answer = streamed(named_events(("trace", {"p": "a", "t": 1}), said("Hel"), said("lo", attribution=cited)))
    assert answer.messages == (Message("assistant", "Hello", extra={"citations": [{"n": 1}]}),)
    assert (answer.extra, answer.finished, answer.lossy) == ({"trace": [{"t": 1}]}, True, False)
    assert (answer.first_content, answer.first_tool) == (2, None)


def test_control_that_is_given_back_is_a_tool_call():
    function = {
        "actionGroup": "g",
        "function": "f",
        "parameters": [{"name": "city", "type": "string", "value": "Paris"}],
    }
    api = {"actionGroup": "g", "apiPath": "/rain", "httpMethod": "GET"}
    answer = streamed(named_events(control({"functionInvocationInput": function}, {"apiInvocationInput": api})))
    assert answer.messages[0].tool_calls == (
        ToolCall("i1", "f", '{"city": "Paris"}', extra={"actionGroup": "g"}),
        ToolCall("i1", "/rain", "{}", extra={"actionGroup": "g", "httpMethod": "GET"}),
    )
    assert (answer.first_tool, answer.messages[0].content, answer.lossy) == (1, None, False)


def test_control_without_an_id_is_a_tool_call_all_the_same():
    answer = streamed(named_events(("returnControl", {"invocationInputs": [{}]})))
    assert answer.messages[0].tool_calls == (ToolCall("", "", "{}"),)


def test_an_exception_is_an_error():
    answer = streamed(named_events(said("a"), ("throttlingException", {"message": "m"}), ("xException", {})))
    assert answer.error == CallError("m", "throttlingException") and not answer.finished and not answer.lossy


@pytest.mark.parametrize(
    "pair",
    [
        ("chunk", "{broken"),
        ("chunk", {"bytes": 5}),
        ("chunk", {"bytes": "a"}),
        ("chunk", [1]),
        ("returnControl", {"invocationInputs": "x"}),
        control("odd"),
    ],
)
def test_what_cannot_be_placed_is_told(pair):
    answer = streamed(named_events(said("a"), pair))
    assert answer.lossy and answer.messages[0].content == "a"


def test_an_answer_that_is_no_stream_is_told():
    assert answered({"x": 1}).lossy and answered({"x": 1}).extra == {"x": 1}
    assert not streamed([]).finished


def test_an_exchange_is_a_call_of_its_session():
    body = frame(*said("Hel")) + frame(*said("lo"))
    call = decode(make_exchange(b'{"inputText":"hi"}', body, path=PATH, headers=EVENT_STREAM))
    assert call is not None and (call.conversation_id, call.output[0].text, call.partial) == ("s-1", "Hello", False)
    assert (DIALECT.name, DIALECT.version >= 1) == ("bedrock_agents", True)
