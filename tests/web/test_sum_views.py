"""What the viewer asks of everything together."""

from pandaprobe_proxy.model.score import Judgement
from pandaprobe_proxy.store.judged import Choice, Judged
from records import make_record
from web_sidecar import NOW_NS, get


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
            content = dict(place.reader().contents(Choice()))[name]
            counts = {"task_id": f"t{task}"}
            told = (Judgement("replicate_agreement", 1, None, "", counts), Judgement("risk", 1, value, ""))
            place.writer.put_judged([Judged(name, content, "", one, NOW_NS) for one in told])
    (found,) = (await get(web, "/evaluations/compare", a="tag:old", b="tag:new"))["items"]
    assert (found["name"], found["tasks"], found["before"], found["after"]) == ("risk", 6, 0.0, 1.0)
    for wrong in ({"a": "tag:old"}, {"a": "odd:1", "b": "tag:new"}):
        await get(web, "/evaluations/compare", 422, **wrong)
