"""Hostile bodies by the hundred thousand: none may escape as an exception, none may stall the recorder.

    python bench/hostile.py --cases 100000 --seed 1

Makes exchanges of every dialect that is known, from a seed: values of wrong types, deep nesting, NULs, invalid
UTF-8, huge numbers, cut and shuffled streams, wrong and damaged content-codings, bombs. Each goes through what the
recorder does at an exchange's end (redaction, decoding, pricing). Prints how many, the slowest, and how many took more
than 100 ms, in the recorder's own thread and in the lane beside it, which holds it up for a millisecond at a time;
exits 1 if one escaped or took longer in the recorder's own.
"""

import argparse
import gzip
import json
import random
import re
import sys
import time
import traceback
import zlib
from collections import Counter

import brotli
import zstandard
from pandaprobe_proxy.capture.gather import Gathering
from pandaprobe_proxy.capture.keep import Keeper, Policy, Sizes
from pandaprobe_proxy.capture.lane import Lane
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.dialects.registry import DIALECTS
from pandaprobe_proxy.model.exchange import (
    Ended,
    Exchange,
    Outcome,
    RequestBody,
    RequestHead,
    ResponseBody,
    ResponseHead,
)
from pandaprobe_proxy.model.ids import make_id

LIMIT_MS = 100.0
KEYS = (
    "model messages role content text type tool_calls function name arguments id index delta choices usage stream error"
    " prompt_tokens total_tokens input output item item_id output_index content_index response part annotations summary"
    " sequence_number content_block message stop_reason thinking signature partial_json input_tokens candidates parts"
    " functionCall args usageMetadata finishReason done eval_count embeddings data embedding b64_json logprobs refusal"
    " reasoning reasoning_content audio transcript finish_reason tools system contents event_type meta tokens"
).split()
TYPES = (
    "response.created response.output_item.added response.output_item.done response.output_text.delta error"
    " response.completed response.function_call_arguments.delta message_start content_block_start content_block_delta"
    " content_block_stop message_delta message_stop ping text tool_use tool_result thinking text_delta input_json_delta"
    " message-start content-delta tool-call-start message-end function_call reasoning message image_url"
).split()
DENSE = (
    (b'{"messages":[', b"{},", b"{}]}"),
    (b'{"messages":[', b"0,", b"0]}"),
    (b'{"messages":[{"role":"assistant","tool_calls":[', b"{},", b"{}]}]}"),
    (b'{"messages":[{"role":"user","content":[', b"{},", b"{}]}]}"),
    (b'{"input":[', b'"",', b'""]}'),
    (b'{"contents":[{"parts":[', b"{},", b"{}]}]}"),
    (b'{"choices":[', b"{},", b"{}]}"),
    (b'{"choices":[{"message":{"tool_calls":[', b"{},", b"{}]}}]}"),
    (b'{"candidates":[', b"{},", b"{}]}"),
    (b'{"output":[', b"{},", b"{}]}"),
    (b'{"content":[', b"{},", b"{}]}"),
    (b'data: {"choices":[', b"{},", b"{}]}\n\n"),
    (b'data: {"choices":[{"delta":{"tool_calls":[', b"{},", b"{}]}}]}\n\n"),
    (b"", b'data: {"x":{"#":1}}\n\n', b""),
    (b"", b'data: {"usage":{"#":1}}\n\n', b""),
    (b"", b'data: {"choices":[{"index":#}]}\n\n', b""),
    (b"", b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":"["}}]}}]}\n\n', b""),
    (b"", b'{"x":{"#":1}}\n', b""),
)
"""(begin, what is repeated with `#` for its number, end): very many entries in little space."""
CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": lambda data: brotli.compress(data, quality=1),
    "zstd": zstandard.ZstdCompressor().compress,
}
PLACES = {"model": "m", "id": "x", "name": "n", "deployment": "d", "m": "m"}
KINDS = (
    b"application/json",
    b"text/event-stream",
    b"application/x-ndjson",
    b"application/vnd.amazon.eventstream",
    b"multipart/form-data; boundary=b",
    b"audio/mpeg",
    b"",
)


def value(dice, depth=0):
    """Any JSON value, of the words that dialects look for."""
    kind = dice.randrange(12)
    if kind < 4 and depth < 6:
        keys = dice.sample(KEYS, dice.randrange(6))
        return {key: dice.choice(TYPES) if key == "type" else value(dice, depth + 1) for key in keys}
    if kind < 6 and depth < 6:
        return [value(dice, depth + 1) for _ in range(dice.randrange(5))]
    odd = (
        None,
        True,
        False,
        0,
        -1,
        10**400,
        1e308,
        "",
        "x" * dice.randrange(50),
        "\0\ud800",
        "sk-" + "a" * 30,
        "[DONE]",
    )
    return dice.choice((*odd, *TYPES, *KEYS))


def text(dice):
    return json.dumps(value(dice), ensure_ascii=dice.random() < 0.7).encode("utf-8", "surrogatepass")


def stream(dice):
    events = []
    for _ in range(dice.randrange(12)):
        name = f"event: {dice.choice(TYPES)}\n".encode() if dice.random() < 0.5 else b""
        events.append(name + b"data: " + text(dice) + dice.choice((b"\n\n", b"\r\n\r\n", b"\n", b"\r\r")))
    return b"".join(events)


def large(dice):
    """One of the shapes that are slow where something is not linear, up to half a megabyte."""
    size = dice.choice((1000, 30_000, 500_000))
    if dice.random() < 0.5:
        before, unit, after = dice.choice(DENSE)
        return before + b"".join(unit.replace(b"#", b"%d" % at) for at in range(size // len(unit))) + after
    unit = dice.choice(
        (
            b"[",
            b'{"a":',
            b"data: {}\n\n",
            b"\0",
            b"\xff",
            b"data:\n",
            b'"',
            b"\\",
            b"{}\n",
            b"sk-",
            b"9",
            b"eyJ",
            b"://a:",
        )
    )
    return dice.choice((b"", b'{"messages":[', b"data: ")) + unit * (size // len(unit))


def body(dice):
    kind = dice.random()
    if kind < 0.45:
        made = text(dice)
    elif kind < 0.8:
        made = stream(dice)
    elif kind < 0.97:
        made = dice.randbytes(dice.randrange(300))
    else:
        made = large(dice)
    return made[: dice.randrange(len(made) + 1)] if dice.random() < 0.2 else made


def coded(dice, data):
    """(headers, bytes): now and then in a coding, now and then in another than it says."""
    if dice.random() < 0.85:
        return (), data
    said, real = dice.choice(list(CODINGS)), dice.choice(list(CODINGS))
    packed = CODINGS[real if dice.random() < 0.2 else said](data * dice.choice((1, 1, 50)))
    return ((b"content-encoding", said.encode()),), packed


def target(dice):
    """(method, path) of one of the endpoints that a dialect says it has."""
    endpoints = [endpoint for dialect in DIALECTS for endpoint in dialect.endpoints] or ["POST /v1/chat/completions"]
    method, _, path = dice.choice(endpoints).partition(" ")
    return method, re.sub(r"\{(\w+)\}", lambda found: PLACES.get(found[1], "x"), path)


def make(dice, number):
    method, path = target(dice)
    more, asked = coded(dice, body(dice))
    answer_more, answered = coded(dice, body(dice))
    identity = make_id(number, number.to_bytes(10))
    headers = ((b"authorization", b"Bearer sk-" + b"c" * 40), (b"content-type", dice.choice(KINDS[:5])), *more)
    head = RequestHead(identity, 0, 1, "127.0.0.1:1", "openai", "http://x", method, path.encode(), headers)
    answer_headers = ((b"content-type", dice.choice(KINDS)), *answer_more)
    response = ResponseHead(identity, 5, dice.choice((200, 200, 200, 206, 400, 500)), b"R", answer_headers)
    outcome = dice.choice((Outcome.OK, Outcome.OK, Outcome.CLIENT_DISCONNECTED, Outcome.UPSTREAM_RESET))
    chunks = ((7, len(answered)),) if answered else ()
    return Exchange(head, asked, (), response, answered, chunks, Ended(identity, 9, outcome))


def goes_beside(begun, exchange):
    """Whether the recorder gives the exchange to the lane."""
    gathering = Gathering(begun)
    for event in (
        exchange.head,
        RequestBody(exchange.id, 0, exchange.request_body),
        exchange.response,
        ResponseBody(exchange.id, 0, exchange.response_body),
    ):
        gathering.add(event, len(exchange.request_body) + len(exchange.response_body))
    return Lane(None).takes(gathering)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    keeper = Keeper(Policy(), Redactor(b"k" * 32), lambda _: None)
    slow, escaped, decoded, withheld, over = [], 0, 0, 0, Counter()
    for number in range(1, asked.cases + 1):
        exchange = make(dice, number)
        began = time.process_time()
        try:
            begun = keeper.begin(exchange.head)
            record = keeper.finish(begun, exchange, Sizes(len(exchange.request_body), len(exchange.response_body)))
        except Exception:
            escaped += 1
            traceback.print_exc()
            continue
        took = (time.process_time() - began) * 1000
        if took > LIMIT_MS:
            over["lane" if goes_beside(begun, exchange) else "recorder"] += 1
        slow.append((took, number, exchange))
        decoded += record.call is not None
        withheld += "redaction_failed" in record.response.withheld
        slow = sorted(slow, key=lambda item: -item[0])[:20] if len(slow) > 200 else slow
    slow.sort(key=lambda item: -item[0])
    print(
        f"{asked.cases} cases, {decoded} of them calls: {escaped} escaped, {withheld} withheld for a failed redaction"
    )
    for took, number, exchange in slow[:5]:
        sizes = f"{len(exchange.request_body)} + {len(exchange.response_body)} bytes"
        print(f"  {took:7.1f} ms  case {number}: {exchange.head.method} {exchange.path}, {sizes}")
    own, beside = over["recorder"], over["lane"]
    print(f"{own} took more than {LIMIT_MS:g} ms of CPU in the recorder's own thread, {beside} in the lane beside it")
    sys.exit(bool(escaped or own or withheld))


if __name__ == "__main__":
    main()
