"""One outside client driven twice, at the provider itself and through a sidecar, and what differed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from outside.provider import scripted_provider
from pandaprobe_proxy.app.stores import open_reader
from pandaprobe_proxy.settings import Settings
from sidecar import clean_environment, sidecar, wait_until

CLIENTS = Path(__file__).resolve().parent / "clients"
KEY = "sk-outside-canary-0123456789abcdef"
TIMEOUT_S = 240


@dataclass(frozen=True)
class Client:
    """A script that drives one client, and what it needs."""

    path: Path
    packages: tuple[str, ...]
    ingests: bool = False
    """It posts traces to the web port, too."""

    @property
    def name(self):
        return self.path.stem


@dataclass
class Outcome:
    """What two runs of a client have shown."""

    results: int = 0
    calls: int = 0
    differences: list[str] = field(default_factory=list)
    """Between what the client got, or the provider was asked, directly and through the sidecar."""
    losses: list[str] = field(default_factory=list)
    """What the record lacks or has too much."""


def clients():
    """Every client by name."""
    scripts = [
        path for path in CLIENTS.iterdir() if path.name != "telling.py" and path.suffix in (".py", ".sh", ".mjs")
    ]
    return {path.stem: read_client(path) for path in sorted(scripts)}


def read_client(path):
    text = path.read_text()
    if path.suffix == ".py":
        block = re.search(r"(?m)^# /// script\n((?:#.*\n)*?)# ///$", text)[1]
        stated = tomllib.loads(re.sub(r"(?m)^# ?", "", block))
        return Client(path, tuple(stated["dependencies"]), stated.get("ingests", False))
    named = re.search(r"^// dependencies: (.*)$", text, re.M)
    return Client(path, tuple(named[1].split()) if named else ())


def compare(client, command, directory):
    """Runs `command` (which ends with the client's script) both ways. AssertionError if it fails either way."""
    outcome = Outcome()
    with scripted_provider() as provider:
        gemini = f"gemini={provider.url}"
        flags = ("--upstream", f"anthropic={provider.url}", "--upstream", gemini)
        with sidecar(directory, provider.url, *flags) as recording:
            recording.ready()
            said = run(command, addresses(provider.url, provider.url, provider.url))
            posted = list(provider.posted)
            asked = provider.take()
            relay = f"http://127.0.0.1:{recording.port}"
            said_through = run(command, addresses(relay, f"{relay}/gemini", recording.web))
            asked_through = provider.take()
            status = recording.settled(len(asked_through))
            outcome.results, outcome.calls = len(said.splitlines()), len(asked_through)
            outcome.differences = [*differing(said, said_through), *differing_requests(asked, asked_through)]
            outcome.losses = [*missing(recording, asked_through, status), *leaked(recording)]
            if client.ingests:
                outcome.losses += missing_traces(recording, posted)
    assert outcome.calls and outcome.results, f"{client.name} did nothing"
    return outcome


def addresses(base, gemini, endpoint):
    """The variables that point a client somewhere."""
    return {
        "OPENAI_BASE_URL": f"{base}/v1",
        "OPENAI_API_BASE": f"{base}/v1",
        "ANTHROPIC_BASE_URL": base,
        "ANTHROPIC_API_BASE": base,
        "GEMINI_BASE_URL": gemini,
        "PANDAPROBE_ENDPOINT": endpoint,
    }


def run(command, variables):
    keys = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY, "PANDAPROBE_API_KEY": KEY, "PANDAPROBE_PROJECT_NAME": "p"}
    done = subprocess.run(
        command,
        env={**clean_environment(), **keys, **variables, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, f"{command[-1]} failed:\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return re.sub(r"http://127\.0\.0\.1:\d+(/gemini)?", "ADDRESS", done.stdout)


def differing(said, said_through):
    one, other = said.splitlines(), said_through.splitlines()
    if len(one) != len(other):
        yield f"{len(one)} results directly, {len(other)} through"
    for direct, through in zip(one, other, strict=False):
        if direct != through:
            at = next((n for n, (a, b) in enumerate(zip(direct, through, strict=False)) if a != b), 0)
            yield f"{direct[max(0, at - 60) : at + 60]!r} became {through[max(0, at - 60) : at + 60]!r}"


def differing_requests(asked, asked_through):
    one, other = Counter(asked), Counter(asked_through)
    yield from (f"only directly: {request}" for request in (one - other))
    yield from (f"only through: {request}" for request in (other - one))


def missing(recording, asked, status):
    """What the record has too little or too much, by method, path and status."""
    if status["dropped"] or not status["adds_up"] or status["recorded"] != len(asked):
        yield f"{len(asked)} calls, status {status['recorded']} recorded, {status['dropped']} dropped"
    items = recording.json("calls", "ls", "--limit", "1000")["items"]
    kept = Counter((one["method"], one["path"], one["status"]) for one in items if not one["connection"])
    wanted = Counter((one.method, one.path.split("?")[0], one.status) for one in asked)
    kept = Counter({(method, path.removeprefix("/gemini"), code): n for (method, path, code), n in kept.items()})
    yield from (f"not recorded: {call}" for call in (wanted - kept))
    yield from (f"recorded and never asked: {call}" for call in (kept - wanted))
    odd = [item for item in items if item["outcome"] != ("ok" if (item["status"] or 200) < 400 else "upstream_error")]
    yield from (f"{item['path']} ended as {item['outcome']} with {item['status']}" for item in odd)
    lossy = [item for item in items if item["status"] == 200 and not item["dialect"]]
    yield from (f"{item['path']} was not decoded" for item in lossy)


def leaked(recording):
    """Files of the sidecar that hold the key."""
    files = [recording.log, *(path for path in recording.directory.rglob("*") if path.is_file())]
    yield from (f"the key is in {path.name}" for path in files if KEY.encode() in path.read_bytes())


def missing_traces(recording, posted):
    """What of the traces that the SDK posts to its platform the web port has not kept in the same words."""

    def arrived():
        with urllib.request.urlopen(f"{recording.web}/sessions/sdk-session", timeout=5) as answer:
            traces = json.loads(answer.read())["traces"]
        return traces if len(traces) == len(wanted) else None

    wanted = [trace for path, trace in posted if path == "/traces"]
    traces = wait_until(arrived, 10)
    whole = [json.loads(urllib.request.urlopen(f"{recording.web}/traces/{one['trace_id']}").read()) for one in traces]
    lost = Counter(map(gist, wanted)) - Counter(map(gist, whole))
    yield from (f"this trace was not kept so: {trace}" for trace in lost)
    told = [(score["name"], score["value"]) for path, score in posted if path.endswith("trace-scores")]
    reader = open_reader(Settings(data_dir=recording.directory))
    kept = [(score.name, score.value) for score in reader.scores(session_id="sdk-session")]
    reader.close()
    if sorted(told) != sorted(kept):
        yield f"scores {told} posted, {kept} kept"


def gist(trace):
    """A trace without ids and times."""
    spans = sorted(
        json.dumps([span[name] for name in ("name", "kind", "status")] + [span.get("model"), span.get("output")])
        for span in trace.get("spans", ())
    )
    rest = [trace.get(name) for name in ("name", "status", "input", "output", "session_id", "user_id")]
    return json.dumps([rest, list(trace.get("tags") or ()), spans])


def plain_command(client):
    """How to run a client with what this environment has; None if it has not all of it."""
    programs = {".py": sys.executable, ".sh": shutil.which("bash"), ".mjs": None}
    needs_curl = client.path.suffix == ".sh" and not shutil.which("curl")
    program = programs[client.path.suffix]
    return None if program is None or needs_curl else [program, os.fspath(client.path)]
