"""A scripted provider of three kinds on loopback: what it answers follows from what it is asked, and it logs both.

It speaks OpenAI (chat, responses, embeddings, models, files, audio, images, realtime), Anthropic's messages and
Gemini, plain and streamed, with tool calls and errors. The same request gets the same bytes, whoever asks.
"""

import asyncio
import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

HOPS = frozenset(["host", "connection", "content-length", "transfer-encoding", "keep-alive", "upgrade", "expect"])
RANDOM = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|boundary=\S+")
PLATFORM = ("/traces", "/evaluations")
SPEECH = bytes(range(256)) * 256


@dataclass(frozen=True)
class Asked:
    """One request as the provider got it, without what belongs to one connection or is drawn by lot."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: str
    """A digest."""
    status: int


@dataclass
class Provider:
    """The running provider."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    posted: list[tuple[str, object]] = field(default_factory=list)
    """What was posted to it as a platform: (path, JSON)."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self):
        """What was asked since the last time, and forgets it."""
        asked, self.asked, self.failed, self.posted = self.asked, [], set(), []
        return asked

    def log(self, request, body, status):
        headers = sorted(
            (name.lower(), RANDOM.sub("RANDOM", value))
            for name, value in request.headers.items()
            if name.lower() not in HOPS and not name.lower().startswith("sec-websocket")
        )
        digest = hashlib.sha256(steady(request, body)).hexdigest()
        self.asked.append(Asked(request.method, request.raw_path, tuple(headers), digest, status))


def steady(request, body):
    """The body without what its sender has drawn by lot."""
    boundary = re.search(r"boundary=(\S+)", request.headers.get("Content-Type", ""))
    if boundary:
        body = body.replace(boundary[1].strip('"').encode(), b"RANDOM")
    return RANDOM.sub("RANDOM", body.decode("latin-1")).encode()


def text_of(content):
    """The words of a message's content, in whatever shape."""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content or () if isinstance(part, dict))


def answer_to(words):
    return f"You said: {words}. Grüße, 世界 🐼." if words else "Hello."


def wants_tool(asked, words):
    return bool(asked.get("tools")) and "weather" in words


def sse(*events):
    """Bytes of a stream; an event is JSON, (name, JSON), or bytes as they are."""
    parts = []
    for event in events:
        name, data = event if isinstance(event, tuple) else ("", event)
        lead = f"event: {name}\n".encode() if name else b""
        parts.append(lead + b"data: " + (data if isinstance(data, bytes) else json.dumps(data).encode()) + b"\n\n")
    return parts


# --- OpenAI ---------------------------------------------------------------------------------------------------------


