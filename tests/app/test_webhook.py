"""Posts to a real server: what it hears, and what its answers mean."""

import hashlib
import hmac
import json
import socket

import pytest
from listening import listener
from pandaprobe_proxy.app.hooks import HookFailed
from pandaprobe_proxy.app.webhook import Webhook
from pandaprobe_proxy.model.lifecycle import Cause, Change, ChangeKind, State
from sidecar import free_port

CHANGE = Change(7, "trip-42", ChangeKind.CLOSED, State.CLOSED, 1_700_000_000_000_000_000, Cause.ASKED)


@pytest.fixture
def server():
    with listener() as running:
        yield running


async def failure(hook):
    with pytest.raises(HookFailed) as raised:
        await hook.tell(CHANGE)
    return str(raised.value), raised.value.refused


async def test_it_hears_the_change_as_json(server):
    await Webhook(server.url).tell(CHANGE)
    ((headers, body),) = server.requests
    assert headers["Content-Type"] == "application/json" and headers["User-Agent"].startswith("pandaprobe-proxy/")
    assert "X-PandaProbe-Signature" not in headers
    told = json.loads(body)
    assert (told["number"], told["session_id"], told["change"], told["cause"]) == (7, "trip-42", "closed", "asked")


async def test_with_a_secret_the_body_is_signed(server):
    await Webhook(server.url, b"s3cret").tell(CHANGE)
    ((headers, body),) = server.requests
    assert headers["X-PandaProbe-Signature"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("status", "refused"), [(400, True), (404, True), (302, True), (408, False), (429, False), (500, False)]
)
async def test_an_answer_that_is_not_2xx_says_whether_to_come_again(server, status, refused):
    server.statuses = [status]
    assert await failure(Webhook(server.url)) == (f"it answered {status}", refused)
    assert len(server.requests) == 1


async def test_one_that_is_away_or_says_nothing_is_not_reached_and_its_url_is_not_told():
    why, refused = await failure(Webhook(f"http://127.0.0.1:{free_port()}/canary"))
    assert why.startswith("it cannot be reached") and not refused and "canary" not in why
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hook = Webhook(f"http://127.0.0.1:{silent.getsockname()[1]}/canary", timeout_s=0.2)
        why, refused = await failure(hook)
    assert why.startswith("it cannot be reached") and not refused


async def test_no_proxy_of_the_environment_is_asked(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    await Webhook(server.url).tell(CHANGE)
    assert len(server.requests) == 1


def test_its_name_has_the_host_and_nothing_else_of_the_url():
    hook = Webhook("https://user:pass@hooks.example:8443/services/T0/canary?key=canary")
    assert hook.name.startswith("https://hooks.example:8443 (")
    assert "canary" not in hook.name and "pass" not in hook.name
    assert hook.name != Webhook("https://hooks.example:8443/services/T0/other").name
