"""This sidecar beside what else relays such calls, in one run on one machine; ours records everything, others nothing.

    python bench/compare.py
    python bench/compare.py --only direct,nginx,pandaprobe,aiohttp --seconds 5 --rounds 3
    python bench/compare.py --write docs/performance.md

All on loopback, each round asks one contender after the other, and the table has the medians of the rounds. With two
cores, the process that relays has one of them for itself, and load, provider and recorder share the other. Exits 1 if a
call that was sent was neither recorded nor counted as dropped; what misses a goal says so in the table.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import uvloop
from contenders import CONTENDERS, RATE, SLOW, SLOW_RATE, SLOW_STREAMS, STREAMS, NotHere, free_port, run
from loads import ask_steadily, stream, transfer
from processes import descendants, wait_until
from provider import make_answer
from report import describe_machine, read_notes, write_report

HERE = Path(__file__).resolve().parent
MB = 1_000_000
REST_S = 3.0


def quantile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


class Bench:
    """The figures of one contender: name → what each round measured."""

    def __init__(self, given, provider, canned):
        self.given, self.provider, self.canned = given, provider, canned
        self.figures = defaultdict(lambda: defaultdict(list))
        self.lost = {}

    def note(self, name, **figures):
        for key, value in figures.items():
            if value is not None:
                self.figures[name][key].append(value)

    def round(self, name, place):
        """All that is asked of one contender, in front of the scripted provider."""
        running = CONTENDERS[name](self.provider, place, self.given.cache)
        try:
            running.pin(0)
            self.note(name, start_s=running.started_s, idle_mb=self.settled_memory(running))
            asked = self.ask(name, running) + self.stream(name, running)
            time.sleep(REST_S)  # what is recorded of the streams takes the load's core
            uvloop.run(self.transfer(name, running))
            if name == "pandaprobe":
                self.lost = count_calls(place / "data", asked)
        finally:
            running.stop()

    def settled_memory(self, running):
        time.sleep(1.0 if running.process else 0)
        return running.memory_mb() or None

    def ask(self, name, running):
        rate = SLOW_RATE if name in SLOW else RATE
        uvloop.run(ask_steadily(running, rate, 1, 4000))
        before = running.cost()
        load = uvloop.run(ask_steadily(running, rate, self.given.seconds, 4000))
        time.sleep(0.5)  # what is recorded after the last answer counts, too
        first, others = (after - now for after, now in zip(running.cost(), before, strict=True))
        took = load.took_ns
        self.note(
            name, request_us=first / load.sent * 1e6, recorder_us=others / load.sent * 1e6, failed=load.failed,
            p50_ms=quantile(took, 0.5) / 1e6, p99_ms=quantile(took, 0.99) / 1e6,
        )  # fmt: skip
        return load.sent + rate

    def stream(self, name, running):
        count = SLOW_STREAMS if name in SLOW else STREAMS
        rest = self.settled_memory(running) or 0  # what has been loaded and cached by now is no stream's
        memory = []
        before = running.cost()
        load = uvloop.run(stream(running, count, self.given.seconds, lambda: memory.append(running.memory_mb())))
        first, others = (after - now for after, now in zip(running.cost(), before, strict=True))
        per_stream = (memory[0] - rest) * 1000 / count if running.process else None
        self.note(
            name, event_us=first / load.sent * 1e6, event_recorder_us=others / load.sent * 1e6,
            chunk_p50_ms=quantile(load.took_ns, 0.5) / 1e6, chunk_p99_ms=quantile(load.took_ns, 0.99) / 1e6,
            missing=load.sent - len(load.took_ns), stream_kb=per_stream,
        )  # fmt: skip
        return count

    async def transfer(self, name, running):
        up, down = await transfer(running, 10 * MB, 100), await transfer(running, 100, 5 * MB)
        self.note(name, up_ms=up and up * 1e3, down_ms=down and down * 1e3)

    def saturate(self, name, place):
        """Requests a second, and what one costs then, in front of a provider that is not the limit."""
        if shutil.which("wrk") is None:
            return
        running = CONTENDERS[name](self.canned, place, self.given.cache)
        try:
            running.pin(0)
            before = running.cost()
            rate, count = run_wrk(running, self.given.seconds)
            first = running.cost()[0] - before[0]
            self.note(name, per_s=rate, saturated_us=first / count * 1e6 if count else None)
            if name == "pandaprobe":
                lost = count_calls(place / "data", count)
                self.note(name, dropped_saturated=sum(lost["dropped"].values()))
        finally:
            running.stop()


def run_wrk(running, seconds):
    """(requests a second, how many in all)."""
    script = Path(tempfile.gettempdir()) / f"compare-{os.getpid()}.lua"
    body = json.dumps(json.dumps({"model": "scripted", "messages": [{"role": "user", "content": "word " * 180}]}))
    lines = "".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in running.headers.items()
    )
    script.write_text(
        f'wrk.method = "POST"\nwrk.body = {body}\nwrk.headers["Content-Type"] = "application/json"\n{lines}'
    )
    words = ["wrk", "-t1", "-c16", f"-d{seconds}s", "-s", str(script), f"{running.url}/v1/chat/completions"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    script.unlink()
    total = int(told.split(" requests in ")[0].split()[-1])
    bad = int(told.split("Non-2xx or 3xx responses:")[1].split()[0]) if "Non-2xx" in told else 0
    return float(told.split("Requests/sec:")[1].split()[0]), total - bad


def count_calls(data, sent):
    """What the sidecar says of the calls, once nothing is in flight."""
    words = [Path(sys.executable).with_name("pandaprobe-proxy"), "status", "--data-dir", data, "--json"]

    def settled():
        nonlocal told
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        told = json.loads(done.stdout or "{}")
        return told.get("in_flight") == 0

    told = {}
    wait_until(settled, 120, "the last call's row", every_s=1)  # asking takes the processor from the recorder
    return {"sent": sent, "relayed": told["relayed"], "recorded": told["recorded"], "dropped": told["dropped"]}


def serve_canned(place):
    """A provider that nothing waits for: nginx with one answer."""
    answer = make_answer(1000).decode()
    port = free_port()
    (place / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {place}/nginx.pid; error_log {place}/error.log;\n"
        "events { worker_connections 4096; }\nhttp { access_log off; keepalive_requests 1000000000;\n"
        f"client_body_temp_path {place}/b; proxy_temp_path {place}/p; fastcgi_temp_path {place}/f;\n"
        f"uwsgi_temp_path {place}/u; scgi_temp_path {place}/s; default_type application/json;\n"
        f"server {{ listen 127.0.0.1:{port}; location / {{ return 200 '{answer}'; }} }} }}\n"
    )
    return run(["nginx", "-c", place / "nginx.conf"], place), f"http://127.0.0.1:{port}"


def measure(given):
    """All rounds; (bench, why some were not measured)."""
    missing = {}
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        provider = subprocess.Popen([sys.executable, HERE / "provider.py"], stdout=subprocess.PIPE, text=True)
        url = f"http://127.0.0.1:{provider.stdout.readline().strip()}"
        (place / "canned").mkdir()
        canned, canned_url = serve_canned(place / "canned") if shutil.which("nginx") else (None, url)
        bench = Bench(given, url, canned_url)
        share_core([os.getpid(), provider.pid, *([canned.pid] if canned else [])])
        try:
            for number in range(given.rounds):
                for name in given.only:
                    if name not in missing:
                        print(f"round {number + 1}: {name}", file=sys.stderr)
                        measure_one(bench, name, place / f"{name}-{number}", missing)
        finally:
            for process in (provider, canned):
                if process:
                    process.terminate()
                    process.wait()
    return bench, missing


def measure_one(bench, name, place, missing):
    for part, what in (("a", bench.round), ("b", bench.saturate)):
        (place / part).mkdir(parents=True)
        try:
            what(name, place / part)
        except (NotHere, TimeoutError) as why:
            missing[name] = str(why)
            bench.figures.pop(name, None)
            return


def share_core(pids):
    """All of these on the second core, where there are two."""
    time.sleep(0.3)
    for pid in pids if (os.cpu_count() or 1) > 1 else ():
        for one in descendants(pid):
            os.sched_setaffinity(one, {1})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=list(CONTENDERS), help="some of " + ", ".join(CONTENDERS)
    )
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--cache", type=Path, default=Path(tempfile.gettempdir()) / "compare-cache", help="where others are installed"
    )
    parser.add_argument("--write", type=Path, help="a file for the report, as Markdown")
    given = parser.parse_args()
    bench, missing = measure(given)
    asked = f"Medians of {given.rounds} rounds, {given.seconds} s each."
    report = list(write_report(bench.figures, bench.lost, missing, given.cache, asked))
    print("\n".join(report))
    if given.write:
        head = ["# Performance", "", f"`python bench/compare.py`, on {describe_machine()}.", ""]
        given.write.write_text("\n".join([*head, *report, "", read_notes(given.write)]))
    lost = bench.lost
    return int(bool(lost) and lost["relayed"] != lost["recorded"] + sum(lost["dropped"].values()))


if __name__ == "__main__":
    sys.exit(main())