def chat(asked, made):
    last = asked["messages"][-1]
    words = text_of(last.get("content"))
    form = (asked.get("response_format") or {}).get("type")
    message = {"role": "assistant", "content": answer_to(words), "refusal": None}
    if form == "json_schema":
        message["content"] = '{"city": "Paris", "degrees": 12}'
    finish = "stop"
    if last["role"] == "user" and wants_tool(asked, words):
        name = asked["tools"][0]["function"]["name"]
        call = {"id": f"call_{made}", "type": "function", "function": {"name": name, "arguments": '{"city": "Paris"}'}}
        message, finish = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
    head = {"id": f"chatcmpl-{made}", "created": 1_700_000_000, "model": asked["model"]}
    usage = {"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}
    if not asked.get("stream"):
        choice = {"index": 0, "message": message, "finish_reason": finish, "logprobs": None}
        return {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    return list(chat_stream({**head, "object": "chat.completion.chunk"}, asked, message, finish, usage))


def chat_stream(head, asked, message, finish, usage):
    def chunk(delta, finish_reason=None):
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}

    events = [chunk({"role": "assistant", "content": ""})]
    for word in re.findall(r"\S+\s*", message["content"] or ""):
        events.append(chunk({"content": word}))
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        events.append(
            chunk({"tool_calls": [{**call, "index": index, "function": {"name": function["name"], "arguments": ""}}]})
        )
        for piece in (function["arguments"][:5], function["arguments"][5:]):
            events.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    events.append(chunk({}, finish))
    if (asked.get("stream_options") or {}).get("include_usage"):
        events.append({**head, "choices": [], "usage": usage})
    return sse(*events, b"[DONE]")


def responses(asked, made):
    given = asked["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    last = items[-1]
    words = text_of(last.get("content"))
    if last.get("role") == "user" and wants_tool(asked, words):
        output = {
            "id": f"fc_{made}",
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{made}",
            "name": asked["tools"][0]["name"],
            "arguments": '{"city": "Paris"}',
        }
    else:
        part = {"type": "output_text", "text": answer_to(words or str(last.get("output", ""))), "annotations": []}
        output = {
            "id": f"msg_{made}",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [part],
        }
    usage = {
        "input_tokens": 21,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 9,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 30,
    }
    whole = {
        "id": f"resp_{made}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "model": asked["model"],
        "output": [output],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": asked.get("tools", []),
        "usage": usage,
        "error": None,
        "incomplete_details": None,
        "instructions": asked.get("instructions"),
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
    }
    return responses_stream(whole, output) if asked.get("stream") else whole


def responses_stream(whole, output):
    begun = {**whole, "status": "in_progress", "output": [], "usage": None}
    events = [("response.created", {"response": begun}), ("response.in_progress", {"response": begun})]
    where = {"item_id": output["id"], "output_index": 0}
    if output["type"] == "message":
        text = output["content"][0]["text"]
        empty = {**output, "status": "in_progress", "content": []}
        events.append(("response.output_item.added", {"output_index": 0, "item": empty}))
        part = {**output["content"][0], "text": ""}
        events.append(("response.content_part.added", {**where, "content_index": 0, "part": part}))
        for word in re.findall(r"\S+\s*", text):
            told = {**where, "content_index": 0, "delta": word, "logprobs": []}
            events.append(("response.output_text.delta", told))
        done = {**where, "content_index": 0, "text": text, "logprobs": []}
        events.append(("response.output_text.done", done))
        events.append(("response.content_part.done", {**where, "content_index": 0, "part": output["content"][0]}))
    else:
        empty = {**output, "status": "in_progress", "arguments": ""}
        events.append(("response.output_item.added", {"output_index": 0, "item": empty}))
        events.append(("response.function_call_arguments.delta", {**where, "delta": output["arguments"]}))
        done = {**where, "arguments": output["arguments"], "name": output["name"]}
        events.append(("response.function_call_arguments.done", done))
    events.append(("response.output_item.done", {"output_index": 0, "item": output}))
    events.append(("response.completed", {"response": whole}))
    return sse(*((kind, {"type": kind, "sequence_number": n, **told}) for n, (kind, told) in enumerate(events)))


def embeddings(asked, made):
    texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
    coded = asked.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": n, "embedding": "AACAPwAAAEA=" if coded else [1.0, 2.0]}
        for n, _ in enumerate(texts)
    ]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return {"object": "list", "data": data, "model": asked["model"], "usage": usage}


def models(asked, made):
    data = [{"id": name, "object": "model", "created": 1, "owned_by": "scripted"} for name in ("scripted", "other")]
    return {"object": "list", "data": data}


def file_of(made):
    return {
        "id": f"file-{made}",
        "object": "file",
        "bytes": 9,
        "created_at": 1_700_000_000,
        "filename": "lines.jsonl",
        "purpose": "batch",
        "status": "processed",
    }


def images(asked, made):
    data = [{"b64_json": base64.b64encode(SPEECH[:4096]).decode()}]
    return {"created": 1, "data": data, "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}}


# --- Anthropic ------------------------------------------------------------------------------------------------------


def messages(asked, made):
    words = text_of(asked["messages"][-1]["content"])
    block, stop = {"type": "text", "text": answer_to(words)}, "end_turn"
    if wants_tool(asked, words):
        name = asked["tools"][0]["name"]
        block, stop = {"type": "tool_use", "id": f"toolu_{made}", "name": name, "input": {"city": "Paris"}}, "tool_use"
    whole = {
        "id": f"msg_{made}",
        "type": "message",
        "role": "assistant",
        "model": asked["model"],
        "content": [block],
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 21, "output_tokens": 9},
    }
    return messages_stream(whole, block) if asked.get("stream") else whole


def messages_stream(whole, block):
    begun = {**whole, "content": [], "stop_reason": None, "usage": {"input_tokens": 21, "output_tokens": 1}}
    if block["type"] == "text":
        empty = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": word} for word in re.findall(r"\S+\s*", block["text"])]
    else:
        empty = {**block, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in ('{"city"', ': "Paris"}')]
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": empty},
        {"type": "ping"},
        *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return sse(*((event["type"], event) for event in events))


# --- Gemini ---------------------------------------------------------------------------------------------------------


def gemini(asked, made, model, verb):
    if verb == "countTokens":
        return {"totalTokens": 21}
    if verb.endswith("mbedContents") or verb == "embedContent":
        return {"embeddings": [{"values": [1.0, 2.0]}]} if "requests" in asked else {"embedding": {"values": [1.0]}}
    words = text_of(asked["contents"][-1]["parts"])
    parts = [{"text": word} for word in re.findall(r"\S+\s*", answer_to(words))]
    if asked.get("tools") and "weather" in words:
        name = asked["tools"][0]["functionDeclarations"][0]["name"]
        parts = [{"functionCall": {"name": name, "args": {"city": "Paris"}}}]
    usage = {"promptTokenCount": 21, "candidatesTokenCount": 9, "totalTokenCount": 30}

    def told(parts, **more):
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **more}
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": model, "responseId": made}

    if verb == "generateContent":
        joined = [{"text": "".join(part["text"] for part in parts)}] if "text" in parts[0] else parts
        return told(joined, finishReason="STOP")
    return sse(*(told([part]) for part in parts[:-1]), told(parts[-1:], finishReason="STOP"))


