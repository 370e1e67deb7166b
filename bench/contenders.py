"""What is measured side by side: how each is started in front of an upstream, and how a client speaks to it.

Those that are no part of this project are installed into environments of their own, below the directory of `--cache`.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from processes import Running, wait_until
from provider import make_request

HERE = Path(__file__).resolve().parent
NGINX = """
daemon off; worker_processes 1; pid {place}/nginx.pid; error_log {place}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/f;
  uwsgi_temp_path {place}/u; scgi_temp_path {place}/s; client_max_body_size 0; keepalive_requests 1000000000;
  upstream provider {{ server {upstream}; keepalive 2000; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
      proxy_request_buffering off; proxy_read_timeout 600s;
    }}
  }}
}}
"""
LITELLM = """
model_list:
  - model_name: scripted
    litellm_params: {{model: openai/scripted, api_base: {upstream}/v1, api_key: none}}
"""


class NotHere(Exception):
    """A contender that cannot be had on this machine, and why."""


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def answers(url, headers):
    """Whether a call is relayed there."""
    asked = urllib.request.Request(f"{url}/v1/chat/completions", make_request(100, 100), headers)
    asked.add_header("Content-Type", "application/json")
    try:
        urllib.request.urlopen(asked, timeout=10).close()
    except OSError:
        return False
    return True


def run(words, place, **more):
    log = open(place / "log", "w")  # noqa: SIM115  # the process keeps it
    return subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT, cwd=place, **more)


def await_port(name, process, url, timeout_s=60, **more):
    """The contender once it answers."""
    headers = more.get("headers", {})
    took = wait_until(lambda: answers(url, headers) or process.poll() is not None, timeout_s, name)
    if process.poll() is not None:
        raise NotHere(f"it ended with {process.returncode} as it began")
    return Running(name, url, process=process, started_s=took, **more)


def direct(upstream, place, cache):
    return Running("direct", upstream)


def nginx(upstream, place, cache):
    if shutil.which("nginx") is None:
        raise NotHere("it is not installed (Debian: nginx-light)")
    port = free_port()
    text = NGINX.format(place=place, port=port, upstream=upstream.removeprefix("http://"))
    (place / "nginx.conf").write_text(text)
    return await_port("nginx", run(["nginx", "-c", place / "nginx.conf"], place), f"http://127.0.0.1:{port}")


def pandaprobe(upstream, place, cache):
    """With everything on: recording, decoding, sessions, redaction."""
    port, web = free_port(), free_port()
    words = [
        Path(sys.executable).with_name("pandaprobe-proxy"), "serve", "--port", str(port), "--web-port", str(web),
        "--upstream", f"bench={upstream}/v1", "--default-upstream", "bench", "--data-dir", place / "data",
    ]  # fmt: skip
    return await_port("pandaprobe", run(words, place), f"http://127.0.0.1:{port}")


def aiohttp(upstream, place, cache):
    port = free_port()
    process = run([sys.executable, HERE / "aiohttp_relay.py", str(port), upstream], place)
    return await_port("aiohttp", process, f"http://127.0.0.1:{port}")


def mitmproxy(upstream, place, cache):
    program = install(cache, "mitmproxy", "mitmproxy==11.0.2", "mitmdump")
    port = free_port()
    words = [program, "--mode", f"reverse:{upstream}", "-p", str(port), "-q", "--set", "stream_large_bodies=1",
             "--set", f"confdir={place}", "--listen-host", "127.0.0.1"]  # fmt: skip
    return await_port("mitmproxy", run(words, place), f"http://127.0.0.1:{port}")


def litellm(upstream, place, cache):
    program = install(cache, "litellm", "litellm[proxy]", "litellm")
    (place / "config.yaml").write_text(LITELLM.format(upstream=upstream))
    port = free_port()
    words = [
        program,
        "--config",
        place / "config.yaml",
        "--port",
        str(port),
        "--host",
        "127.0.0.1",
        "--num_workers",
        "1",
    ]
    quiet = {**os.environ, "LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_DOCS": "True"}
    key = "sk-" + "0" * 32  # it does not start without one
    process = run(words, place, env={**quiet, "LITELLM_MASTER_KEY": key})
    return await_port("litellm", process, f"http://127.0.0.1:{port}", 180, headers={"Authorization": f"Bearer {key}"})


def portkey(upstream, place, cache):
    if shutil.which("npm") is None:
        raise NotHere("npm is not installed")
    home = cache / "portkey"
    program = home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        must(["npm", "install", "--silent", "--prefix", home, "@portkey-ai/gateway"])
    port = free_port()
    headers = {
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": f"{upstream}/v1",
        "Authorization": "Bearer none",
    }
    process = run(["node", program, f"--port={port}", "--headless"], place)
    return await_port("portkey", process, f"http://127.0.0.1:{port}", headers=headers)


def tensorzero(upstream, place, cache):
    raise NotHere("its gateway comes as a container image; the Python package has no server")


def install(cache, name, package, program):
    """The program of a Python package, in an environment of its own."""
    home = cache / name
    found = home / "bin" / program
    if not found.exists():
        must([sys.executable, "-m", "venv", home])
        must([home / "bin" / "pip", "install", "-q", package])
    return found


def must(words):
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"it could not be installed: {done.stderr.strip().splitlines()[-1:]}")


def version_of(name, cache):
    """What was measured, for the table."""
    commands = {
        "nginx": ["nginx", "-v"],
        "pandaprobe": [Path(sys.executable).with_name("pandaprobe-proxy"), "--version"],
        "aiohttp": [sys.executable, "-c", "import aiohttp; print(aiohttp.__version__)"],
        "mitmproxy": [cache / "mitmproxy/bin/pip", "show", "mitmproxy"],
        "litellm": [cache / "litellm/bin/pip", "show", "litellm"],
    }
    if name == "portkey":
        package = cache / "portkey/node_modules/@portkey-ai/gateway/package.json"
        return json.loads(package.read_text())["version"]
    if name not in commands:
        return ""
    done = subprocess.run(commands[name], check=False, capture_output=True, text=True)
    found = re.search(r"\d+(\.\w+)+", done.stdout + done.stderr)
    return found[0] if found else ""


CONTENDERS = {
    start.__name__: start for start in (direct, nginx, pandaprobe, aiohttp, mitmproxy, litellm, portkey, tensorzero)
}
RATE, STREAMS = 500, 500
SLOW_RATE, SLOW_STREAMS = 50, 20
SLOW = frozenset({"mitmproxy", "litellm", "portkey"})
"""These are asked less, since they fall behind at the rates of the others."""
