"""Real clients through `run --intercept`, unchanged: every call is recorded, in its session, and none is lost."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from intercepting import make_origins
from openai_upstream import Handler, openai_upstream
from sidecar import clean_environment, sidecar, wait_until

HOST = "127.0.0.2"  # loopback, and not what NO_PROXY names
OPENAI = """
    from openai import OpenAI

    client, messages = OpenAI(max_retries=0), []
    for question in ("Capital of France?", "And Germany?"):
        messages.append({"role": "user", "content": question})
        answer = client.chat.completions.create(model="gpt-4o", messages=messages, stream=True)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        messages.append({"role": "assistant", "content": text})
        print(text)
"""
ANTHROPIC = """
    import asyncio
    from anthropic import AsyncAnthropic

    async def main():
        client = AsyncAnthropic(max_retries=0)
        asked = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Capital?"}]}
        print((await client.messages.create(**asked)).content[0].text)

    asyncio.run(main())
"""
REQUESTS = """
    import os, requests

    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    asked = {"model": "m", "messages": [{"role": "user", "content": "Capital of France?"}]}
    print(requests.post(url, json=asked, timeout=10).json()["choices"][0]["message"]["content"])
"""

NODE = """
    const url = process.env.OPENAI_BASE_URL + '/chat/completions'
    const ask = (stream) => ({method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(
        {model: 'm', stream, messages: [{role: 'user', content: 'x'.repeat(300000) + ' Capital of France?'}]})})
    const run = async () => {
        console.log((await (await fetch(url, ask(false))).json()).choices[0].message.content)
        console.log((await (await fetch(url, ask(true))).text()).endsWith('[DONE]\\n\\n'))
        const models = process.env.OPENAI_BASE_URL + '/models'
        require('https').get(models, (answer) => console.log(answer.resume().statusCode))
        await fetch('https://api.openai.invalid/').catch((error) => console.log(error.message))
    }
    run()
"""


SHIM = """
    import asyncio, os, ssl
    import aiohttp, httpx, pandaprobe, requests
    from openai import OpenAI

    base = os.environ["OPENAI_BASE_URL"]
    asked = {"model": "m", "messages": [{"role": "user", "content": "Capital of France?"}]}

    async def by_aiohttp():
        context = ssl.create_default_context()
        async with aiohttp.ClientSession(trust_env=True) as session:
            async with session.post(base + "/chat/completions", json=asked, ssl=context) as answer:
                await answer.json()

    with pandaprobe.session("by-openai"):
        OpenAI(max_retries=0).chat.completions.create(**asked)
    with pandaprobe.session("by-requests"):
        requests.post(base + "/chat/completions", json=asked, timeout=10).raise_for_status()
    with pandaprobe.session("by-aiohttp"):
        asyncio.run(by_aiohttp())
    with pandaprobe.session("direct"):
        context = ssl.create_default_context(cafile=os.environ["ORIGINS"])
        httpx.Client(trust_env=False, verify=context).post(base + "/chat/completions", json=asked)
    with pandaprobe.session("elsewhere"):
        requests.post(os.environ["OTHER"], json=asked, timeout=10).raise_for_status()
"""


class Both(Handler):
    """Speaks Anthropic's messages, too."""

    def do_POST(self):
        if not self.path.endswith("/messages"):
            super().do_POST()
            return
        self.rfile.read(int(self.headers["content-length"]))
        answer = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn"}
        usage = {"input_tokens": 3, "output_tokens": 1}
        self._send(200, {**answer, "content": [{"type": "text", "text": "Paris."}], "usage": usage})


@pytest.fixture(scope="module")
def origins(tmp_path_factory):
    return make_origins(tmp_path_factory.mktemp("origins"))


@pytest.fixture
def upstream(origins):
    with openai_upstream(HOST, origins.server(HOST), Both) as running:
        yield running


