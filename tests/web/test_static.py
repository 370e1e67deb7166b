"""The viewer's files: complete, sound, and served under a name that changes with them."""

import gzip
import hashlib
import re
from html import unescape

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.web.modules import IMPORT, resolve
from pandaprobe_proxy.web.static import STYLES, Files, add_static

FILES = Files()
SCRIPTS = sorted(name for name in FILES.files if name.endswith(".js"))


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


def imports(name):
    """What the module imports, at once or later."""
    return [resolve(name, found[4]) for found in IMPORT.finditer(FILES.files[name].decode())]


@pytest.mark.parametrize("name", SCRIPTS)
def test_what_a_module_imports_is_there(name):
    assert set(imports(name)) <= FILES.files.keys()


def test_no_module_imports_upwards():
    order = ["base", "parts", "screens"]
    for name in SCRIPTS:
        layers = [path.split("/")[1] for path in (name, *imports(name)) if path.startswith("app/")]
        if layers and layers[0] in order:
            assert all(order.index(layer) <= order.index(layers[0]) for layer in layers), name


def closure(name, known):
    """The module with all that it imports, at once or later."""
    if name not in known:
        known.add(name)
        for other in imports(name):
            closure(other, known)
    return known


@pytest.mark.parametrize("screen", ["session", "sessions", "call", "overview", "evaluations", "status"])
def test_no_page_loads_more_than_100_kb_of_scripts(screen):
    screens = {name for name in SCRIPTS if name.startswith("app/screens/")}
    frame = closure("app/main.js", set(screens)) - screens
    loaded = frame | closure(f"app/screens/{screen}.js", set()) | {"app/theme.js"}
    assert sum(len(gzip.compress(FILES.files[name], 9)) for name in loaded) <= 100_000


def test_all_styles_are_one_file():
    sheets = [name for name in FILES.files if name.endswith(".css") and name != STYLES]
    assert sorted(FILES.files[STYLES]) == sorted(b"".join(FILES.files[name] for name in sheets))
    assert FILES.files[STYLES].index(FILES.files["app/style/tokens.css"]) == 0


@pytest.mark.parametrize(
    ("path", "screen"),
    [("", "sessions"), ("sessions", "sessions"), ("sessions/a", "session"), ("calls/c", "call"), ("status", "status")],
)
def test_a_page_names_all_modules_that_its_screen_needs(path, screen):
    named = re.findall(rf'<link rel="modulepreload" href="{FILES.place}/([^"]+)">', FILES.page(path).decode())
    assert len(named) == len(set(named)) and f"app/screens/{screen}.js" in named
    for name in named:
        at_once = [found for found in IMPORT.finditer(FILES.files[name].decode()) if not found[2]]
        assert {resolve(name, found[4]) for found in at_once} <= set(named)


def preloaded(path, query=()):
    found = re.findall(r'<link rel="preload" as="fetch" crossorigin href="([^"]+)">', FILES.page(path, query).decode())
    return [unescape(one) for one in found]


def test_a_page_asks_early_for_what_its_screen_asks_first():
    session = ["/sessions/a%2Fb%20%22?traces=0", "/sessions/a%2Fb%20%22/waterfall"]
    assert preloaded('sessions/a/b "') == [*session, "/sessions/a%2Fb%20%22/conversation?limit=12"]
    assert preloaded('sessions/a/b "', {"call": "c"}) == preloaded('sessions/a/b "', {"follow": "1"}) == session
    assert preloaded("calls/c'(é)!~*") == ["/calls/c'(%C3%A9)!~*"]
    assert preloaded("sessions") == preloaded("overview") == []


def test_the_bar_is_there_before_any_script_runs():
    bar = re.search(r'<nav aria-label="Screens">(.*?)</nav>', FILES.page("").decode())[1]
    places = re.findall(r'\["(\w+)", "(\w+)"\]', FILES.files["app/parts/bar.js"].decode())
    assert bar == "".join(f'<a href="/ui/{name}">{title}</a>' for name, title in places)


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
