"""Connections that show what the dialect offers."""

from talking import make_connection

_ASKED = {"id": "i1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "Weather?"}]}
_CALL = {"id": "i2", "type": "function_call", "name": "weather", "call_id": "c1", "arguments": '{"city":"Paris"}'}
_USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}


def _response(kind: str, **fields: object) -> dict[str, object]:
    return {"type": f"response.{kind}", "response": {"id": "r1", "conversation_id": "conv", **fields}}


SAMPLES = [
    (
        "a turn that calls a tool",
        make_connection(
            "/v1/realtime",
            {"type": "session.created", "session": {"model": "gpt-realtime", "tools": [{"name": "weather"}]}},
            ({"type": "conversation.item.create", "item": _ASKED},),
            {"type": "conversation.item.added", "item": _ASKED},
            ({"type": "response.create"},),
            _response("created", status="in_progress"),
            {"type": "response.output_item.added", "response_id": "r1", "item": _CALL | {"arguments": ""}},
            _response("done", status="completed", output=[_CALL], usage=_USAGE),
        ),
    ),
]
