"""Promises about beginnings: a store of another version, a taken port, no sidecar at all."""

import asyncio
import os
import socket
import sqlite3
import sys
import time

from faults.oracle import asked, direct, numbered_origin
from faults.promises import Measured, promise
from openai_upstream import openai_upstream
from pandaprobe_proxy.store.sqlite import open_writer
from pandaprobe_proxy.store.sqlite.connect import STEPS
from pandaprobe_proxy.store.sqlite.schema import migrations
from sidecar import clean_environment, free_port
from sqlite_utils import Database


async def run(*command, env=None, timeout_s=60):
    """(exit code, standard output, standard error) of a command."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**clean_environment(), **(env or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), timeout_s)
    return process.returncode, out.decode(), err.decode()


def make_newer(path):
    open_writer(path, ballast_bytes=0).close()
    store = sqlite3.connect(path)
    store.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('pandaprobe', 'm99', 'now')"
    )
    store.commit()
    store.close()


def make_older(path, step):
    db = Database(path)
    migrations.apply(db, stop_before=step)
    db.conn.commit()
    db.close()


@promise(28, "a store of a newer or an older version", "migrated, or refused politely; relays in any case", short=False)
async def other_version(place, full):
    measured = Measured()
    (place / "newer").mkdir()
    make_newer(place / "newer" / "calls.db")
    before = (place / "newer" / "calls.db").read_bytes()
    async with numbered_origin() as origin, asked(place / "newer", origin, origin.url) as one:
        await one.until(lambda status: status.recorder_state == "store_error")
        await one.calls(range(10))
        measured.claim(all(seen == direct(n) for n, seen in one.seen.items()), "calls were harmed")
        measured.claim("newer version" in one.recording.log.read_text(), "the log does not say why")
        measured.claim(one.status().adds_up, "the numbers do not add up")
    measured.claim((place / "newer" / "calls.db").read_bytes() == before, "the newer store was changed")
    older = sorted(STEPS)[1:]
    for step in older:
        home = place / step
        home.mkdir()
        make_older(home / "calls.db", step)
        async with numbered_origin() as origin, asked(home, origin, origin.url) as one:
            await one.until(lambda status: status.recorder_state == "ok")
            await one.calls(range(5))
            measured.wrong += await one.verdict()
    measured.notes.append(f"one newer, {len(older)} older")
    return measured


@promise(
    29, "port taken, bad settings", "`run` starts the command unproxied and says so; --require refuses", short=False
)
async def port_taken(place, full):
    measured = Measured()
    command = (sys.executable, "-c", "import os, sys; print(os.environ.get('OPENAI_BASE_URL')); sys.exit(7)")
    ours = (sys.executable, "-m", "pandaprobe_proxy", "run", "--data-dir", str(place / "data"), "--web-port", "0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = ("--port", str(taken.getsockname()[1]))
        for words in (port, ("--upstream", "bad=ftp://x", "--port", str(free_port()))):
            code, out, err = await run(*ours, *words, "--", *command)
            measured.claim(code == 7, f"{words[0]}: exit code {code}")
            measured.claim(out == "None\n", f"{words[0]}: the command was pointed at {out!r}")
            measured.claim("Warning" in err or "without" in err, f"{words[0]}: no warning: {err!r}")
            code, out, err = await run(*ours, *words, "--require", "--", *command)
            measured.claim(code in (1, 2) and out == "", f"{words[0]} with --require: {code}, {out!r}")
    return measured


SHIM = """
import time, sys
import pandaprobe
from openai import OpenAI
client = OpenAI(max_retries=0)
ask = dict(model="m", messages=[{"role": "user", "content": "x"}])
client.chat.completions.create(**ask)
started = time.perf_counter()
client.chat.completions.create(**ask)
bare = time.perf_counter() - started
from pandaprobe.wrappers import wrap_openai
started = time.perf_counter()
wrapped = wrap_openai(client)
with pandaprobe.session("s"), pandaprobe.start_trace("t"):
    wrapped.chat.completions.create(**ask)
print(1000 * (time.perf_counter() - started - bare))
started = time.perf_counter()
pandaprobe.shutdown()
print(time.perf_counter() - started)
"""


@promise(30, "no sidecar there", "the shim does no harm; first call delayed <= 50 ms; ends <= 2 s")
async def absent(place, full):
    measured = Measured()
    nobody = f"http://127.0.0.1:{free_port()}"
    with openai_upstream() as upstream:
        env = {
            "OPENAI_BASE_URL": upstream.url,
            "OPENAI_API_KEY": "sk-x",
            "PANDAPROBE_PROXY": nobody,
            "PANDAPROBE_ENDPOINT": nobody,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path.endswith("sdk_shim")),
        }
        started = time.monotonic()
        code, out, err = await run(sys.executable, "-c", SHIM, env=env)
        took = time.monotonic() - started
    measured.claim(code == 0, f"the app failed: {err[-500:]}")
    delay, ending = (float(line) for line in out.split()) if code == 0 else (0.0, 0.0)
    measured.claim(len(upstream.seen) == 3, f"{len(upstream.seen)} calls of 3 came through")
    measured.figure("ms added to the first call", delay, 50)
    measured.figure("s to shut down", ending, 2)
    measured.notes.append(f"{took:.1f} s in all; falling back from a dead sidecar to the provider is not built")
    return measured
