"""The keeper of the intercepting process, with one that does as it is told."""

import asyncio
import json
import os
import signal
import socket
import sys
import textwrap

from pandaprobe_proxy.app.interceptor import Interceptor, listed
from pandaprobe_proxy.app.listening import Listening
from pandaprobe_proxy.model.exchange import Ended, Outcome, RequestHead
from pandaprobe_proxy.relay.routes import Upstream
from pandaprobe_proxy.settings import Settings
from relaying import listening, until

HEAD = """
    import json, socket, sys, time
    given = json.load(sys.stdin)
    pipe = socket.socket(fileno=given["pipe_fd"])
    from pandaprobe_proxy.capture.frames import encode
    from pandaprobe_proxy.model.exchange import RequestHead
    pipe.sendall(encode(RequestHead("0" * 36, 1, 1, "c:1", "openai", "https://u/", "GET", b"/", ())))
"""


def interceptor(tmp_path, code, hosts=(("api.openai.com:443", "openai"),), silence_s=10, **settings):
    command = (sys.executable, "-c", textwrap.dedent(code))
    given = Settings(data_dir=tmp_path, **{"drain_s": 0.1, **settings})
    sock = listening()
    return Interceptor(given, Listening(sock, sock), lambda: list(hosts), command, silence_s)


async def test_what_is_decrypted_are_the_hosts_of_the_upstreams_and_the_users_own():
    upstreams = [
        Upstream("openai", "https://api.openai.com/v1"),
        Upstream("local", "http://[::1]:8000"),
        Upstream("other", "https://llm.test:8443/x"),
    ]
    assert listed(upstreams, Settings(intercept_hosts=("*.azure.test",))) == [
        ("api.openai.com:443", "openai"),
        ("[::1]:8000", "local"),
        ("llm.test:8443", "other"),
        ("*.azure.test", ""),
    ]


async def test_it_is_given_what_it_needs(tmp_path):
    out = tmp_path / "given"
    keeping = interceptor(tmp_path, f"import sys; open({str(out)!r}, 'w').write(sys.stdin.read())")
    address = keeping.status()["address"]
    running = asyncio.create_task(keeping.run(lambda event: None))
    await until(lambda: out.exists() and out.read_text().endswith("}"))
    await keeping.end(running)
    given = json.loads(out.read_text())
    assert given["settings"]["data_dir"] == str(tmp_path)
    assert given["hosts"] == [["api.openai.com:443", "openai"]]
    assert [f"{host}:{port}" for host, port in given["barred"]] == [address] * 2


async def test_one_that_dies_interrupts_its_calls_and_is_started_again(tmp_path):
    told = []
    keeping = interceptor(tmp_path, HEAD + "    time.sleep(60)")
    running = asyncio.create_task(keeping.run(told.append))
    await until(lambda: told)
    first = keeping.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: len(told) == 3)
    assert [type(event) for event in told] == [RequestHead, Ended, RequestHead]
    assert told[1].outcome is Outcome.INTERRUPTED
    assert keeping.restarts == 1 and keeping.pid != first
    await keeping.end(running)
    assert keeping.pid is None


BEATING = """
    import json, os, sys, time
    given = json.load(sys.stdin)
    while True:
        os.write(given["pulse_fd"], b".")
        time.sleep(0.02)
"""


async def test_one_that_hangs_is_killed_and_started_again(tmp_path):
    keeping = interceptor(tmp_path, BEATING, silence_s=0.5)
    running = asyncio.create_task(keeping.run(lambda event: None))
    await until(lambda: keeping.pid)
    first = keeping.pid
    await asyncio.sleep(1)
    assert (keeping.pid, keeping.hangs) == (first, 0)
    os.kill(first, signal.SIGSTOP)
    await until(lambda: keeping.pid not in (None, first))
    assert (keeping.restarts, keeping.hangs, keeping.status()["hangs"]) == (1, 1, 1)
    await keeping.end(running)


async def test_it_is_told_to_drain_and_what_it_tells_then_is_heard(tmp_path):
    told = []
    keeping = interceptor(tmp_path, HEAD.replace("pipe.sendall", "pipe.recv(1); pipe.sendall"))
    running = asyncio.create_task(keeping.run(told.append))
    await until(lambda: keeping.pid)
    await keeping.end(running)
    assert [type(event) for event in told] == [RequestHead, Ended]
    assert running.done() and keeping.restarts == 0


async def test_while_it_fails_again_and_again_nobody_hangs_on_it(tmp_path):
    keeping = interceptor(tmp_path, "raise SystemExit(3)")
    address = keeping.status()["address"].split(":")
    running = asyncio.create_task(keeping.run(lambda event: None))
    reader, writer = await asyncio.open_connection(*address)
    assert await asyncio.wait_for(reader.read(), 30) == b""
    writer.close()
    await keeping.end(running)


async def test_hosts_that_come_later_are_told(tmp_path):
    out, hosts = tmp_path / "told", []
    keeping = interceptor(tmp_path, HEAD + f"    open({str(out)!r}, 'wb').write(pipe.recv(99)); time.sleep(60)", hosts)
    told = []
    running = asyncio.create_task(keeping.run(told.append))
    await until(lambda: told)
    hosts.append(("new.test:443", "new"))
    keeping.list()
    await until(lambda: out.exists() and out.read_bytes())
    assert out.read_bytes() == b'[["new.test:443", "new"]]\n'
    await keeping.end(running)


async def test_its_status_tells_where_it_is_and_what_it_decrypts(tmp_path):
    keeping = interceptor(tmp_path, "")
    status = keeping.status()
    host, _, port = status["address"].rpartition(":")
    with socket.create_connection((host, int(port)), 5):
        assert status["hosts"] == ["api.openai.com:443"]
    assert (status["pid"], status["restarts"]) == (None, 0)
    assert status["certificate"] == str(tmp_path / "ca" / "pandaprobe-ca.pem")
    await keeping.end(asyncio.create_task(asyncio.sleep(0)))
