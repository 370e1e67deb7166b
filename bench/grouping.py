"""How well calls without a session header are grouped: thousands of agents at once, whose true sessions are known.

    python bench/grouping.py --seed 1
    python bench/grouping.py --headers all        every call says its session
    python bench/grouping.py --headers second     every second call of a conversation does
    python bench/grouping.py --recorded DIR       recorded agent runs (*.jsonl.gz) instead of made ones

The calls go through the recorder's own keeper and store, in the order of their ends; the recorder is started anew in
between, and some calls are stored late, as large ones are. Prints, for each class of difficulty, pairs of calls that
belong together and were put together (recall), pairs that were put together and do not belong together (false), and F1
of all pairs. Without headers it exits 1 if F1 is under 0.99 or more than 0.1 % of the pairs are false; with headers if
any call is in a wrong session.
"""

import argparse
import gzip
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from agents import CLASSES, Agent, Turn
from pandaprobe_proxy.capture.keep import Keeper, Policy, Sizes
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.model.exchange import Ended, Exchange, Outcome, RequestHead, ResponseHead
from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.store.batch import Batch
from pandaprobe_proxy.store.sqlite import open_writer

START_NS = 1_760_000_000_000_000_000
SECOND_NS = 1_000_000_000
BATCH = 40
RESTARTS = 12


