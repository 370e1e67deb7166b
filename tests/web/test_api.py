"""The web port over a real socket, with a real store behind it."""

import pytest
from aiohttp.test_utils import TestClient, TestServer
from connections import connection
from pandaprobe_proxy.ingest.pandaprobe import ROUTES
from pandaprobe_proxy.store.errors import StoreBusy
from pandaprobe_proxy.web.api import build
from records import START_NS, make_record
from web_sidecar import make_sidecar

TRACE = "11111111-1111-4111-8111-111111111111"


async def get(web, path, **more):
    async with web.get(path, **more) as response:
        return response.status, await response.json()


async def test_probes_and_metrics_are_here_too(web):
    assert await get(web, "/livez") == (200, {"status": "ok"})
    assert await get(web, "/readyz") == (200, {"status": "ok"})
    async with web.get("/metrics") as response:
        assert await response.text() == "a_total 1\n"


async def test_it_is_ready_without_a_store_but_its_pages_say_why_they_are_not(place):
    def reader():
        raise StoreBusy("process 7 holds the store.")

    hosts = set()
    server = TestServer(build(make_sidecar(place, reader=reader), ROUTES, hosts))
    await server.start_server()
    hosts.add(f"127.0.0.1:{server.port}")
    async with TestClient(server) as client, client.get("/sessions") as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")
        assert await response.json() == {"detail": "process 7 holds the store."}
        assert (await get(client, "/readyz"))[0] == 200
        assert (await get(client, "/livez"))[0] == 200


async def test_status_is_the_relays(web):
    assert await get(web, "/status") == (200, {"relayed": 3, "session_sources": {}})


async def test_sessions_and_calls_are_listed_and_shown(web, place):
    first, second = place.put(make_record(session="a/b ü"), make_record(session="two", at_ns=START_NS + 5))
    status, listed = await get(web, "/sessions?limit=1")
    assert (status, [item["session_id"] for item in listed["items"]]) == (200, ["two"])
    status, session = await get(web, "/sessions/a%2Fb%20%C3%BC")
    assert (status, session["calls"], len(session["traces"])) == (200, 1, 1)
    status, calls = await get(web, "/calls", params={"session_id": "two"})
    assert [item["call_id"] for item in calls["items"]] == [second.opened.id]
    status, call = await get(web, f"/calls/{first.opened.id}")
    assert (status, call["call"]["output"][0]["content"]) == (200, "fine")
    status, trace = await get(web, f"/traces/{first.opened.id}")
    assert (status, trace["origin"]) == (200, "proxy")


async def test_a_recorded_body_leaves_as_an_attachment_that_nothing_runs(web, place):
    (record,) = place.put(make_record(response=b"<script>alert(1)</script>", path="/v1/other", type=b"text/html"))
    async with web.get(f"/calls/{record.opened.id}/response") as response:
        assert await response.read() == b"<script>alert(1)</script>"
        assert response.content_type == "text/plain"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_turn_has_no_body_and_says_whose_bytes_it_was_read_from(web, place):
    (record,) = place.put(connection("one"))
    _, whole = await get(web, f"/calls/{record.opened.id}")
    (turn,) = whole["turn_calls"]
    status, body = await get(web, f"/calls/{turn}/request")
    assert status == 404 and record.opened.id in body["detail"]
    _, shown = await get(web, f"/calls/{turn}")
    assert (shown["connection"], shown["turn"], shown["call"]["output"][0]["content"][0]["text"]) == (
        record.opened.id,
        1,
        "one!",
    )


@pytest.mark.parametrize("path", ["/sessions/none", "/traces/none", "/calls/none", "/calls/none/request", "/nowhere"])
async def test_what_is_not_there_is_404_in_a_sentence(web, path):
    status, body = await get(web, path)
    assert status == 404
    assert body["detail"]


@pytest.mark.parametrize("limit", ["0", "x", "201", "-1", ""])
async def test_an_impossible_limit_says_what_is_possible(web, limit):
    assert await get(web, f"/sessions?limit={limit}") == (422, {"detail": "limit is a number from 1 to 200."})


async def test_a_session_is_deleted(web, place):
    place.put(make_record(session="gone"))
    async with web.delete("/sessions/gone") as response:
        assert await response.json() == {"deleted": 1}
    async with web.delete("/sessions/gone") as response:
        assert response.status == 404


async def test_calls_are_read_anew_step_by_step(web, place):
    place.put(make_record())
    async with web.post("/redecode", json={"after": 0, "dry_run": True}) as response:
        assert await response.json() == {"after": None, "stale": 0, "changed": 0, "unreadable": 0, "repriced": 0}
    for wrong in ({}, {"after": "x"}, [], 7):
        async with web.post("/redecode", json=wrong) as response:
            assert (response.status, await response.json()) == (422, {"detail": "after is a number, 0 to begin with."})