@pytest.fixture
def environment(origins, upstream):
    """An app's: it has base URLs and certificates of its own."""
    return {
        **clean_environment(),
        "OPENAI_BASE_URL": upstream.url,
        "ANTHROPIC_BASE_URL": upstream.url.removesuffix("/v1"),
        "OPENAI_API_KEY": "sk-canary-0123456789abcdefABCDEF",
        "ANTHROPIC_API_KEY": "sk-ant-canary-0123456789",
        "SSL_CERT_FILE": str(origins.path),
        "REQUESTS_CA_BUNDLE": str(origins.path),
        "CURL_CA_BUNDLE": str(origins.path),
        "NODE_EXTRA_CA_CERTS": str(origins.path),
        "PANDAPROBE_DRAIN_S": "2",
    }


def run(directory, environment, *words, flags=()):
    command = [sys.executable, "-m", "pandaprobe_proxy", "run", "--intercept", "--require", "--data-dir"]
    command += [str(directory), "--port", "0", "--web-port", "0", *flags, "--", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, cwd=directory.parent)


def program(text):
    return (sys.executable, "-c", textwrap.dedent(text))


def calls(directory):
    words = [sys.executable, "-m", "pandaprobe_proxy", "calls", "ls", "--json", "--data-dir", str(directory)]
    return json.loads(subprocess.run(words, capture_output=True, check=True).stdout)["items"]


def adds_up(directory):
    words = [sys.executable, "-m", "pandaprobe_proxy", "status", "--json", "--data-dir", str(directory)]
    status = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    return status["adds_up"] and (status["relayed"], status["recorded"], status["in_flight"])


def test_the_openai_client_is_recorded_in_its_session(tmp_path, environment, upstream):
    done = run(tmp_path / "data", environment, *program(OPENAI), flags=("--session", "trip-42"))
    assert (done.returncode, done.stdout) == (0, "Paris.\nBerlin.\n"), done.stderr
    found = calls(tmp_path / "data")
    assert [(call["session_id"], call["source"], call["outcome"]) for call in found] == [
        ("trip-42", "header", "ok")
    ] * 2
    assert adds_up(tmp_path / "data") == (2, 2, 0)
    assert upstream.sessions() == [None, None]
    assert {k.lower(): v for k, v in upstream.seen[0].headers}["authorization"].endswith("ABCDEF")


def test_the_shims_scopes_reach_what_is_intercepted_and_nobody_else(tmp_path, environment, upstream, origins):
    other = "127.0.0.3"
    with openai_upstream(other, origins.server(other)) as elsewhere:
        given = {**environment, "ORIGINS": str(origins.path), "OTHER": f"{elsewhere.url}/chat/completions"}
        done = run(tmp_path / "data", given, *program(SHIM))
        assert done.returncode == 0, done.stderr
        found = calls(tmp_path / "data")
        assert {call["session_id"] for call in found} == {"by-openai", "by-requests", "by-aiohttp"}
        assert {call["source"] for call in found} == {"header"}
        assert (upstream.sessions(), elsewhere.sessions()) == ([None] * 4, [None])


def test_without_a_name_the_calls_of_a_conversation_are_in_one_session_all_the_same(tmp_path, environment):
    assert run(tmp_path / "data", environment, *program(OPENAI)).returncode == 0
    assert len({call["session_id"] for call in calls(tmp_path / "data")}) == 1


def test_the_anthropic_client_is_recorded(tmp_path, environment):
    done = run(tmp_path / "data", environment, *program(ANTHROPIC), flags=("--session", "trip-43"))
    assert (done.returncode, done.stdout) == (0, "Paris.\n"), done.stderr
    (call,) = calls(tmp_path / "data")
    assert (call["session_id"], call["dialect"]) == ("trip-43", "anthropic_messages")


def test_requests_is_recorded(tmp_path, environment):
    done = run(tmp_path / "data", environment, *program(REQUESTS))
    assert (done.returncode, done.stdout) == (0, "Paris.\n"), done.stderr
    assert len(calls(tmp_path / "data")) == 1


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_is_recorded(tmp_path, environment, upstream):
    asked = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Capital of France?"}]})
    words = ("curl", "-sS", "-H", "X-PandaProbe-Session: by-hand", "-d", asked, f"{upstream.url}/chat/completions")
    done = run(tmp_path / "data", environment, *words)
    assert "Paris." in done.stdout, done.stderr
    (call,) = calls(tmp_path / "data")
    assert call["session_id"] == "by-hand"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_node_is_recorded_by_fetch_and_by_https_whatever_its_age(tmp_path, environment):
    done = run(tmp_path / "data", environment, "node", "-e", textwrap.dedent(NODE))
    assert set(done.stdout.splitlines()) == {"Paris.", "true", "200", "fetch failed"}, done.stderr
    assert len(calls(tmp_path / "data")) == 3
    assert adds_up(tmp_path / "data") == (3, 3, 0)


