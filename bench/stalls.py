"""How long one turn of the recorder takes when the bodies are hostile: ring, recorder, keeper and SQLite, all real.

    python bench/stalls.py --cases 100000 --seed 1
    python bench/stalls.py --cases 0 --only lines

A recorder runs in a process of its own, as in the sidecar, and this process puts exchanges into its ring, never more
than fit: the generated ones of bench/hostile.py, then each worst case by itself. For every turn the wall and the CPU
time of the recorder's thread are noted, and what it took longer than it had asked to sleep between two turns. Prints
how many were recorded, dropped and withheld, the longest turns with what they held, and how many took more than 100 ms
of wall time, or of CPU, or began that much too late; exits 1 if one did, or if a case was lost. A turn that other
programs or a slow disk held up counts, too: look at its CPU time before blaming the recorder.
"""

import argparse
import base64
import gzip
import json
import os
import random
import resource
import sqlite3
import sys
import tempfile
import threading
import time
from pathlib import Path

from hostile import make
from pandaprobe_proxy.app.record import BATCH_S, SWITCH_S
from pandaprobe_proxy.capture.keep import Keeper, Policy
from pandaprobe_proxy.capture.recorder import Recorder
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.capture.ring import Ring, RingWriter
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
from pandaprobe_proxy.store.sqlite import open_writer

LIMIT_MS = 100.0
PIECE = 64 * 1024
RING_BYTES = 64 * 1024 * 1024
RUN = "0190a1b2-0000-7000-8000-00000000000a"
MB = 1_000_000
JSON, SSE = b"application/json", b"text/event-stream"


def chat(**more):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]} | more).encode()


def answer(**message):
    choice = {"index": 0, "message": {"role": "assistant", "content": "x"} | message, "finish_reason": "stop"}
    return json.dumps({"id": "r", "model": "m", "choices": [choice]}).encode()


def events(count):
    one = b'data: {"id":"r","model":"m","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
    return one * count


def messages(count, size=0):
    return [{"role": "user", "content": f"message number {i} " + "x" * size} for i in range(count)]


def calls(count):
    return [{"id": f"c{i}", "type": "function", "function": {"name": f"f{i}", "arguments": "{}"}} for i in range(count)]


