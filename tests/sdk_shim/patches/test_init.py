"""Every client carries the headers to the sidecar, on each hop, and never elsewhere."""

import asyncio
import subprocess
import sys
import threading
import urllib.request

import aiohttp
import httpx
import pytest
import requests
import urllib3
import websockets
import websockets.sync.client
from openai import AsyncOpenAI, OpenAI
from sink import run_sink

ASKED = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def by_httpx(url, **headers):
    httpx.post(url, json=ASKED, headers=headers, follow_redirects=True)


def by_httpx_async(url, **headers):
    async def post():
        async with httpx.AsyncClient(follow_redirects=True) as client:
            await client.post(url, json=ASKED, headers=headers)

    asyncio.run(post())


def by_httpx2(url, **headers):
    httpx2 = pytest.importorskip("httpx2")
    httpx2.post(url, json=ASKED, headers=headers, follow_redirects=True)


def by_requests(url, **headers):
    requests.post(url, json=ASKED, headers=headers, timeout=5)


def by_urllib3(url, **headers):
    with urllib3.PoolManager() as pool:
        pool.request("POST", url, json=ASKED, headers=headers).read()


def by_urllib(url, **headers):
    request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request) as response:
        response.read()


def by_aiohttp(url, **headers):
    async def post():
        async with aiohttp.ClientSession() as client, client.post(url, json=ASKED, headers=headers) as response:
            await response.read()

    asyncio.run(post())


CLIENTS = [by_httpx, by_httpx_async, by_httpx2, by_requests, by_urllib3, by_urllib, by_aiohttp]
REDIRECTED = [by_httpx, by_httpx_async, by_httpx2, by_requests, by_urllib3, by_aiohttp]


@pytest.mark.parametrize("post", CLIENTS)
def test_a_client_carries_the_session(shim, sink, post):
    with shim.session("s-1"), shim.user("u-1"):
        post(f"{sink.url}/v1/chat")
    post(f"{sink.url}/v1/chat")
    assert sink.headers("X-PandaProbe-Session") == ["s-1", None]
    assert sink.headers("X-PandaProbe-User") == ["u-1", None]


@pytest.mark.parametrize("post", CLIENTS)
def test_the_other_name_of_the_header_wins_too(shim, sink, post):
    with shim.session("scope"):
        post(f"{sink.url}/v1/chat", **{"X-PandaProbe-Session-Id": "by hand"})
    assert sink.headers("X-PandaProbe-Session") == [None]


def test_a_scope_wins_over_the_session_that_every_request_of_the_process_has(shim, sink, monkeypatch):
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: a\nX-PandaProbe-Session: process")
    shim.init(proxy=sink.url, endpoint=sink.url)
    client = OpenAI(base_url=f"{sink.url}/v1/chat", api_key="x")
    with shim.session("scope"):
        client.chat.completions.create(**ASKED)
    client.chat.completions.create(**ASKED)
    assert sink.headers("X-PandaProbe-Session") == ["scope", "process"]
    assert sink.headers("X-Team") == ["a", "a"]


def test_a_finder_of_the_old_kind_is_no_hindrance():
    code = (
        "import sys\nclass Old:\n    def find_module(self, *_): return None\n"
        "sys.meta_path.insert(0, Old())\nimport pandaprobe, httpx"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("post", CLIENTS)
def test_a_header_set_by_hand_wins(shim, sink, post):
    with shim.session("scope"):
        post(f"{sink.url}/v1/chat", **{"X-PandaProbe-Session": "by hand"})
    assert sink.headers("X-PandaProbe-Session") == ["by hand"]


@pytest.mark.parametrize("post", CLIENTS)
def test_a_session_inside_another_tells_which_and_one_set_by_hand_does_not(shim, sink, post):
    with shim.session("outer"), shim.session("inner"):
        post(f"{sink.url}/v1/chat")
        post(f"{sink.url}/v1/chat", **{"X-PandaProbe-Session": "by hand"})
    assert sink.headers("X-PandaProbe-Session") == ["inner", "by hand"]
    assert sink.headers("X-PandaProbe-Parent-Session") == ["outer", None]


@pytest.mark.parametrize("post", CLIENTS)
def test_another_address_is_told_nothing(shim, sink, post):
    with run_sink() as other, shim.session("s-1"):
        post(f"{other.url}/v1/chat")
        assert other.headers("X-PandaProbe-Session") == [None]


@pytest.mark.parametrize("post", REDIRECTED)
def test_a_redirect_elsewhere_is_told_nothing(shim, sink, post):
    sink.statuses = [307]
    with run_sink() as other, shim.session("s-1"):
        post(f"{sink.url}/v1/chat", **{"X-To": f"{other.url}/v1/chat"})
        assert sink.headers("X-PandaProbe-Session") == ["s-1"]
        assert other.headers("X-PandaProbe-Session") == [None]


def test_the_openai_client_carries_it(shim, sink):
    client = OpenAI(base_url=f"{sink.url}/v1", api_key="x")
    with shim.session("s-1"):
        client.chat.completions.create(**ASKED)

    async def ask():
        async with AsyncOpenAI(base_url=f"{sink.url}/v1", api_key="x") as client:
            with shim.session("s-2"):
                await client.chat.completions.create(**ASKED)

    asyncio.run(ask())
    assert sink.headers("X-PandaProbe-Session") == ["s-1", "s-2"]


def handshake(connect):
    """The request's head that a WebSocket client sends."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        got = []

        def take():
            connection, _ = server.accept()
            got.append(connection.recv(65536))
            connection.close()

        thread = threading.Thread(target=take)
        thread.start()
        with pytest.raises(Exception, match=r".*"):
            connect(f"ws://127.0.0.1:{server.getsockname()[1]}/v1/realtime")
        thread.join(5)
    return got[0]


def by_websockets_sync(url):
    websockets.sync.client.connect(url)


def by_websockets(url):
    async def connect():
        await websockets.connect(url)

    asyncio.run(connect())


@pytest.mark.parametrize("connect", [by_websockets_sync, by_websockets])
def test_a_websocket_carries_it_in_its_handshake(shim, connect):
    def told(url):
        shim.init(proxy=url)
        with shim.session("s-1"):
            connect(url)

    assert b"X-PandaProbe-Session: s-1" in handshake(told)


def test_importing_the_shim_imports_no_third_party_and_patches_what_comes_later():
    code = """
import sys, pandaprobe
print(sorted({name.split('.')[0] for name in sys.modules} & {'httpx', 'aiohttp', 'requests', 'urllib3', 'openai'}))
import httpx, requests
print(hasattr(httpx.Client._send_single_request, '_pandaprobe'))
import http.client
print(hasattr(http.client.HTTPConnection.endheaders, '_pandaprobe'))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True", "True"]


def test_a_client_of_another_shape_is_left_alone():
    code = """
import sys, types, pandaprobe
from pandaprobe.patches import PATCHES, _apply
for name in PATCHES:
    _apply(name, types.ModuleType(name))
print('fine')
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("fine\n", "")
