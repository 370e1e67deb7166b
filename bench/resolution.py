"""What it costs to find the session of a call, with more and more messages stored.

    python bench/resolution.py
    python bench/resolution.py --messages 10000,100000,1000000

Fills a store with calls that leave evidence, as the recorder's would (two new messages and six keys a call), then lets
conversations of several lengths go on, begin, and be known by a tool call only. Prints microseconds of CPU per call:
for reading the evidence of a call, for finding and writing its place, and for both. Beside them stands what the
fingerprints of its messages cost, which the store needs for a search with or without sessions. Exits 1 if both take
more than 200 µs at the median for a conversation that goes on.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from agents import Agent
from grouping import START_NS, make_exchange
from pandaprobe_proxy.capture.keep import Keeper, Policy, Sizes
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.sessions.evidence import read_evidence
from pandaprobe_proxy.sessions.transcript import name_messages
from pandaprobe_proxy.store.batch import Batch
from pandaprobe_proxy.store.sqlite import open_writer

RUN = make_id(START_NS, bytes(10))
KEYS = 6
LENGTHS = (2, 10, 40)
PROBES = 60


class Timed:
    """Measures what placing takes."""

    def __init__(self, placing):
        self._placing = placing
        self.took_us = []

    def place(self, *given):
        began = time.process_time_ns()
        placed = self._placing.place(*given)
        self.took_us.append((time.process_time_ns() - began) / 1000)
        return placed

    def settle(self, *given):
        began = time.process_time_ns()
        session = self._placing.settle(*given)
        self.took_us[-1] += (time.process_time_ns() - began) / 1000
        return session

    def __getattr__(self, name):
        return getattr(self._placing, name)


def fill(db, calls, dice):
    """Calls of sessions of ten, with their evidence."""
    first = db.execute("SELECT coalesce(max(key), 0) FROM calls").fetchone()[0] + 1
    db.execute("BEGIN")
    for number in range(first, first + calls, 10):
        db.execute(
            "INSERT INTO sessions (session_id, source, confidence, started_ns, last_ns, calls)"
            " VALUES (?, ?, 1, ?, ?, 10)",
            (f"filled-{number}", "default_new", START_NS, START_NS),
        )
    session = db.execute("SELECT max(key) FROM sessions").fetchone()[0] - calls // 10
    db.executemany(
        "INSERT INTO calls (key, call_id, run, session, source, confidence, started_ns, ended_ns, outcome, upstream,"
        " method, path, agent) VALUES (?, ?, 'r', ?, 'transcript', 0.9, ?, ?, 'ok', 'openai', 'POST', '/v1', x'00')",
        (
            (key, f"c{key}", session + (key - first) // 10 + 1, START_NS, START_NS)
            for key in range(first, first + calls)
        ),
    )
    keys = ((dice.randbytes(12), first + at // KEYS) for at in range(calls * KEYS))
    db.executemany("INSERT INTO evidence (key, call) VALUES (?, ?)", sorted(keys))
    db.execute("COMMIT")


def probes(kind, length, dice):
    """Pairs of calls: one that leaves, and one that shows."""
    for number in range(PROBES):
        agent = Agent(kind, f"{length}-{number}-{dice.random()}", 1)
        history = [agent.user()]
        list(agent.loop(history, length // 2) if kind == "trimmed" else agent.chat(history, length))
        answer = agent.calls_tool() if kind == "trimmed" else agent.says()
        after = agent.result(answer) if kind == "trimmed" else agent.user()
        shown = [*history[-4:], answer, after] if kind == "trimmed" else [*history, answer, after]
        shown = [agent.user()] if kind == "new" else shown
        yield agent.turn(list(history), answer), agent.turn(shown, agent.says())


def measure(writer, keeper, kind, length, dice):
    """(µs of fingerprints, µs of evidence, µs of placing) at the median."""
    timed = writer._calls.placing = Timed(writer._calls.placing)
    fingerprints, evidence = [], []
    at_ns = START_NS + 10**15
    for left, shows in probes(kind, length, dice):
        for turn in (left, shows):
            at_ns += 10**10
            exchange = make_exchange(turn, make_id(at_ns, dice.randbytes(10)), at_ns, 10**9, "")
            call = decode(exchange)
            began = time.process_time_ns()
            names = name_messages(call)
            named = time.process_time_ns()
            read_evidence(call, b"owner", names)
            fingerprints.append((named - began) / 1000)
            evidence.append((time.process_time_ns() - named) / 1000)
            record = keeper.finish(keeper.begin(exchange.head), exchange, Sizes(1, 1))
            (offset,) = writer._db.execute("SELECT offset FROM runs").fetchone()
            writer.commit(Batch(RUN, offset + 1, records=(record,)))
    writer._calls.placing = timed._placing
    return (statistics.median(took[1::2]) for took in (fingerprints, evidence, timed.took_us))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", default="10000,100000,1000000")
    given = parser.parse_args()
    dice = random.Random(1)
    slow = False
    heads = ("messages stored", "call", "history", "fingerprints µs", "evidence µs", "placing µs", "both µs")
    print("".join(f"{head:>17}" for head in heads))
    with tempfile.TemporaryDirectory() as place:
        writer = open_writer(Path(place) / "calls.db", ballast_bytes=0)
        writer.begin(RUN, START_NS)
        keeper = Keeper(Policy(), Redactor(b"k" * 32), lambda key: None)
        stored = 0
        for messages in map(int, given.messages.split(",")):
            fill(writer._db, (messages - stored) // 2, dice)
            stored = messages
            for kind in ("continued", "trimmed", "new"):
                for length in LENGTHS if kind == "continued" else (10,):
                    fingerprints, evidence, placing = measure(writer, keeper, kind, length, dice)
                    both = evidence + placing
                    slow = slow or (kind == "continued" and both > 200)
                    took = (f"{figure:.0f}" for figure in (fingerprints, evidence, placing, both))
                    print("".join(f"{cell:>17}" for cell in (messages, kind, 2 * length, *took)))
        writer.close()
    print(json.dumps({"slower than 200 µs": slow}))
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
