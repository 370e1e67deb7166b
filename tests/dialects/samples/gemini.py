"""Bodies written for tests: Gemini, JSON, SSE with CRLF, and one array in pieces."""

import json

from exchanges import JSON, SSE, make_exchange

PATH = "/v1beta/models/gemini-2.5-flash"
REQUEST = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [{"role": "user", "parts": [{"text": "Weather in Oslo?"}]}],
    "tools": [{"functionDeclarations": [{"name": "weather", "parameters": {"type": "OBJECT"}}]}],
    "generationConfig": {"temperature": 0},
}
USAGE = {"promptTokenCount": 21, "candidatesTokenCount": 9, "thoughtsTokenCount": 12, "totalTokenCount": 42}
NAMES = {"modelVersion": "gemini-2.5-flash", "responseId": "r1"}
CALL = {"functionCall": {"name": "weather", "args": {"city": "Oslo"}, "id": "c1"}, "thoughtSignature": "c2ln"}


def response(*parts, usage=USAGE, **candidate):
    return {
        "candidates": [{"content": {"role": "model", "parts": list(parts)}, "index": 0} | candidate],
        "usageMetadata": usage,
    } | NAMES


CHUNKS = [
    response({"text": "The user asks.", "thought": True}, usage={"promptTokenCount": 21, "totalTokenCount": 21}),
    response({"text": "I look "}),
    response({"text": "it up."}),
    response(CALL),
    response({"text": ""}, finishReason="STOP"),
]
WHOLE = response({"text": "The user asks.", "thought": True}, {"text": "I look it up."}, CALL, finishReason="STOP")
ASKED = json.dumps(REQUEST).encode()
CRLF = b"".join(b"data: %s\r\n\r\n" % json.dumps(chunk).encode() for chunk in CHUNKS)
ARRAY = b"[" + b"\n,\r\n".join(json.dumps(chunk, indent=1).encode() for chunk in CHUNKS) + b"]\n"

SAMPLES = [
    ("JSON", make_exchange(ASKED, json.dumps(WHOLE).encode(), path=f"{PATH}:generateContent")),
    ("SSE", make_exchange(ASKED, CRLF, path=f"{PATH}:streamGenerateContent?alt=sse", headers=SSE)),
    ("array", make_exchange(ASKED, ARRAY, path=f"{PATH}:streamGenerateContent", headers=JSON)),
    ("count", make_exchange(ASKED, b'{"totalTokens": 21}', path=f"{PATH}:countTokens")),
]
