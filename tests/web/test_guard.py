"""Who may ask the web port, and how."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.ingest.pandaprobe import ROUTES
from pandaprobe_proxy.web.api import build
from records import make_record
from web_sidecar import make_sidecar

TOKEN = "a-token"
HELD = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def web(place):
    place.put(make_record(session="s-1"))
    hosts = set()
    server = TestServer(build(make_sidecar(place, token=TOKEN), ROUTES, hosts))
    await server.start_server()
    hosts.add(f"127.0.0.1:{server.port}")
    async with TestClient(server) as client:
        yield client


async def ask(web, method, path, **more):
    async with web.request(method, path, allow_redirects=False, **more) as response:
        return response.status, await response.text(), response.headers


async def test_nothing_that_was_recorded_is_told_without_the_token(web):
    for path in ("/sessions", "/calls", "/status", "/events", "/overview", "/search?q=x", "/sessions/s-1/export.html"):
        status, said, _ = await ask(web, "GET", path)
        assert status == 401 and "pandaprobe-proxy open" in said, path
    assert (await ask(web, "DELETE", "/sessions/s-1"))[0] == 401
    assert (await ask(web, "GET", "/sessions", headers={"Authorization": "Bearer other"}))[0] == 401
    assert (await ask(web, "GET", "/sessions", headers={"Authorization": "Basic x"}))[0] == 401


async def test_the_token_opens_it(web):
    assert (await ask(web, "GET", "/sessions", headers=HELD))[0] == 200


async def test_a_link_with_the_token_becomes_a_cookie_and_a_link_without(web):
    status, _, headers = await ask(web, "GET", "/ui/sessions?tab=raw&token=a-token")
    assert (status, headers["Location"]) == (303, "/ui/sessions?tab=raw")
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and f"pandaprobe-{web.port}={TOKEN}" in cookie
    assert (await ask(web, "GET", "/sessions"))[0] == 200  # the client keeps cookies as a browser does


async def test_a_page_without_it_says_what_to_do(web):
    status, said, headers = await ask(web, "GET", "/ui/sessions")
    assert (status, headers["Content-Type"]) == (401, "text/html; charset=utf-8")
    assert "pandaprobe-proxy open" in said
    status, said, headers = await ask(web, "GET", "/ui/?token=%3Cscript%3E")
    assert status == 401 and "<script" not in said and "Set-Cookie" not in headers


async def test_probes_metrics_files_and_what_sdks_post_need_no_token(web):
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await ask(web, "GET", path))[0] == 200
    assert (await ask(web, "GET", "/ui/static/none/x.js"))[0] == 404
    assert (await ask(web, "POST", "/traces", json={"name": "t"}))[0] != 401


async def test_another_name_is_refused_whatever_it_holds(web):
    status, said, _ = await ask(web, "GET", "/sessions", headers={**HELD, "Host": "evil.test"})
    assert status == 421 and "evil.test" in said


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_pages_of_elsewhere_change_nothing(web, headers):
    assert (await ask(web, "DELETE", "/sessions/s-1", headers={**HELD, **headers}))[0] == 403
    assert (await ask(web, "GET", "/sessions/s-1", headers=HELD))[0] == 200


async def test_a_form_of_elsewhere_is_refused(web):
    status, said, _ = await ask(web, "POST", "/sessions/s-1/close", headers=HELD, data={"a": "b"})
    assert status == 415 and "application/json" in said


async def test_every_answer_says_what_a_browser_may_do_with_it(web):
    for path in ("/ui/", "/sessions", "/nothing", "/calls/x/request"):
        _, _, headers = await ask(web, "GET", path, headers=HELD)
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy and "frame-ancestors 'none'" in policy
