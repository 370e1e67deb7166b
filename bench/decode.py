"""What decoding costs: CPU per megabyte of stream for each dialect that streams, and memory for very long ones.

    python bench/decode.py

Each stream is a real-looking one of its provider, about 1 MB of small events. Prints the median of several runs, per MB
and per event, beside what only splitting the events and parsing their JSON costs; then a stream of 100,000 events and
a single line of 10 MB, with the most memory that decoding them took.
"""

import json
import statistics
import sys
import time
import tracemalloc

from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.dialects.registry import find
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead
from pandaprobe_proxy.wire.sse import SseReader

WORD = " considerably"
SSE = "text/event-stream"


def sse(values, named=False):
    lines = (f"event: {value['type']}\n" if named else "" for value in values)
    return "".join(f"{line}data: {json.dumps(value)}\n\n" for line, value in zip(lines, values, strict=True)).encode()


def chat(count):
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06"}
    head |= {"service_tier": "default", "system_fingerprint": "fp_0123456789"}

    def chunk(delta, reason=None):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return head | {"choices": [choice], "usage": None, "obfuscation": "a1b2c3"}

    return sse([*(chunk({"content": WORD}) for _ in range(count)), chunk({}, "stop")]) + b"data: [DONE]\n\n"


def messages(count):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    message |= {"stop_reason": None, "usage": {"input_tokens": 3, "output_tokens": 1}}
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": WORD}}
    values = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *([delta] * count),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": count}},
        {"type": "message_stop"},
    ]
    return sse(values, named=True)


def responses(count):
    answer = {"id": "resp_1", "object": "response", "status": "in_progress", "model": "gpt-5", "output": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    whole = part | {"text": WORD * count}
    done = item | {"status": "completed", "content": [whole]}
    usage = {"input_tokens": 3, "output_tokens": count, "total_tokens": count + 3}
    values = [
        {"type": "response.created", "response": answer},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **place, "part": part},
        *({"type": "response.output_text.delta", **place, "delta": WORD, "logprobs": []} for _ in range(count)),
        {"type": "response.output_text.done", **place, "text": WORD * count},
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": answer | {"status": "completed", "output": [done], "usage": usage}},
    ]
    return sse([value | {"sequence_number": at} for at, value in enumerate(values)], named=True)


def gemini(count):
    def chunk(reason=None):
        candidate = {"content": {"parts": [{"text": WORD}], "role": "model"}, "index": 0}
        usage = {"promptTokenCount": 3, "candidatesTokenCount": count, "totalTokenCount": count + 3}
        said = {"candidates": [candidate | ({"finishReason": reason} if reason else {})], "usageMetadata": usage}
        return said | {"modelVersion": "gemini-3-flash", "responseId": "r1"}

    return sse([*(chunk() for _ in range(count)), chunk("STOP")])


def ollama(count):
    lines = [{"model": "llama", "message": {"role": "assistant", "content": WORD}, "done": False}] * count
    last = {"model": "llama", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    return b"".join(json.dumps(line).encode() + b"\n" for line in [*lines, last | {"eval_count": count}])


STREAMS = {
    "/v1/chat/completions": (chat, SSE),
    "/v1/messages": (messages, SSE),
    "/v1/responses": (responses, SSE),
    "/v1beta/models/m:streamGenerateContent": (gemini, SSE),
    "/api/chat": (ollama, "application/x-ndjson"),
}


def exchange_of(path, body, kind):
    head = RequestHead("e", 0, 0, "127.0.0.1:1", "openai", "", "POST", path.encode(), ())
    asked = b'{"model":"m","stream":true}'
    response = ResponseHead("e", 1, 200, b"OK", ((b"content-type", kind.encode()),))
    chunks = tuple((2 + at // 200, min(200, len(body) - at)) for at in range(0, len(body), 200))
    return Exchange(head, asked, (), response, body, chunks, Ended("e", len(body), Outcome.OK))


def cpu_ms(work, times=7):
    """The median of CPU milliseconds that `work` takes."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def parse(body):
    for event in SseReader(body):
        if event.data != "[DONE]":
            parse_json(event.data)


def peak_mb(exchange):
    tracemalloc.start()
    call = decode(exchange)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not call.lossy and not call.partial
    return peak / 1e6


def main():
    print(f"{'endpoint':42} {'events':>7} {'MB':>6} {'ms/MB':>7} {'µs/event':>9} {'only parsing, ms/MB':>20}")
    for path, (make, kind) in STREAMS.items():
        if find("POST", path, ()) is None:
            continue
        count = 5000
        body = make(count)
        exchange = exchange_of(path, body, kind)
        call = decode(exchange)
        assert call.output[0].text == WORD * (count + (path.endswith("GenerateContent"))), path
        assert not call.lossy and not call.partial, path
        took = cpu_ms(lambda exchange=exchange: decode(exchange))
        floor = cpu_ms(lambda body=body: parse(body)) if kind == SSE else float("nan")
        size = len(body) / 1e6
        print(f"{path:42} {count:7} {size:6.2f} {took / size:7.2f} {took * 1000 / count:9.2f} {floor / size:20.2f}")
    long = exchange_of("/v1/chat/completions", chat(100_000), SSE)
    print(
        f"a stream of 100,000 events, {len(long.response_body) / 1e6:.0f} MB: {peak_mb(long):.0f} MB of memory at most"
    )
    chunk = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "x" * 10_000_000}}]}
    line = sse([chunk]) + b"data: [DONE]\n\n"
    wide = exchange_of("/v1/chat/completions", line, SSE)
    print(f"a single line of 10 MB: {peak_mb(wide):.0f} MB of memory at most")


if __name__ == "__main__":
    sys.exit(main())
