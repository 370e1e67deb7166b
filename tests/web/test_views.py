"""What the viewer's pages ask, over a real socket, with a real store behind it."""

import json

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pandaprobe_proxy.ingest.pandaprobe import ROUTES
from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.store.judged import Judged
from pandaprobe_proxy.web.api import build
from records import START_NS, make_record
from web_sidecar import NOW_NS, make_sidecar

SECOND_NS = 1_000_000_000
SYSTEM = {"role": "system", "content": "be kind"}
ASKED = {"role": "user", "content": "How is the weather?"}
TOOL = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "12 and rain"}
KEY = ((b"Authorization", b"Bearer sk-canary-0123456789abcdef"),)


@pytest.fixture
async def web(place):
    hosts = set()
    server = TestServer(build(make_sidecar(place), ROUTES, hosts))
    await server.start_server()
    hosts.add(f"127.0.0.1:{server.port}")
    async with TestClient(server) as client:
        yield client


@pytest.fixture
def agent(place):
    """Two calls of a session: one that asks for a tool, one that answers with its result."""
    first = make_record([SYSTEM, ASKED], TOOL, session="s", headers=KEY)
    second = make_record(
        [SYSTEM, ASKED, TOOL, RESULT], "Take an umbrella.", session="s", at_ns=START_NS + SECOND_NS, headers=KEY
    )
    place.put(first)
    place.put(second)
    place.writer.put_judged([Judged("s", "x", "", Judgement("risk", 1, 0.5, "middling"), START_NS)])
    return [first.opened.id, second.opened.id]


async def get(web, path, status=200, **params):
    async with web.get(path, params=params) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def text(web, path, **params):
    async with web.get(path, params=params) as response:
        assert (response.status, response.content_type) == (200, "text/plain")
        return await response.text()


async def test_sessions_come_in_pages_by_a_filter(web, place):
    place.put(*(make_record(session=f"s-{n}", at_ns=START_NS + n) for n in range(3)))
    page = await get(web, "/sessions", limit="2", where="session:s-*")
    assert [item["session_id"] for item in page["items"]] == ["s-2", "s-1"]
    rest = await get(web, "/sessions", limit="2", where="session:s-*", cursor=page["next"])
    assert ([item["session_id"] for item in rest["items"]], rest["next"]) == (["s-0"], None)
    said = await get(web, "/sessions", 422, where="foo:1")
    assert "there is no 'foo'" in said["detail"]
    for wrong in ({"sort": "odd"}, {"cursor": "x"}, {"cursor": "WzEsMl0x"}, {"limit": "0"}):
        await get(web, "/sessions", 422, **wrong)


async def test_one_session_has_its_course_conversation_tree_tools_and_scores(web, agent):
    assert "traces" not in await get(web, "/sessions/s", traces="0")
    course = await get(web, "/sessions/s/waterfall")
    assert (course["columns"]["call_id"], course["models"]) == (agent, ["m"])
    talk = await get(web, "/sessions/s/conversation", limit="1")
    assert (len(talk["items"]), talk["next"], talk["previous"]) == (1, agent[1], None)
    rest = await get(web, "/sessions/s/conversation", cursor=talk["next"])
    assert [message["content"] for message in rest["items"][0]["said"]] == ["12 and rain"]
    tree = await get(web, "/sessions/s/tree")
    assert (tree["left_off"], [node["name"] for node in tree["children"]]) == (0, agent)
    assert tree["children"][0]["children"][0]["tool"]["output"] == "12 and rain"
    tools = await get(web, "/sessions/s/tools")
    assert [use["used_by"] for use in tools["items"]] == [agent[1]]
    scores = await get(web, "/sessions/s/scores")
    assert ([one["name"] for one in scores["items"]], scores["given"]) == (["risk"], [])
    assert await get(web, "/sessions/s/neighbours") == {"previous": None, "next": None}
    assert (await get(web, "/sessions/s/changes"))["items"] == []


@pytest.mark.parametrize("path", ["", "/waterfall", "/tree", "/export.html"])
async def test_a_session_that_is_not_there_is_said_to_be_so(web, path):
    assert "no session" in (await get(web, f"/sessions/none{path}", 404))["detail"]