# --- serving --------------------------------------------------------------------------------------------------------

JSON = {
    "/v1/chat/completions": chat,
    "/v1/responses": responses,
    "/v1/embeddings": embeddings,
    "/v1/models": models,
    "/v1/images/generations": images,
    "/v1/messages": messages,
    "/v1/messages/count_tokens": lambda asked, made: {"input_tokens": 21},
    "/v1/audio/transcriptions": lambda asked, made: {"text": answer_to("something")},
    "/v1/audio/speech": lambda asked, made: SPEECH,
    "/v1/files": lambda asked, made: {"object": "list", "data": [file_of("1")], "has_more": False},
}
ERRORS = {"missing": (404, "model_not_found"), "limited": (429, "rate_limit_exceeded"), "broken": (500, "server")}


def answer(provider, request, body):
    """(status, what to send): JSON, bytes, or a list of pieces to stream."""
    path = request.path
    made = hashlib.sha256(steady(request, body) + path.encode()).hexdigest()[:12]
    is_json = "json" in request.headers.get("Content-Type", "")
    asked = json.loads(body) if is_json and body else {}
    model = asked.get("model") if isinstance(asked, dict) else None
    if model in ERRORS:
        status, code = ERRORS[model]
        return status, {"error": {"message": f"scripted: {code}", "type": code, "code": code, "param": None}}
    if model == "flaky" and made not in provider.failed:
        provider.failed.add(made)
        return 503, {"error": {"message": "scripted: try again", "type": "overloaded", "code": None, "param": None}}
    if found := re.fullmatch(r"/v1(?:beta|alpha)?/models/([^:/]+):(\w+)", path):
        return 200, gemini(asked, made, *found.groups())
    if path.endswith("/content"):
        return 200, b'{"a": 1}\n'
    if path.startswith("/v1/files") and request.method == "POST":
        return 200, file_of(made)
    if path.startswith("/v1/files/"):
        deleted = {"id": path.rsplit("/", 1)[1], "object": "file", "deleted": True}
        return 200, deleted if request.method == "DELETE" else file_of("1")
    if path.startswith(PLATFORM):
        provider.posted.append((path, asked))
        return (202, {"trace_id": asked["trace_id"], "task_id": "t"}) if path == "/traces" else (201, {})
    return (200, JSON[path](asked, made)) if path in JSON else (404, {"error": {"message": f"nothing at {path}"}})


async def talk(provider, request):
    """One realtime connection: an answer to each `response.create`."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    session = {"id": "sess_1", "object": "realtime.session", "type": "realtime", "model": request.query.get("model")}
    await socket.send_json({"type": "session.created", "event_id": "event_1", "session": session})
    words, count = "", 1
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        event = json.loads(message.data)
        if event["type"] == "conversation.item.create":
            words = text_of(event["item"]["content"])
        if event["type"] == "response.create":
            for told in spoken(answer_to(words)):
                count += 1
                await socket.send_json({"event_id": f"event_{count}", **told})
    provider.log(request, b"", 101)
    return socket


def spoken(text):
    part = {"type": "output_text", "text": text}
    item = {
        "id": "item_1",
        "object": "realtime.item",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }
    usage = {"total_tokens": 30, "input_tokens": 21, "output_tokens": 9}
    done = {"id": "resp_1", "object": "realtime.response", "status": "completed", "output": [item], "usage": usage}
    where = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
    yield {"type": "response.created", "response": {**done, "status": "in_progress", "output": [], "usage": None}}
    for word in re.findall(r"\S+\s*", text):
        yield {"type": "response.output_text.delta", **where, "delta": word}
    yield {"type": "response.output_text.done", **where, "text": text}
    yield {"type": "response.done", "response": done}


def application(provider):
    async def handle(request):
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await talk(provider, request)
        body = await request.read()
        status, said = answer(provider, request, body)
        if not request.path.startswith(PLATFORM):  # through a sidecar, its own web port is the platform
            provider.log(request, body, status)
        headers = {"x-request-id": "req_1", "openai-processing-ms": "5", "x-ratelimit-remaining-requests": "99"}
        if isinstance(said, list):
            return await stream(request, said, headers)
        if isinstance(said, bytes):
            return web.Response(status=status, body=said, headers={**headers, "Content-Type": "audio/mpeg"})
        return web.Response(status=status, text=json.dumps(said), headers=headers, content_type="application/json")

    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def stream(request, pieces, headers):
    response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream"})
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
        await asyncio.sleep(0)
    await response.write_eof()
    return response


@contextmanager
def scripted_provider():
    """The provider, in a thread of its own, for the block."""
    provider, started, loop = Provider(), threading.Event(), asyncio.new_event_loop()
    ended = asyncio.Event()

    async def serve():
        runner = web.AppRunner(application(provider), access_log=None, handle_signals=False, shutdown_timeout=1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        provider.port = site._server.sockets[0].getsockname()[1]
        started.set()
        await ended.wait()
        await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()
