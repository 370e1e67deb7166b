"""How a judge is asked: against a real socket, with a clock that passes at once."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from examined import TALK, drive, rated
from pandaprobe_proxy.app.judge_endpoint import Clock, Endpoint, JudgeFailed, JudgeRefused, Limits, read_wish
from pandaprobe_proxy.evaluate.criteria import Criterion
from scripted_judge import complete, scripted_judge

QUESTION = drive(TALK, Criterion("c", 1, "Is it good?"), lambda question: rated(1))[1][0]


class Passing:
    """A clock that passes when somebody sleeps."""

    def __init__(self):
        self.at_s = 0.0
        self.slept = []

    async def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.at_s += seconds
        await asyncio.sleep(0)

    @property
    def clock(self):
        return Clock(lambda: self.at_s, lambda: 1_700_000_000 + self.at_s, self.sleep, lambda: 1.0)


@asynccontextmanager
async def asking(script, key="", limits=Limits(), path=""):  # noqa: B008
    passing = Passing()
    with scripted_judge(script) as judge:
        async with Endpoint(judge.url + path, "judge-1", key, limits, passing.clock).open() as opened:
            opened.judge, opened.passing = judge, passing
            yield opened


def in_turn(*answers):
    """A script that gives these, one after the other, the last one again and again."""
    left = list(answers)
    return lambda body: left.pop(0) if len(left) > 1 else left[0]


FINE = (200, {}, complete("fine"))


async def test_what_is_sent_is_a_chat_completion_that_nobody_records():
    async with asking(in_turn(FINE), key="sk-1") as judge:
        reply = await judge.ask(QUESTION)
        (body,), (head,) = judge.judge.asked, judge.judge.heads
    assert (reply.text, reply.model, reply.usage.input, reply.usage.output) == ("fine", "judge-1-2026", 1000, 100)
    assert (body["model"], body["temperature"], body["seed"]) == ("judge-1", 0, 0)
    assert body["response_format"]["json_schema"]["strict"] is True
    assert (head["Authorization"], head["X-PandaProbe-Capture"]) == ("Bearer sk-1", "off")


async def test_its_wishes_for_rest_are_kept_in_seconds_or_by_date():
    busy = {"error": {"message": "busy"}}
    date = "Tue, 14 Nov 2023 22:14:00 GMT"  # 40 s after the clock's first second
    script = in_turn((429, {"Retry-After": "7"}, busy), (503, {"Retry-After": date}, busy), FINE)
    async with asking(script) as judge:
        await judge.ask(QUESTION)
        assert judge.passing.slept == [7.0, 33.0]


async def test_without_a_wish_each_try_waits_longer():
    async with asking(in_turn(*[(500, {}, b"oops")] * 4, FINE)) as judge:
        await judge.ask(QUESTION)
        assert judge.passing.slept == [1.0, 2.0, 4.0, 8.0]


async def test_after_six_tries_the_question_has_no_answer():
    async with asking(in_turn((500, {}, {"error": "broken"}))) as judge:
        with pytest.raises(JudgeFailed, match="answers 500: broken, 6 times"):
            await judge.ask(QUESTION)
        assert len(judge.judge.asked) == 6


async def test_a_wish_that_is_too_long_ends_the_run():
    async with asking(in_turn((429, {"Retry-After": "3600"}, {}))) as judge:
        with pytest.raises(JudgeRefused, match="wants 3600 s of rest; run again later"):
            await judge.ask(QUESTION)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, {"message": "no"}), (404, {"message": "no"}), (429, {"message": "no", "code": "insufficient_quota"})],
)
async def test_what_no_try_can_mend_ends_the_run(status, error):
    async with asking(in_turn((status, {}, {"error": error}))) as judge:
        with pytest.raises(JudgeRefused, match=f"the judge at 127.0.0.1 answers {status}: no; check --judge-url"):
            await judge.ask(QUESTION)
        assert len(judge.judge.asked) == 1


async def test_a_question_that_is_refused_is_not_asked_again():
    async with asking(in_turn((400, {}, {"error": {"message": "the prompt is too long"}}))) as judge:
        with pytest.raises(JudgeFailed, match="answers 400: the prompt is too long"):
            await judge.ask(QUESTION)
        assert len(judge.judge.asked) == 1


async def test_an_answer_that_is_none_says_so():
    for body in (b"<html>", b"[1]", b'{"choices": 3}'):
        async with asking(in_turn((200, {}, body))) as judge:
            if body == b'{"choices": 3}':
                assert (await judge.ask(QUESTION)).text == ""
                continue
            with pytest.raises(JudgeFailed, match="answers what is no chat completion"):
                await judge.ask(QUESTION)


async def test_a_judge_that_is_not_there_is_tried_once_more_and_ends_the_run():
    passing = Passing()
    async with Endpoint("http://127.0.0.1:9/v1", "m", clock=passing.clock).open() as judge:
        with pytest.raises(JudgeRefused, match=r"127.0.0.1 cannot be reached \(.*\); check --judge-url"):
            await judge.ask(QUESTION)
    assert len(passing.slept) == 1


async def test_one_that_has_answered_before_is_tried_again_and_again():
    async with asking(in_turn(FINE)) as judge:
        await judge.ask(QUESTION)
        judge.judge.hold_from = 1
        judge.judge.release.set()  # from now on it hangs up without a word
        with pytest.raises(JudgeFailed, match=r"cannot be reached .*6 times"):
            await judge.ask(QUESTION)
        assert len(judge.passing.slept) == 5


async def test_an_endless_answer_is_cut():
    async with asking(in_turn((200, {}, b"x" * (9 * 1024 * 1024)), FINE)) as judge:
        assert (await judge.ask(QUESTION)).text == "fine"


async def test_a_redirect_is_not_followed():
    async with asking(in_turn((307, {"Location": "http://127.0.0.1:9/"}, b""))) as judge:
        with pytest.raises(JudgeFailed, match="answers 307"):
            await judge.ask(QUESTION)


async def test_a_pace_keeps_requests_apart():
    async with asking(in_turn(FINE), limits=Limits(4, per_minute=30)) as judge:
        for _ in range(3):
            await judge.ask(QUESTION)
        assert judge.passing.slept == [2.0, 2.0]


async def test_a_whole_url_and_its_query_stay():
    async with asking(in_turn(FINE), path="/chat/completions?api-version=1") as judge:
        await judge.ask(QUESTION)
    assert len(judge.judge.asked) == 1


async def test_the_key_is_cut_out_of_what_comes_back():
    async with asking(in_turn((200, {}, complete("your key is sk-1"))), key="sk-1") as judge:
        assert (await judge.ask(QUESTION)).text == "your key is [key]"
    assert "sk-1" not in repr(Endpoint("http://x", "m", "sk-1"))


def test_wishes_are_read_as_they_are_written():
    assert read_wish({"Retry-After-Ms": "1500", "Retry-After": "9"}, 0) == 1.5
    assert read_wish({"Retry-After": "-3"}, 0) == 0
    assert (read_wish({}, 0), read_wish({"Retry-After": "soon"}, 0)) == (None, None)
