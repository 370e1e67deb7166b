"""What the viewer asks of calls."""

import json

from records import START_NS, make_record
from web_sidecar import SECOND_NS, WEATHER, get, get_text


async def test_one_call_has_its_pieces_bytes_and_neighbours(web, agent):
    first, second = agent
    assert await get(web, f"/calls/{second}/neighbours") == {"previous": first, "next": None}
    assert (await get(web, f"/calls/{second}/chunks"))["at_ms"] == [3.0]
    assert (await get_text(web, f"/calls/{second}/request", offset="2", length="5")) == "model"
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
    place.put(make_record(WEATHER[1:2], session="s"))
    (later,) = place.put(make_record(WEATHER[:1], session="s", at_ns=START_NS + SECOND_NS))
    assert (await get(web, f"/calls/{later.opened.id}/diff"))["why"] == "same session, before"


async def test_a_call_can_be_taken_along_without_its_key(web, agent):
    curl = await get_text(web, f"/calls/{agent[1]}/as/curl")
    assert curl.startswith("curl https://api") and '"Authorization: Bearer $OPENAI_API_KEY"' in curl
    python = await get_text(web, f"/calls/{agent[1]}/as/python")
    compile(python, "call.py", "exec")
    assert 'os.environ["OPENAI_API_KEY"]' in python
    assert json.loads(await get_text(web, f"/calls/{agent[1]}/as/json"))["call_id"] == agent[1]
    assert "curl, python, json" in (await get(web, f"/calls/{agent[1]}/as/odd", 404))["detail"]
    for told in (curl, python):
        assert "sk-canary" not in told
