"""What decoding costs: CPU per megabyte of stream for each dialect that streams, and memory for very long ones.

    python bench/decode.py

Each stream is as its provider writes it: words of many lengths, some escaped or not ASCII, and what differs from event
to event although nobody reads it (sequence numbers, paddings, spaces, times, counts). Prints the median of several
runs for streams of 1,000, 5,000 and 20,000 events, what reading the longest event by event costs, and two passes over
it that read nothing: cutting it at its empty lines, and compressing it (zstd, level 3). Then a stream of 100,000 events
and a single line of 10 MB, with the most memory that decoding them took.
"""

import json
import random
import statistics
import sys
import time
import tracemalloc

import zstandard
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.framings import BY_TYPE
from pandaprobe_proxy.dialects.registry import find
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"
TEXT = (
    "The quick answer is that a recorder has to read each event, but most of them say the same thing as the one before:"
    ' a word, a comma, a new line.\n\n```python\ndef read(path):\n    return open(path, encoding="utf-8").read()\n```\n'
    "Naïve code would do – it costs little where the streams are short – and nobody would notice. "
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def words(count, each=1):
    """`count` pieces of a text, of one to `each` words."""
    dice = random.Random(count)
    pieces = [" " + word for word in TEXT.split(" ")]
    ahead = iter(range(10**9))
    return ["".join(pieces[next(ahead) % len(pieces)] for _ in range(dice.randint(1, each))) for _ in range(count)]


def paddings(count):
    """As many random letters as hide the length of a word."""
    dice = random.Random(count)
    return ["".join(dice.choices(LETTERS, k=dice.randrange(16))) for _ in range(count)]


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def sse(values, named=False, spaced=False):
    """As events; `spaced` with the spaces that Anthropic puts before the last brace."""
    dice = random.Random(1)
    said = []
    for value in values:
        data = dump(value)
        data = data[:-1] + " " * dice.randrange(16) + "}" if spaced else data
        said.append((f"event: {value['type']}\n" if named else "") + f"data: {data}\n\n")
    return "".join(said).encode()


def chat_chunk(delta, index=0, reason=None, **beside):
    head = {"id": "chatcmpl-ChZGtWl2za1l5jTaEl4KhNkV3RdM0", "object": "chat.completion.chunk", "created": 1764499723}
    head |= {"model": "gpt-4o-mini-2024-07-18", "service_tier": "default", "system_fingerprint": "fp_50906f2aac"}
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
    return head | {"choices": [choice], "usage": None} | beside


def chat_stream(deltas, paddings):
    chunks = [chat_chunk(delta, obfuscation=padding) for delta, padding in zip(deltas, paddings, strict=True)]
    first = chat_chunk({"role": "assistant", "content": ""})
    return sse([first, *chunks, chat_chunk({}, reason="stop")]) + b"data: [DONE]\n\n"


def chat(count):
    return chat_stream([{"content": word} for word in words(count)], paddings(count))


def chat_tool(count):
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "write", "arguments": ""}}
    rest = [{"tool_calls": [{"index": 0, "function": {"arguments": word}}]} for word in words(count - 1)]
    return chat_stream([{"tool_calls": [call]}, *rest], paddings(count))


def chat_choices(count):
    chunks = [chat_chunk({"content": word}, index) for word in words(count // 2) for index in (0, 1)]
    ends = [chat_chunk({}, index, "stop") for index in (0, 1)]
    return sse([*chunks, *ends]) + b"data: [DONE]\n\n"


def message_stream(kind, key, block, texts):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    message |= {"stop_reason": None, "usage": {"input_tokens": 3, "output_tokens": 1}}
    deltas = [{"type": "content_block_delta", "index": 0, "delta": {"type": kind, key: text}} for text in texts]
    values = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": len(texts)}},
        {"type": "message_stop"},
    ]
    return sse(values, named=True, spaced=True)


def messages(count):
    return message_stream("text_delta", "text", {"type": "text", "text": ""}, words(count, each=5))


def messages_tool(count):
    block = {"type": "tool_use", "id": "toolu_1", "name": "write", "input": {}}
    return message_stream("input_json_delta", "partial_json", block, words(count, each=3))


def responses(count):
    answer = {"id": "resp_1", "object": "response", "status": "in_progress", "model": "gpt-5", "output": []}
    item = {"id": "msg_68c42d1d0878819d8266007cd3d1402c08fbf9b1584184ff", "type": "message", "role": "assistant"}
    item |= {"status": "in_progress", "content": []}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    text = words(count)
    part = {"type": "output_text", "text": "", "annotations": []}
    done = item | {"status": "completed", "content": [part | {"text": "".join(text)}]}
    usage = {"input_tokens": 3, "output_tokens": count, "total_tokens": count + 3}
    deltas = zip(text, paddings(count), strict=True)
    values = [
        {"type": "response.created", "response": answer},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": part},
        *({**place, "delta": word, "logprobs": [], "obfuscation": padding} for word, padding in deltas),
        {"type": "response.output_text.done", **place, "text": "".join(text)},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": answer | {"status": "completed", "output": [done], "usage": usage}},
    ]
    kind = "response.output_text.delta"
    return sse(
        ({"type": value.get("type", kind), "sequence_number": at} | value for at, value in enumerate(values)), True
    )


def gemini(count):
    texts = words(count, each=40)

    def chunk(text, at, **beside):
        candidate = {"content": {"parts": [{"text": text}], "role": "model"}, **beside, "index": 0}
        usage = {"promptTokenCount": 9, "candidatesTokenCount": 20 * at, "totalTokenCount": 20 * at + 9}
        usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": 9}]
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": "gemini-3-flash-preview",
            "responseId": "hlP6ae3uJuqGz7IP-6e9iA0",
        }

    return sse([*(chunk(text, at) for at, text in enumerate(texts, 1)), chunk("", count, finishReason="STOP")])