async def test_one_call_has_its_pieces_bytes_and_neighbours(web, agent):
    first, second = agent
    assert await get(web, f"/calls/{second}/neighbours") == {"previous": first, "next": None}
    assert (await get(web, f"/calls/{second}/chunks"))["at_ms"] == [3.0]
    assert (await text(web, f"/calls/{second}/request", offset="2", length="5")) == "model"
    await get(web, f"/calls/{second}/request", 422, offset="x")
    page = await get(web, "/calls", session_id="s", where="status:ok")
    assert [call["call_id"] for call in page["items"]] == agent
    assert [hit["role"] for hit in (await get(web, "/search", q="umbrella"))["items"]] == ["assistant"]


async def test_what_a_call_changed_is_told(web, agent):
    found = await get(web, f"/calls/{agent[1]}/diff")
    assert (found["previous"], found["why"]) == (agent[0], "follows")
    assert [(change["op"], change["role"]) for change in found["messages"]] == [
        ("same", "system"),
        ("same", "user"),
        ("added", "assistant"),
        ("added", "tool"),
    ]
    assert found["cache"]["broken_at"] is None
    alone = await get(web, f"/calls/{agent[0]}/diff")
    assert (alone["previous"], alone["messages"]) == (None, [])
    await get(web, "/calls/none/diff", 404)


async def test_without_a_link_a_call_is_compared_with_the_one_before(web, place):
    place.put(make_record([ASKED], session="s"))
    (later,) = place.put(make_record([SYSTEM], session="s", at_ns=START_NS + SECOND_NS))
    assert (await get(web, f"/calls/{later.opened.id}/diff"))["why"] == "same session, before"


async def test_a_call_can_be_taken_along_without_its_key(web, agent):
    curl = await text(web, f"/calls/{agent[1]}/as/curl")
    assert curl.startswith("curl https://api") and '"Authorization: Bearer $OPENAI_API_KEY"' in curl
    python = await text(web, f"/calls/{agent[1]}/as/python")
    compile(python, "call.py", "exec")
    assert 'os.environ["OPENAI_API_KEY"]' in python
    assert json.loads(await text(web, f"/calls/{agent[1]}/as/json"))["call_id"] == agent[1]
    assert "curl, python, json" in (await get(web, f"/calls/{agent[1]}/as/odd", 404))["detail"]
    for told in (curl, python):
        assert "sk-canary" not in told


async def test_everything_is_added_up(web, agent):
    told = await get(web, "/overview")
    assert (told["totals"]["calls"], told["bucket"]) == (2, "day")
    assert (await get(web, "/overview", since="2h", where="session:none"))["totals"]["calls"] == 0
    await get(web, "/overview", 422, since="odd")
    await get(web, "/overview", 422, since="2020-01-01")
    await get(web, "/overview", 422, since="1h", until="2h")
    (judging,) = (await get(web, "/evaluations"))["evaluators"]
    assert (judging["name"], judging["mean"]) == ("risk", 0.5)


async def test_two_kinds_of_sessions_are_compared_by_task(web, place):
    for kind, value in (("old", 0.0), ("new", 1.0)):
        for task in range(6):
            name = f"{kind}-{task}"
            place.put(make_record(session=name, headers=((b"X-PandaProbe-Tags", kind.encode()),)))
            content = dict(place.reader().contents(_choice()))[name]
            counts = {"task_id": f"t{task}"}
            told = (Judgement("replicate_agreement", 1, None, "", counts), Judgement("risk", 1, value, ""))
            place.writer.put_judged([Judged(name, content, "", one, NOW_NS) for one in told])
    (found,) = (await get(web, "/evaluations/compare", a="tag:old", b="tag:new"))["items"]
    assert (found["name"], found["tasks"], found["before"], found["after"]) == ("risk", 6, 0.0, 1.0)
    for wrong in ({"a": "tag:old"}, {"a": "x", "b": "tag:new"}, {"a": "-tag:a", "b": "tag:b"}, {"a": "odd:1", "b": ""}):
        await get(web, "/evaluations/compare", 422, **wrong)


def _choice():
    from pandaprobe_proxy.store.judged import Choice

    return Choice()


async def test_a_session_is_exported_as_one_file_in_which_no_text_is_markup(web, place):
    evil = "</script><script>alert(1)</script>"
    place.put(make_record([{"role": "user", "content": evil}], session="a'b"))
    async with web.get("/sessions/a'b/export.html") as response:
        page = await response.text()
        assert (response.status, response.content_type) == (200, "text/html")
        assert "attachment" in response.headers["Content-Disposition"]
    assert evil not in page and "\\u003c/script>" in page
    assert page.count("<script") == 4 and 'src="/' not in page and "http-equiv" in page
