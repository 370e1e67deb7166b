"""A small tool-using agent: three calls in one session, one of them streamed. Nothing but the standard library."""

import http.client
import json
from typing import Any

SESSION = "demo-agent"
KEY = "sk-demo-this-key-is-never-stored"
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def converse(address: str) -> list[str]:
    """Runs the agent against the sidecar at `host:port`; what it was answered."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are concise."}]
    said = []
    for question, stream in (("What is the capital of France?", False), ("How is the weather there?", False)):
        messages.append({"role": "user", "content": question})
        answer = _ask(address, messages, stream)
        messages.append(answer)
        if answer.get("tool_calls"):
            messages.append(
                {"role": "tool", "tool_call_id": answer["tool_calls"][0]["id"], "content": "12 °C and rain"}
            )
            answer = _ask(address, messages, True)
            messages.append(answer)
        said.append(str(answer["content"]))
    return said


def _ask(address: str, messages: list[dict[str, Any]], stream: bool) -> dict[str, Any]:
    body = json.dumps({"model": "scripted", "messages": messages, "tools": [TOOL], "stream": stream})
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", "X-PandaProbe-Session": SESSION}
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        data = connection.getresponse().read()
    finally:
        connection.close()
    if not stream:
        message: dict[str, Any] = json.loads(data)["choices"][0]["message"]
        return message
    events = [line.removeprefix(b"data: ") for line in data.split(b"\n\n") if line.startswith(b"data: {")]
    text = "".join(json.loads(event)["choices"][0]["delta"].get("content", "") for event in events)
    return {"role": "assistant", "content": text}
