"""What the viewer asks of sessions."""

import pytest
from records import START_NS, make_record
from web_sidecar import get


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
