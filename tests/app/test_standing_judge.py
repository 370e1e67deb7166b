"""A judge that stands: one budget, one loop, a few sessions at a time."""

from contextlib import closing

import pytest
from pandaprobe_proxy.app.judge_endpoint import Endpoint
from pandaprobe_proxy.app.judging import Wish
from pandaprobe_proxy.app.standing_judge import AT_ONCE, StandingJudge
from pandaprobe_proxy.evaluate.judges import choose
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.judged import Choice
from records import make_record
from scripted_judge import answer_well


@pytest.fixture
def stand(place, judge):
    """A standing judge over so many sessions of the place."""
    standing = []

    def make(count, **settings):
        for number in range(count):
            place.put(make_record([{"role": "user", "content": f"this is {number:02}"}], session=f"s{number:02}"))
        place.writer.close()
        known = Settings(data_dir=place.path.parent, **settings)
        standing.append(StandingJudge(known, Wish(Choice(), choose(["goal_completion"])), Endpoint(judge.url, "m")))
        return standing[0]

    yield make
    for one in standing:
        one.close()


def look(place, standing):
    with closing(place.reader()) as reader:
        return standing.look(reader, Choice())


def test_each_look_takes_the_next_few_until_none_is_left(place, stand):
    standing = stand(AT_ONCE + 3)
    told = [look(place, standing) for _ in range(3)]
    assert [(done.judged, done.left) for done in told] == [(AT_ONCE, 3), (3, 0), (0, 0)]


def test_its_budget_is_one_for_all_looks(place, judge, stand):
    standing = stand(AT_ONCE + 3, judge_budget_tokens=12_100)
    first = look(place, standing)
    assert (first.stopped, standing.spent) == ("", False)
    second = look(place, standing)
    assert (second.stopped, standing.spent) == ("the budget is used up", True)
    assert second.tokens >= first.tokens > 10_000


def test_what_got_no_judgement_is_looked_at_again_only_when_it_is_told_to_forget(place, judge, stand):
    judge.script = lambda body: "no" if "this is 00" in str(body["messages"]) else answer_well(body)
    standing = stand(2)
    assert [len(look(place, standing).errors), len(look(place, standing).errors)] == [1, 0]
    standing.forget()
    assert len(look(place, standing).errors) == 1


def test_a_judge_that_refuses_has_spent_nothing(place, judge, stand):
    judge.script = lambda body: (401, {}, {})
    standing = stand(1)
    assert (look(place, standing).refused, standing.spent) == (True, False)