def test_a_sidecar_that_runs_already_begins_to_intercept_when_it_is_asked(tmp_path, environment, upstream, origins):
    with sidecar(tmp_path / "data", "http://127.0.0.1:9", env={"SSL_CERT_FILE": str(origins.path)}) as running:
        running.ready()
        for number in (1, 2):
            done = run(tmp_path / "data", environment, *program(REQUESTS))
            assert done.stdout == "Paris.\n", done.stderr
            assert running.settled(calls=number)["adds_up"]
        (address,) = {running.status()["forward"]["address"]}
        assert address in running.cli("status")
        assert running.process.poll() is None


def test_without_mitmproxy_it_is_told_how_to_have_it(tmp_path):
    code = "import sys; sys.modules['mitmproxy'] = None; from pandaprobe_proxy.cli import main; main()"
    for words in (("serve", "--forward", "0"), ("ca", "path")):
        ports = ("--port", "0", "--web-port", "0") if words[0] == "serve" else ()
        command = [sys.executable, "-c", code, *words, *ports, "--data-dir", str(tmp_path / "data")]
        done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "mitmproxy, which is not installed; install" in done.stderr and "README" in done.stderr


def test_files_in_the_working_directory_do_not_stand_for_modules_of_ours(tmp_path, environment):
    for name in ("h2", "click", "msgspec", "structlog"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('not this one')")
    command = [sys.executable, "-P", "-m", "pandaprobe_proxy", "run", "--intercept", "--require", "--port", "0"]
    command += ["--web-port", "0", "--data-dir", str(tmp_path / "data"), "--", sys.executable, "-P", "-c"]
    words = [*command, textwrap.dedent(REQUESTS)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "Paris.\n"), done.stderr
    assert len(calls(tmp_path / "data")) == 1


def test_a_forward_proxy_that_does_not_answer_is_not_used(tmp_path, environment):
    (tmp_path / "data" / "ca").mkdir(parents=True)
    for name in ("pandaprobe-ca.pem", "pandaprobe-ca.key"):
        (tmp_path / "data" / "ca" / name).write_text("x")
    words = [sys.executable, "-m", "pandaprobe_proxy", "run", "--intercept", "--data-dir", str(tmp_path / "data")]
    words += [
        "--port",
        "0",
        "--web-port",
        "0",
        "--",
        sys.executable,
        "-c",
        "import os; print('HTTPS_PROXY' in os.environ)",
    ]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "False\n")
    assert "does not answer" in done.stderr


def test_the_command_alone_has_the_variables_and_all_is_ended_after_it(tmp_path, environment):
    done = run(tmp_path / "data", environment, *program("import json, os; print(json.dumps(dict(os.environ)))"))
    inside = json.loads(done.stdout)
    proxy = inside["HTTPS_PROXY"]
    assert proxy.startswith("http://127.0.0.1:")
    assert inside["NO_PROXY"] == "localhost,127.0.0.1,::1"
    assert inside["OPENAI_BASE_URL"] == environment["OPENAI_BASE_URL"]
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        text = Path(inside[name]).read_text()
        assert Path(environment[name]).read_text() in text
        assert (tmp_path / "data" / "ca" / "pandaprobe-ca.pem").read_text() in text
    wait_until(lambda: subprocess.run(["curl", "-s", proxy], check=False).returncode == 7)
    assert "HTTPS_PROXY" not in os.environ


def test_who_goes_through_another_proxy_is_told_why_not_and_runs_all_the_same(tmp_path, environment):
    words = [sys.executable, "-m", "pandaprobe_proxy", "run", "--intercept", "--data-dir", str(tmp_path / "data")]
    words += ["--port", "0", "--web-port", "0", "--", "echo", "done"]
    env = {**environment, "HTTPS_PROXY": "http://proxy.corp:3128"}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "HTTPS_PROXY names another proxy" in done.stderr
