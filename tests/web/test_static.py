"""The viewer's files: complete, sound, and served under a name that changes with them."""

import gzip
import hashlib
import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.web.static import Files, add_static

FILES = Files()
SCRIPTS = sorted(name for name in FILES.files if name.endswith(".js"))
IMPORT = re.compile(rb"""(?:from|import)\s*\(?\s*["'](\.{1,2}/[^"']+)["']""")


@pytest.fixture
async def client():
    app = web.Application()
    add_static(app, FILES)
    async with TestClient(TestServer(app)) as client:
        yield client


def test_vendored_files_are_what_their_checksums_say():
    lines = FILES.files["vendor/SHA256SUMS"].decode().splitlines()
    said = {name: digest for digest, name in (line.split("  ") for line in lines)}
    there = {name.removeprefix("vendor/") for name in FILES.files if re.fullmatch(r"vendor/[^/]+\.(js|css)", name)}
    assert said.keys() == there
    for name, digest in said.items():
        assert hashlib.sha256(FILES.files[f"vendor/{name}"]).hexdigest() == digest


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_module_imports_is_there(name):
    folder = name.split("/")[:-1]
    for path in IMPORT.findall(FILES.files[name]):
        parts = list(folder)
        for step in path.decode().split("/"):
            if step == "..":
                parts.pop()
            elif step != ".":
                parts.append(step)
        assert "/".join(parts) in FILES.files, path


def test_no_module_imports_upwards():
    order = ["base", "parts", "screens"]
    for name in SCRIPTS:
        layer = name.split("/")[1]
        if not name.startswith("app/") or layer not in order:
            continue
        for path in IMPORT.findall(FILES.files[name]):
            other = path.decode().split("/")
            if other[0] == ".." and other[1] in order:
                assert order.index(other[1]) <= order.index(layer), (name, path)


def closure(name, known):
    """The module with all that it imports, at once or later."""
    if name not in known:
        known.add(name)
        folder = name.split("/")[:-1]
        for path in IMPORT.findall(FILES.files[name]):
            parts = list(folder)
            for step in path.decode().split("/"):
                parts = parts[:-1] if step == ".." else parts if step == "." else [*parts, step]
            closure("/".join(parts), known)
    return known


@pytest.mark.parametrize("screen", ["session", "sessions", "call", "overview", "evaluations", "status"])
def test_no_page_loads_more_than_100_kb_of_scripts(screen):
    screens = {name for name in SCRIPTS if name.startswith("app/screens/")}
    frame = closure("app/main.js", set(screens)) - screens
    loaded = frame | closure(f"app/screens/{screen}.js", set()) | {"app/theme.js"}
    assert sum(len(gzip.compress(FILES.files[name], 9)) for name in loaded) <= 100_000


async def test_each_address_of_the_viewer_is_its_page(client):
    for path in ("/", "/ui", "/ui/", "/ui/sessions/a%2Fb?tab=raw"):
        async with client.get(path) as response:
            text = await response.text()
            assert (response.status, response.content_type) == (200, "text/html")
            assert response.headers["Cache-Control"] == "no-store"
            assert f'src="{FILES.place}/app/main.js"' in text and "{static}" not in text


async def test_a_file_is_kept_for_ever_under_the_digest_of_all(client):
    async with client.get(f"{FILES.place}/app/main.js") as response:
        assert response.status == 200 and response.content_type == "text/javascript"
        assert "immutable" in response.headers["Cache-Control"]
        assert await response.read() == FILES.files["app/main.js"]
    async with client.get(f"{FILES.place}/app/main.js", headers={"Accept-Encoding": "identity"}) as response:
        assert "Content-Encoding" not in response.headers


@pytest.mark.parametrize(
    "path", ["/ui/static/0000/app/main.js", FILES.place + "/app/none.js", FILES.place + "/..%2f..%2fapi.py"]
)
async def test_there_are_no_other_files(client, path):
    async with client.get(path) as response:
        assert response.status == 404
