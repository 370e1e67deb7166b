"""How much smaller the store is than what was relayed, for agents that resend their history.

    python bench/storage.py --sessions 200

Makes agent sessions from a fixed seed (three system prompts and tool sets, 5 to 40 steps, log-normal tool results,
every call with the whole history, half of the answers streamed), keeps them as the recorder would, and prints bytes
relayed, bytes on disk, their ratio, and the time per call. Exits 1 if the store takes more than a tenth.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from pandaprobe_proxy.capture.keep import Keeper, Policy, Sizes
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.store.batch import Batch
from pandaprobe_proxy.store.sqlite import open_reader, open_writer

WORDS = [
    *("agent", "tool", "result", "order", "customer", "refund", "policy", "airline", "flight", "seat"),
    *("booking", "payment", "status", "error", "retry", "file", "code", "function", "return", "value"),
    *("list", "index", "search", "page", "document", "query", "answer", "reason", "because", "therefore"),
    *("however", "step", "plan", "next", "check", "update", "delete", "create", "user", "account"),
    *("email", "address", "name", "number", "date", "time", "price", "total", "item", "product"),
    *("delivery",),
]
START_NS = 1_760_000_000_000_000_000
BATCH = 20


def prose(dice, count):
    """Words with numbers among them, since real text is not made of sixty words."""
    return " ".join(
        dice.choice(WORDS) if dice.random() < 0.85 else f"{dice.choice(WORDS)}{dice.randrange(10_000)}"
        for _ in range(count)
    )


def make_tools(dice):
    def tool(number):
        properties = {f"{dice.choice(WORDS)}_{i}": {"type": "string", "description": prose(dice, 12)} for i in range(4)}
        parameters = {"type": "object", "properties": properties, "required": list(properties)[:2]}
        function = {"name": f"tool_{number}", "description": prose(dice, 40), "parameters": parameters}
        return {"type": "function", "function": function}

    return [tool(number) for number in range(8)]


def answer_json(call_id, message, usage):
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}]
    head = {
        "id": f"chatcmpl-{call_id}",
        "object": "chat.completion",
        "created": 1_760_000_000,
        "model": "gpt-4o-2024-08-06",
    }
    return json.dumps({**head, "choices": choices, "usage": usage, "system_fingerprint": "fp_0123456789"}).encode()


def answer_stream(dice, call_id, message, usage):
    head = {"id": f"chatcmpl-{call_id}", "object": "chat.completion.chunk", "created": 1_760_000_000}
    head |= {"model": "gpt-4o-2024-08-06", "service_tier": "default", "system_fingerprint": "fp_0123456789"}

    def event(delta, finish=None):
        noise = "".join(dice.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(dice.randrange(8)))
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return f"data: {json.dumps({**head, 'choices': [choice], 'usage': None, 'obfuscation': noise})}\n\n"

    events = [event({"role": "assistant", "content": ""})]
    for call in message.get("tool_calls") or ():
        events.append(event({"tool_calls": [{"index": 0, **call}]}))
    events += [event({"content": f" {word}"}) for word in (message["content"] or "").split()]
    events += [
        event({}, "stop"),
        f"data: {json.dumps({**head, 'choices': [], 'usage': usage})}\n\n",
        "data: [DONE]\n\n",
    ]
    return "".join(events).encode()


def exchanges(dice, sessions):
    """Every exchange of every session, sessions interleaved as agents at work are."""
    kinds = [(prose(dice, 600), make_tools(dice)) for _ in range(3)]
    at_ns = START_NS
    for number in range(sessions):
        system, tools = dice.choice(kinds)
        messages = [{"role": "system", "content": system}, {"role": "user", "content": prose(dice, 40)}]
        for step in range(dice.randint(5, 40)):
            at_ns += dice.randrange(1_000_000_000, 9_000_000_000)
            call_id = make_id(at_ns, dice.randbytes(10))
            streamed = dice.random() < 0.5
            message = {"role": "assistant", "content": prose(dice, dice.randint(5, 80))}
            if step % 3 != 2:
                arguments = json.dumps({dice.choice(WORDS): prose(dice, 5)})
                function = {"name": f"tool_{dice.randrange(8)}", "arguments": arguments}
                message = {"role": "assistant", "content": None}
                message["tool_calls"] = [
                    {"id": f"call_{dice.randrange(10**12)}", "type": "function", "function": function}
                ]
            asked = {"model": "gpt-4o", "messages": messages, "tools": tools, "stream": streamed}
            usage = {"prompt_tokens": len(json.dumps(messages)) // 4, "completion_tokens": 50, "total_tokens": 0}
            if streamed:
                data, kind = answer_stream(dice, call_id, message, usage), b"text/event-stream"
            else:
                data, kind = answer_json(call_id, message, usage), b"application/json"
            yield make_exchange(dice, call_id, f"session-{number}", at_ns, json.dumps(asked).encode(), (data, kind))
            messages = [*messages, message, *next_messages(dice, message)]


def next_messages(dice, message):
    if message.get("tool_calls"):
        size = min(2000, int(dice.lognormvariate(3.8, 1.0)))
        return [{"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": prose(dice, size)}]
    return [{"role": "user", "content": prose(dice, 25)}]


def make_exchange(dice, call_id, session, at_ns, asked, answer):
    data, kind = answer
    head = RequestHead(
        exchange=call_id,
        at_ns=0,
        wall_ns=at_ns,
        client="127.0.0.1:50000",
        upstream="openai",
        url="https://api.openai.com/v1/chat/completions",
        method="POST",
        target=b"/v1/chat/completions",
        headers=(
            (b"Host", b"127.0.0.1:4100"),
            (b"Authorization", b"Bearer sk-bench-0123456789abcdef0123"),
            (b"Content-Type", b"application/json"),
            (b"User-Agent", b"OpenAI/Python 3.57.0"),
            (b"X-Stainless-Lang", b"python"),
            (b"X-Stainless-OS", b"Linux"),
            (b"x-stainless-retry-count", b"0"),
            (b"X-PandaProbe-Session", session.encode()),
            (b"Content-Length", str(len(asked)).encode()),
        ),
    )
    headers = (
        (b"Date", b"Mon, 01 Jan 2026 00:00:00 GMT"),
        (b"Content-Type", kind),
        (b"openai-processing-ms", str(dice.randrange(9999)).encode()),
        (b"x-request-id", b"req_%032x" % dice.getrandbits(128)),
        (b"x-ratelimit-remaining-tokens", str(dice.randrange(2_000_000)).encode()),
    )
    pieces = max(1, len(data) // 300)
    chunks = tuple(
        (50_000_000 + i * 20_000_000 + dice.randrange(10**6), len(data) // pieces) for i in range(pieces - 1)
    )
    chunks += ((50_000_000 + pieces * 20_000_000, len(data) - sum(length for _, length in chunks)),)
    ended = Ended(call_id, chunks[-1][0] + 10**6, Outcome.OK, sent_ns=10**6)
    return Exchange(head, asked, (), ResponseHead(call_id, 4 * 10**7, 200, b"OK", headers), data, chunks, ended)


def measure(path, sessions, seed=7):
    """(calls, bytes relayed, bytes on disk, seconds of CPU) of so many sessions kept at `path`."""
    dice = random.Random(seed)
    writer = open_writer(path, ballast_bytes=0)
    writer.begin("bench", START_NS)
    keeper = Keeper(Policy(), Redactor(b"k" * 32), lambda key: None)
    calls = relayed = offset = 0
    records, spent_s = [], 0.0
    for exchange in exchanges(dice, sessions):
        sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
        relayed += sizes.request + sizes.response
        calls += 1
        started_s = time.process_time()
        records.append(keeper.finish(keeper.begin(exchange.head), exchange, sizes))
        if len(records) == BATCH:
            offset += 1
            writer.commit(Batch("bench", offset, records=tuple(records)))
            records = []
        spent_s += time.process_time() - started_s
    writer.commit(Batch("bench", offset + 1, records=tuple(records)))
    writer.close()
    disk = sum(file.stat().st_size for file in path.parent.iterdir())
    return calls, relayed, disk, spent_s


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "store" / "calls.db"
        calls, relayed, disk, spent_s = measure(path, arguments.sessions)
        reader = open_reader(path)
        started_s = time.perf_counter()
        rows = [reader.calls(1000, session_id=f"session-{number}") for number in range(min(20, arguments.sessions))]
        session_ms = (time.perf_counter() - started_s) / len(rows) * 1000
        started_s = time.perf_counter()
        stored = [reader.call(row.call_id) for row in rows[0]]
        call_ms = (time.perf_counter() - started_s) / len(stored) * 1000
        reader.close()
    print(f"{arguments.sessions} sessions, {calls} calls")
    print(f"relayed {relayed / 1e6:.1f} MB, on disk {disk / 1e6:.1f} MB: {relayed / disk:.1f} times smaller")
    per_call_us, size_kb = spent_s / calls * 1e6, relayed / calls / 1e3
    print(f"redacted, decoded and stored in {per_call_us:.0f} µs of CPU per call ({size_kb:.0f} kB)")
    print(f"read: the calls of a session {session_ms:.1f} ms, a call whole {call_ms:.1f} ms")
    sys.exit(int(disk * 10 > relayed))


if __name__ == "__main__":
    main()