def ollama(count):
    def line(text, at, **beside):
        time = f"2024-05-24T20:{at // 60000 % 60:02}:{at // 1000 % 60:02}.{at % 1000 * 999 + 1000}Z"
        return {"model": "llama3", "created_at": time, "message": {"role": "assistant", "content": text}} | beside

    lines = [line(word, at * 33, done=False) for at, word in enumerate(words(count))]
    last = line("", count * 33, done=True, done_reason="stop", eval_count=count)
    return b"".join(dump(value).encode() + b"\n" for value in [*lines, last])


def cohere(count):
    def event(kind, **beside):
        return {"type": kind, **beside}

    deltas = ({"message": {"content": {"text": word}}} for word in words(count))
    start = event("message-start", id="r_1", delta={"message": {"role": "assistant", "content": []}})
    end = {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 3, "output_tokens": count}}}
    texts = (event("content-delta", index=0, delta=delta) for delta in deltas)
    return sse([start, *texts, event("message-end", delta=end)], named=True)


CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
STREAMS = (
    ("a text", CHAT, chat, SSE),
    ("a tool's arguments", CHAT, chat_tool, SSE),
    ("two choices in turn", CHAT, chat_choices, SSE),
    ("a text", MESSAGES, messages, SSE),
    ("a tool's input", MESSAGES, messages_tool, SSE),
    ("a text", RESPONSES, responses, SSE),
    ("a text", "/v1beta/models/m:streamGenerateContent", gemini, SSE),
    ("a text", "/api/chat", ollama, NDJSON),
    ("a text", "/v2/chat", cohere, SSE),
)
COUNTS = (1_000, 5_000, 20_000)
PIECE = 300
"""Bytes that arrive at once: about an event."""


def exchange_of(path, body, kind):
    head = RequestHead("e", 0, 0, "127.0.0.1:1", "openai", "", "POST", path.encode(), ())
    asked = b'{"model":"m","stream":true}'
    response = ResponseHead("e", 1, 200, b"OK", ((b"content-type", kind.encode()),))
    chunks = tuple((2 + at, min(PIECE, len(body) - at)) for at in range(0, len(body), PIECE))
    return Exchange(head, asked, (), response, body, chunks, Ended("e", len(body), Outcome.OK))


def cpu_ms(work, times=9):
    """The median of CPU milliseconds that `work` takes."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def peak_mb(exchange):
    tracemalloc.start()
    call = decode(exchange)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not call.lossy and not call.partial
    return peak / 1e6


def measure(name, path, make, kind):
    """Prints one line of the table; what decoding the longest stream costs, and its size in MB."""
    dialect = find("POST", path, ())
    told = []
    for count in COUNTS:
        body = make(count)
        exchange = exchange_of(path, body, kind)
        call = decode(exchange)
        assert not call.lossy and not call.partial and call.output, path
        size = len(body) / 1e6
        told.append(cpu_ms(lambda exchange=exchange: decode(exchange)) / size)
    mark = b"\n" if kind == NDJSON else b"\n\n"
    compressor = zstandard.ZstdCompressor(level=3)
    beside = (
        lambda: dialect.streamed(BY_TYPE[kind](body)),
        lambda: body.split(mark),
        lambda: compressor.compress(body),
    )
    costs = [*told, *(cpu_ms(work) / size for work in beside)]
    print(f"{path + ', ' + name:50} {len(body) / count:8.0f}" + "".join(f"{cost:11.2f}" for cost in costs))
    return told[-1], size


def main():
    print(f"{'':50} {'bytes':>8}{'ms of CPU per MB of stream':>30}")
    titles = (*(f"{count:,}" for count in COUNTS), "one by one", "split", "zstd")
    print(f"{'':50} {'an event':>8}" + "".join(f"{title:>11}" for title in titles))
    costs = [measure(*stream) for stream in STREAMS]
    mean = sum(cost * size for cost, size in costs) / sum(size for _, size in costs)
    print(f"all streams of {COUNTS[-1]:,} events together: {mean:.2f} ms per MB")
    long = exchange_of(CHAT, chat(100_000), SSE)
    size = len(long.response_body) / 1e6
    print(f"a stream of 100,000 events, {size:.0f} MB: {peak_mb(long):.0f} MB of memory at most")
    line = sse([{"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "x" * 10_000_000}}]}])
    wide = exchange_of(CHAT, line + b"data: [DONE]\n\n", SSE)
    print(f"a single line of 10 MB: {peak_mb(wide):.0f} MB of memory at most")


if __name__ == "__main__":
    sys.exit(main())