async def test_a_trace_is_taken_without_its_secrets(web, place):
    body = {"trace_id": TRACE, "name": "t", "started_at": "2026-01-01T00:00:00Z", "input": "a secret"}
    async with web.post("/traces", json=body, headers={"X-Request-ID": "r1"}) as response:
        assert (response.status, response.headers["X-Request-ID"]) == (202, "r1")
        assert await response.json() == {"trace_id": TRACE, "task_id": "new-id"}
    assert place.reader().trace(TRACE).input == "a [redacted]"


async def test_what_is_no_json_is_told(web):
    async with web.post("/traces", data=b"{", headers={"Content-Type": "application/json"}) as response:
        assert (response.status, await response.json()) == (
            400,
            {"detail": "The body is not JSON; send one JSON document."},
        )
    async with web.post("/traces", data=b"{}", headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 415


async def test_a_foreign_page_can_neither_read_nor_write(web):
    status, body = await get(web, "/sessions", headers={"Origin": "https://evil.example"})
    assert (status, "evil.example" in body["detail"]) == (403, True)
    status, body = await get(web, "/sessions", headers={"Host": "evil.example"})
    assert status == 421
    own = f"http://127.0.0.1:{web.server.port}"
    assert (await get(web, "/sessions", headers={"Origin": own}))[0] == 200


async def test_a_busy_store_asks_to_come_again(place):
    async def submit(work):
        raise StoreBusy("another program holds the store; close it.")

    hosts = set()
    server = TestServer(build(make_sidecar(place, submit=submit), ROUTES, hosts))
    await server.start_server()
    hosts.add(f"127.0.0.1:{server.port}")
    async with TestClient(server) as client, client.post("/traces", json={}) as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "1")


async def test_judgements_are_kept(web, place):
    place.put(make_record(session="a"))
    judgement = {"name": "loops", "version": 1, "value": None, "label": "too short to loop"}
    one = {"session_id": "a", "content": "c", "setting": "-", "judgement": judgement, "at_ns": 5}
    async with web.post("/judgements", json={"judged": [one, one]}) as response:
        assert (response.status, await response.json()) == (200, {"kept": 1, "answers": 0})
    answer = {"asked": "q", "session_id": "a", "criterion": "c", "model": "m", "text": "yes", "at_ns": 5}
    async with web.post("/judgements", json={"judged": [], "answers": [answer]}) as response:
        assert (response.status, await response.json()) == (200, {"kept": 0, "answers": 1})
    assert place.reader().answers(["q"])["q"].text == "yes"
    async with web.post("/judgements", json={"judged": [{"session_id": "a"}]}) as response:
        assert response.status == 422


async def test_a_correction_is_made_listed_and_undone(web, place):
    place.put(make_record(session="a"), make_record(session="b"))
    async with web.post("/corrections", json={"kind": "merge", "session_id": "a", "to": "b"}) as response:
        assert (response.status, (await response.json())["moved"]) == (200, 1)
    async with web.post("/corrections", json={"kind": "merge", "session_id": "x", "to": "b"}) as response:
        assert (response.status, (await response.json())["detail"]) == (
            409,
            "there is no session x; `sessions ls` lists them.",
        )
    async with web.post("/corrections", json={"kind": "odd"}) as response:
        assert response.status == 422
    async with web.delete("/corrections/newest") as response:
        assert (await response.json())["undone_ns"]
    async with web.delete("/corrections/newest") as response:
        assert response.status == 404
    async with web.get("/corrections") as response:
        assert [item["correction"]["to"] for item in (await response.json())["items"]] == ["b"]


async def test_a_session_is_closed_opened_again_and_its_changes_are_read_on_from_a_number(web, place):
    place.put(make_record(session="a/b"), make_record(session="c"))
    async with web.post("/sessions/a%2Fb/close") as response:
        assert (response.status, (await response.json())["closing"]) == (200, True)
    place.writer.sweep(10**18)
    assert [item["session_id"] for item in (await get(web, "/sessions?state=closed"))[1]["items"]] == ["a/b"]
    status, told = await get(web, "/changes?after=0&limit=2")
    assert (status, [item["change"] for item in told["items"]], told["after"]) == (200, ["opened", "closed"], 2)
    status, told = await get(web, "/changes?after=2")
    assert [item["session_id"] for item in told["items"]] == ["c"]
    assert (await get(web, "/changes?after=3"))[1] == {"items": [], "limit": 50, "after": 3}
    assert [item["number"] for item in (await get(web, "/changes?limit=2"))[1]["items"]] == [2, 3]
    assert [item["number"] for item in (await get(web, "/changes?session_id=c"))[1]["items"]] == [3]
    async with web.post("/sessions/a%2Fb/reopen") as response:
        assert (await response.json())["state"] == "open"
    async with web.post("/sessions/none/reopen") as response:
        assert response.status == 404


async def test_a_session_that_is_not_known_yet_can_be_closed(web, place):
    async with web.post("/sessions/early/close") as response:
        assert (response.status, (await response.json())["calls"]) == (200, 0)
    place.put(make_record(session="early"))
    place.writer.sweep(10**18)
    assert [change.change for change in place.reader().changes(9)] == ["opened", "closed"]