def make_exchange(turn, call_id, at_ns, took_ns, session):
    """The call as it crosses the wire."""
    headers = [(b"Authorization", turn.key.encode()), (b"Content-Type", b"application/json")]
    headers += [(b"X-PandaProbe-Session", session.encode())] if session else []
    headers += [(b"x-stainless-retry-count", b"%d" % turn.retry)] if turn.retry is not None else []
    asked = {"model": "m", "messages": turn.messages, "tools": turn.tools, "stream": turn.broken}
    url = "https://provider/v1/chat/completions"
    path = b"/v1/chat/completions"
    head = RequestHead(call_id, 0, at_ns, turn.client, "openai", url, "POST", path, tuple(headers))
    body, kind = write_answer(turn, call_id)
    outcome = Outcome.CLIENT_DISCONNECTED if turn.broken else Outcome.OK
    response = ResponseHead(call_id, took_ns // 2, turn.status, b"", ((b"content-type", kind),))
    ended = Ended(call_id, took_ns, outcome, "gone" if turn.broken else "", took_ns // 4)
    chunks = ((took_ns // 2, len(body)),)
    return Exchange(head, json.dumps(asked).encode(), (), response, body, chunks, ended)


def write_answer(turn, call_id):
    if turn.answer is None:
        return b'{"error":{"message":"overloaded","type":"server_error"}}', b"application/json"
    if turn.broken:
        chunk = {"id": call_id, "model": "m", "choices": [{"index": 0, "delta": turn.answer, "finish_reason": None}]}
        return f"data: {json.dumps(chunk)}\n\n".encode(), b"text/event-stream"
    choice = {"index": 0, "message": turn.answer, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return json.dumps({"id": call_id, "model": "m", "choices": [choice], "usage": usage}).encode(), b"application/json"


def schedule(seed, scale):
    """(end, start, turn, class, number within its session) of every call, by end: what happens when."""
    dice = random.Random(seed)
    calls = []
    for name, (make, count) in CLASSES.items():
        for number in range(max(2, round(count * scale))):
            agent = Agent(name.replace(" ", "_").replace("-", "_"), number, seed)
            at_ns = START_NS + dice.randrange(3600) * SECOND_NS
            if name == "identical answers":
                at_ns = START_NS + (number // 2) * 30 * SECOND_NS
            seen = Counter()
            for turn in make(agent):
                began_ns = at_ns + dice.randrange(1, 20 * SECOND_NS)
                took_ns = dice.randrange(SECOND_NS // 10, 8 * SECOND_NS)
                at_ns = began_ns + took_ns
                calls.append((at_ns, began_ns, turn, name, seen[turn.session]))
                seen[turn.session] += 1
    calls.sort(key=lambda call: call[0])
    return calls


def schedule_recorded(seed, directory):
    """The same for recorded runs. Each line of a file is one; the first says which texts and tools they refer to."""
    dice = random.Random(seed)
    calls = []
    for path in sorted(Path(directory).glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            head = json.loads(next(lines))
            for line in lines:
                calls += read_run(json.loads(line), head, path.name.split(".")[0], dice)
    calls.sort(key=lambda call: call[0])
    return calls


def read_run(run, head, name, dice):
    """The calls of one recorded run: each answer of the model, after all that was said before it."""
    texts = head.get("texts") or {}
    said = [
        {"role": message["role"], "content": texts[message["content_ref"]]} if "content_ref" in message else message
        for message in run["messages"]
    ]
    tools = (head.get("tools") or {}).get(run["tools_ref"]) or []
    at_ns = START_NS + dice.randrange(3600) * SECOND_NS
    answers = [at for at, message in enumerate(said) if message["role"] == "assistant" and at not in run["synthetic"]]
    for number, at in enumerate(answers):
        began_ns = at_ns + dice.randrange(1, 20 * SECOND_NS)
        at_ns = began_ns + dice.randrange(SECOND_NS // 10, 8 * SECOND_NS)
        yield at_ns, began_ns, Turn(said[:at], said[at], run["session_id"], tools=tools), name, number


def stored_late(calls, share, dice):
    """The same, with that share of the calls some places later than their ends."""
    order = sorted(range(len(calls)), key=lambda at: at + (dice.randrange(5, 200) if dice.random() < share else 0))
    return [calls[at] for at in order]


def says_session(headers, number):
    return headers == "all" or (headers == "second" and number % 2 == 1)


def record(path, calls, headers, dice):
    """Stores every call; its id with its truth. Also the seconds that this took."""
    truth = {}
    keeper = Keeper(Policy(), Redactor(b"k" * 32), lambda key: None)
    run = make_id(START_NS, bytes(10))
    writer = open_writer(path, ballast_bytes=0)
    writer.begin(run, START_NS)
    again = set(range(0, len(calls), max(1, len(calls) // RESTARTS)))
    records = []
    began = time.process_time()
    for number, (ended_ns, began_ns, turn, name, within) in enumerate(calls):
        call_id = make_id(began_ns, dice.randbytes(10))
        session = turn.session if says_session(headers, within) else ""
        exchange = make_exchange(turn, call_id, began_ns, ended_ns - began_ns, session)
        truth[call_id] = (turn.session, name, turn.parent)
        sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
        records.append(keeper.finish(keeper.begin(exchange.head), exchange, sizes))
        if len(records) == BATCH or number == len(calls) - 1:
            writer.commit(Batch(run, number + 1, records=tuple(records)))
            records = []
        if number in again and number:
            writer.close()
            writer = open_writer(path, ballast_bytes=0)
            writer.begin(run, START_NS)
    took = time.process_time() - began
    writer.close()
    return truth, took


def read_sessions(path):
    """The session of each call as it was stored, and the parent of each session."""
    import sqlite3

    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    sessions = dict(
        db.execute("SELECT c.call_id, s.session_id FROM calls AS c JOIN sessions AS s ON s.key = c.session")
    )
    parents = dict(db.execute("SELECT session_id, parent FROM sessions WHERE parent IS NOT NULL"))
    sources = Counter(dict(db.execute("SELECT source, count(*) FROM calls GROUP BY source")))
    db.close()
    return sessions, parents, sources


def pairs(count):
    return count * (count - 1) // 2


def count_pairs(truth, sessions):
    """By class: true pairs, those put together, and those put together that do not belong together."""
    true, together, false = Counter(), Counter(), Counter()
    by_true, by_both, by_stored = Counter(), Counter(), defaultdict(Counter)
    for call_id, (session, name, _) in truth.items():
        by_true[session, name] += 1
        by_both[session, name, sessions[call_id]] += 1
        by_stored[sessions[call_id]][session, name] += 1
    for (_, name), count in by_true.items():
        true[name] += pairs(count)
    for (_, name, _), count in by_both.items():
        together[name] += pairs(count)
    for counts in by_stored.values():
        total = sum(counts.values())
        for (_, name), count in counts.items():
            false[name] += count * (total - count)
    return true, together, {name: count // 2 for name, count in false.items()}


def find_wrong(truth, sessions):
    """Calls that are in a session that is not theirs: one that most of its calls, or its name, give to another."""
    names = {session for session, _, _ in truth.values()}
    owners = defaultdict(Counter)
    for call_id, (session, _, _) in truth.items():
        owners[sessions[call_id]][session] += 1
    wrong = 0
    for stored, counts in owners.items():
        owner = stored if stored in names else counts.most_common(1)[0][0]
        wrong += sum(count for session, count in counts.items() if session != owner)
    return wrong


def report(truth, sessions, parents, sources, took):
    true, together, false = count_pairs(truth, sessions)
    found = sum(together.values())
    wrong = sum(false.values())
    precision = found / (found + wrong) if found + wrong else 1.0
    recall = found / sum(true.values())
    f1 = 2 * precision * recall / (precision + recall)
    print(f"{'class':22} {'true pairs':>11} {'recall':>8} {'false pairs':>12}")
    for name in true:
        print(f"{name:22} {true[name]:11} {together[name] / max(1, true[name]):8.4f} {false.get(name, 0):12}")
    conversations = len({session for session, _, _ in truth.values()})
    print(f"{len(truth)} calls of {conversations} conversations; sources: {dict(sources)}")
    begun = {sessions[call_id]: parent for call_id, (_, _, parent) in truth.items() if parent}
    of = defaultdict(set)
    for call_id, (session, _, _) in truth.items():
        of[session].add(sessions[call_id])
    right = sum(parents.get(stored) in of[parent] for stored, parent in begun.items())
    print(f"sub-agents whose parent is right: {right} of {len(begun)}")
    print(f"pairwise F1 {f1:.4f}, recall {recall:.4f}, false merges {100 * (1 - precision):.4f} % of pairs")
    print(f"{1e6 * took / len(truth):.0f} µs of CPU per call in all, making and decoding it included")
    return f1, 1 - precision


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--headers", choices=["none", "all", "second"], default="none")
    parser.add_argument("--late", type=float, default=0.002, help="share of calls that are stored late")
    parser.add_argument("--recorded", metavar="DIR")
    given = parser.parse_args()
    dice = random.Random(given.seed)
    made = schedule_recorded(given.seed, given.recorded) if given.recorded else schedule(given.seed, given.scale)
    calls = stored_late(made, given.late, dice)
    with tempfile.TemporaryDirectory() as place:
        truth, took = record(Path(place) / "calls.db", calls, given.headers, dice)
        sessions, parents, sources = read_sessions(Path(place) / "calls.db")
    f1, false = report(truth, sessions, parents, sources, took)
    wrong = find_wrong(truth, sessions)
    print(f"calls in a session that is another's: {wrong}")
    if given.headers == "none":
        return int(f1 < 0.99 or false > 0.001)
    return int(wrong > 0 or (given.headers == "all" and f1 < 1))


if __name__ == "__main__":
    sys.exit(main())
