"""Calls of Bedrock's agents: an answer that is a text, and one that asks the app to run a tool."""

from base64 import b64encode

from exchanges import make_exchange
from frames import EVENT_STREAM, frame

_PATH = "/agents/AGENT1/agentAliases/ALIAS1/sessions/session-1/text"
_FUNCTION = {
    "actionGroup": "weather",
    "function": "look",
    "parameters": [{"name": "city", "type": "string", "value": "Paris"}],
}
_CONTROL = {"invocationId": "inv-1", "invocationInputs": [{"functionInvocationInput": _FUNCTION}]}


def _exchange(response):
    return make_exchange(b'{"inputText": "And in Paris?"}', response, path=_PATH, headers=EVENT_STREAM)


SAMPLES = [
    ("text", _exchange(frame("chunk", {"bytes": b64encode(b"It rains.").decode()}))),
    ("tool", _exchange(frame("returnControl", _CONTROL))),
]