def words(size):
    dice = random.Random(3)
    return " ".join("".join(dice.choices("abcdefghijkl", k=7)) for _ in range(size // 8))


def secrets(count):
    return " ".join(f"sk-{i:032d}" for i in range(count))


def blob(size):
    return base64.b64encode(random.Random(4).randbytes(size * 3 // 4)).decode()


def part(data):
    return [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + data}}]


WORST = {
    "10 MB request of one message": lambda: (chat(messages=[{"role": "user", "content": words(10 * MB)}]), answer()),
    "30 MB request of one message": lambda: (chat(messages=[{"role": "user", "content": words(30 * MB)}]), answer()),
    "30 MB answer": lambda: (chat(), answer(content=words(30 * MB))),
    "30 MB answer of noise": lambda: (chat(), random.Random(5).randbytes(30 * MB), b"audio/mpeg"),
    "10 MB in 1000 messages": lambda: (chat(messages=messages(1000, 10_000)), answer()),
    "1 MB of [": lambda: (chat(), b"[" * MB),
    "10 MB of [": lambda: (b"[" * (10 * MB), b"[" * (10 * MB)),
    "1 MB of objects in objects": lambda: (b'{"a":' * (MB // 5), b'{"a":' * (MB // 5)),
    "1000 levels a hundred times": lambda: (chat(x=[json.loads("[" * 900 + "]" * 900)] * 100), answer()),
    "100,000 messages": lambda: (chat(messages=messages(100_000)), answer()),
    "100,000 equal messages": lambda: (chat(messages=[{"role": "user", "content": "hi"}] * 100_000), answer()),
    "100,000 tool calls in an answer": lambda: (chat(), answer(tool_calls=calls(100_000))),
    "100,000 tool calls in a request": lambda: (
        chat(messages=[{"role": "assistant", "content": None, "tool_calls": calls(100_000)}]), answer(),
    ),
    "100,000 parts in a message": lambda: (
        chat(messages=[{"role": "user", "content": [{"type": "text", "text": f"t{i}"} for i in range(100_000)]}]),
        answer(),
    ),
    "100,000 tools": lambda: (
        chat(tools=[{"type": "function", "function": {"name": f"f{i}", "parameters": {}}} for i in range(100_000)]),
        answer(),
    ),
    "100,000 choices": lambda: (
        chat(),
        json.dumps(
            {"choices": [{"index": i, "message": {"role": "assistant", "content": f"x{i}"}} for i in range(100_000)]}
        ).encode(),
    ),
    "1 MB of one-letter events": lambda: (chat(stream=True), events(10_000), SSE),
    "10 MB of one-letter events": lambda: (chat(stream=True), events(100_000), SSE),
    "10 MB line in a stream": lambda: (chat(stream=True), b"data: " + b"x" * (10 * MB) + b"\n\n", SSE),
    "10 MB of empty lines": lambda: (chat(stream=True), b"\n" * (10 * MB), SSE),
    "1 MB of data: lines": lambda: (chat(stream=True), b"data:\n" * (MB // 6), SSE),
    "bomb of 1 GB": lambda: (chat(), gzip.compress(bytes(1000 * MB), 9), JSON, b"gzip"),
    "bomb of 30 MB": lambda: (chat(), gzip.compress(answer(content="a" * 30 * MB), 9), JSON, b"gzip"),
    "100,000 secrets": lambda: (chat(messages=[{"role": "user", "content": secrets(100_000)}]), answer()),
    "100,000 secrets in an answer": lambda: (chat(), answer(content=secrets(100_000))),
    "10 MB of base64": lambda: (chat(messages=[{"role": "user", "content": part(blob(10 * MB))}]), answer()),
    "30 MB of base64 in 30 images": lambda: (
        chat(messages=[{"role": "user", "content": part(blob(MB))} for _ in range(30)]), answer(),
    ),
    "10 MB of quotes": lambda: (chat(), b'"' * (10 * MB)),
    "10 MB of zeros": lambda: (chat(), b"\0" * (10 * MB)),
    "100,000 pieces of one byte": lambda: (chat(stream=True), events(1000)[:100_000], SSE, b"", 1),
}  # fmt: skip
"""Request body, response body, its type, its coding, the size of the pieces in which they come."""


def worst(number, name):
    request, response, kind, coding, piece = (*(made := WORST[name]()), *(JSON, b"", PIECE)[len(made) - 2 :])
    identity = make_id(number, number.to_bytes(10))
    sent = ((b"authorization", b"Bearer sk-" + b"c" * 40), (b"content-type", JSON))
    path = b"/v1/chat/completions"
    head = RequestHead(identity, 0, 1, "127.0.0.1:1", "openai", "http://x/v1/chat/completions", "POST", path, sent)
    got = ((b"content-type", kind), *(((b"content-encoding", coding),) if coding else ()))
    ended = Ended(identity, 9, Outcome.OK)
    return Exchange(head, request, (), ResponseHead(identity, 5, 200, b"OK", got), response, (), ended), piece


def told(exchange, piece=PIECE):
    """The events of an exchange, as a relay tells them."""
    name = exchange.head.exchange
    yield exchange.head
    for at in range(0, len(exchange.request_body), PIECE):
        yield RequestBody(name, 2, exchange.request_body[at : at + PIECE])
    yield exchange.response
    for at in range(0, len(exchange.response_body), piece):
        yield ResponseBody(name, 7, exchange.response_body[at : at + piece])
    yield exchange.ended


class Timed:
    """A recorder whose turns are timed. Lives in the child."""

    def __init__(self, ring, path):
        self.writer = open_writer(path)
        commit = self.writer.commit
        self.committed, self.commit_ms = (), 0.0

        def timed(batch):
            began = time.perf_counter()
            commit(batch)
            self.commit_ms = (time.perf_counter() - began) * 1000
            self.committed = tuple(record.opened.id for record in batch.records)

        self.writer.commit = timed
        keeper = Keeper(Policy(), Redactor(b"k" * 32), self.writer.last_seen)
        self.recorder = Recorder(ring, self.writer, keeper, time.monotonic_ns, os.urandom)
        self.recorder.start(1)
        self.turns = self.over = self.busy = 0
        self.late, self.longest_gap_ms, self.slow = 0, 0.0, []

    def step(self):
        self.committed, self.commit_ms = (), 0.0
        lane = self.recorder._lane.busy
        wall, cpu = time.perf_counter(), time.thread_time()
        self.recorder.step()
        took = (time.perf_counter() - wall) * 1000
        self.turns += 1
        self.over += took > LIMIT_MS
        used = (time.thread_time() - cpu) * 1000
        self.busy += used > LIMIT_MS
        if took > LIMIT_MS / 4:
            self.slow.append((took, used, self.commit_ms, lane, self.committed))

    def run(self):
        wake = threading.Event()
        while not self.recorder.done:
            self.step()
            wait = 0 if self.recorder.behind else BATCH_S
            slept = time.perf_counter()
            wake.wait(wait)
            late = (time.perf_counter() - slept - wait) * 1000
            self.late += late > LIMIT_MS
            self.longest_gap_ms = max(self.longest_gap_ms, late)
        self.recorder.stop()
        self.writer.close()
        return {
            "turns": self.turns,
            "over": self.over,
            "busy": self.busy,
            "late": self.late,
            "gap_ms": self.longest_gap_ms,
            "slow": sorted(self.slow, reverse=True)[:200],
            "recorded": self.recorder._recorded,
            "dropped": self.recorder._dropped,
            "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }


def fork(ring, path, out):
    pid = os.fork()
    if pid:
        return pid
    sys.setswitchinterval(SWITCH_S)
    code = 1
    try:
        out.write_text(json.dumps(Timed(ring, path).run()))
        code = 0
    finally:
        os._exit(code)


def feed(relay, ring, exchanges):
    """Puts them in, waiting where the relay would drop."""
    for exchange, piece in exchanges:
        for event in told(exchange, piece):
            relay.tap(event)
            if len(relay._pending) >= 64:
                drain(relay, ring)
        drain(relay, ring)


def drain(relay, ring):
    while ring.numbers().used > RING_BYTES // 2:
        time.sleep(0.005)
    relay.flush()


def run(exchanges, path):
    """What the child tells of a recorder that was given these."""
    ring = Ring.create(RING_BYTES, RUN)
    out = path.with_suffix(".json")
    child = fork(ring, path, out)
    relay = RingWriter(ring, lambda flush: None)
    feed(relay, ring, exchanges)
    relay.close()
    _, status = os.waitpid(child, 0)
    found = json.loads(out.read_text()) if status == 0 else sys.exit("the recorder died")
    found["relayed"], found["lost"] = ring.numbers().relayed, sum(ring.numbers().dropped.values())
    with sqlite3.connect(path) as db:
        asked = "SELECT count(*) FROM calls WHERE request_kept LIKE :p OR response_kept LIKE :p"
        (found["withheld"],) = db.execute(asked, {"p": "%redaction_failed%"}).fetchone()
    ring.close()
    return found


def show(name, found, why):
    print(
        f"{name}: {found['relayed']} relayed, {found['recorded']} recorded, {found['dropped'] + found['lost']} dropped,"
        f" {found['withheld']} withheld; {found['turns']} turns, {found['over']} over {LIMIT_MS:g} ms"
        f" ({found['busy']} by CPU);"
        f" {found['late']} began that much too late (at most {found['gap_ms']:.0f} ms); {found['rss_mb']:.0f} MB"
    )
    for took, used, commit, lane, ids in found["slow"][:why]:
        beside = ", something in the lane" if lane else ""
        held = ", ".join(str(int(i.replace("-", "")[12:], 16) & 0xFFFFFFFF) for i in ids[:4])
        print(f"  {took:6.0f} ms ({used:.0f} ms of CPU, {commit:.0f} ms committing {len(ids)} rows{beside}) {held}")
    return bool(found["over"] or found["late"] or found["dropped"] or found["lost"] or found["withheld"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="worst cases whose name holds this")
    parser.add_argument("--why", type=int, default=2, help="how many of the longest turns to show")
    asked = parser.parse_args()
    dice, bad = random.Random(asked.seed), False
    with tempfile.TemporaryDirectory() as directory:
        if asked.cases:
            cases = ((make(dice, number), PIECE) for number in range(1, asked.cases + 1))
            bad |= show("generated", run(cases, Path(directory, "generated.db")), asked.why + 4)
        for number, name in enumerate(WORST):
            if asked.only in name:
                bad |= show(name, run([worst(1, name)], Path(directory, f"{number}.db")), asked.why)
    sys.exit(bad)


if __name__ == "__main__":
    main()
