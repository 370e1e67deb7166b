"""How long the viewer's lists take over a large store, asked over HTTP of a running sidecar.

    python bench/lists.py
    python bench/lists.py --calls 1000000 --per-session 20

Makes a store of rows as the recorder's are (two kilobytes a call), starts a sidecar on it, and asks each list 20 times.
Prints the median and the slowest in milliseconds. Exits 1 if the list of sessions takes 100 ms or more at the median.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

from pandaprobe_proxy.model.ids import make_id
from pandaprobe_proxy.store.sqlite import open_writer
from pandaprobe_proxy.store.sqlite.connect import connect_reader

SECOND_NS = 1_000_000_000
TIMES = 20
LIMIT_MS = 100
ASKED = (
    ("sessions", "/sessions?limit=100"),
    ("sessions, failed", "/sessions?limit=100&where=status:failed"),
    ("sessions, a model and a user", "/sessions?limit=100&where=" + quote("model:gpt-4o* user:user-7")),
    ("sessions, by cost", "/sessions?limit=100&sort=cost"),
    ("sessions, of an id's beginning", "/sessions?limit=100&where=session:run-4999*"),
    ("calls", "/calls?limit=100"),
    ("calls, failed", "/calls?limit=100&where=status:failed"),
    ("overview of a week", "/overview?since=7d"),
    ("status", "/status"),
)


def fill(path, calls, per_session):
    """The store, its newest call a moment ago."""
    open_writer(path).close()
    import sqlite3

    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    rng = random.Random(1)
    blob = rng.randbytes(600)
    end_ns = time.time_ns()
    step_ns = 7 * 86_400 * SECOND_NS // calls
    sessions = []
    for number in range(calls // per_session):
        began = end_ns - (calls - number * per_session) * step_ns
        failed = number % 10 == 0
        sessions.append((
            number + 1, f"run-{number}", "header", 1.0, f"user-{number % 100}", '["prod"]', began,
            began + per_session * step_ns, per_session, int(failed), per_session, 2000 * per_session, 300 * per_session,
            json.dumps([f"gpt-4o-{number % 7}"]), "What is the weather in Paris today?", rng.random(), "It is 12 °C.",
        ))  # fmt: skip
    db.executemany(
        "INSERT INTO sessions (key, session_id, source, confidence, user_id, tags, started_ns, last_ns, calls, errors,"
        " traces, input_tokens, output_tokens, models, first_input, cost, last_output)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        sessions,
    )
    del sessions

    def rows():
        for number in range(calls):
            began = end_ns - (calls - number) * step_ns
            session = number // per_session
            failed = session % 10 == 0 and number % per_session == 3
            yield (
                number + 1, make_id(began, number.to_bytes(10)), "run", session + 1, "header", 1.0, began,
                began + rng.randrange(10**8, 10**10), "upstream_error" if failed else "ok", 500 if failed else 200,
                "openai", "POST", "/v1/chat/completions", "openai_chat", 1, "chat", f"gpt-4o-{session % 7}", 2000,
                300, '{"total":0.01,"parts":{},"priced_as":"m","source":"s"}', 8000, 2000, blob, blob,
                blob[:200], blob[:100],
            )  # fmt: skip

    db.executemany(
        "INSERT INTO calls (key, call_id, run, session, source, confidence, started_ns, ended_ns, outcome, status,"
        " upstream, method, path, dialect, decoder, operation, model, input_tokens, output_tokens, cost, request_bytes,"
        " response_bytes, request_headers, response_headers, request, response)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows(),
    )
    db.commit()
    db.close()
    connect_reader(path).close()


def ask(base, token, path):
    """Milliseconds until the answer is whole."""
    request = urllib.request.Request(base + path, headers={"Authorization": f"Bearer {token}"})
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()
    return (time.perf_counter() - began) * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--per-session", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "calls.db"
        fill(path, given.calls, given.per_session)
        size_mb = path.stat().st_size / 2**20
        print(f"{given.calls:,} calls in {given.calls // given.per_session:,} sessions, {size_mb:.0f} MB")
        slow = measure(place)
    sys.exit(slow)


def measure(place):
    command = [sys.executable, "-m", "pandaprobe_proxy", "serve", "--data-dir", place, "--port", "0", "--web-port", "0"]
    command += ["--keep-bytes", "0", "--keep-days", "0"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ) as process:
        try:
            base, token = find(place)
            medians = {name: tell(name, [ask(base, token, path) for _ in range(TIMES)]) for name, path in ASKED}
        finally:
            process.terminate()
    return int(medians["sessions"] >= LIMIT_MS)


def find(place):
    """The web port's address and token, once it answers."""
    deadline = time.monotonic() + 120
    while True:
        done = subprocess.run(
            [sys.executable, "-m", "pandaprobe_proxy", "open", "--print", "--data-dir", place],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        link = done.stdout.strip()
        if "token=" in link:
            base, token = link.split("/ui/")[0], link.split("token=")[1]
            try:
                ask(base, token, "/sessions?limit=1")
                return base, token
            except OSError:
                pass
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.5)


def tell(name, took_ms):
    median = statistics.median(took_ms)
    print(f"{name:34} median {median:8.1f} ms, slowest {max(took_ms):8.1f} ms", flush=True)
    return median


if __name__ == "__main__":
    main()
