"""What has come since somebody looked last."""

from records import START_NS, make_record


def test_the_first_look_only_tells_where_the_newest_is(place):
    place.put(make_record(session="s"))
    news = place.reader().news(None, (), 10)
    assert (news.place[0], news.calls, news.sessions, news.missed) == (1, (), (), False)


def test_new_calls_are_told_once(place):
    reader = place.reader()
    start = reader.news(None, (), 10).place
    (record,) = place.put(make_record(session="s"))
    news = reader.news(start, (), 10)
    assert [call.call_id for call in news.calls] == [record.opened.id]
    assert [row.session_id for row in news.sessions] == ["s"]
    assert reader.news(news.place, (), 10).calls == []


def test_a_call_that_was_running_is_told_when_it_has_ended(place):
    record = make_record(session="s")
    place.open(record.opened)
    reader = place.reader()
    start = reader.news(None, (), 10).place
    assert reader.news(start, [record.opened.id], 10).calls == []
    place.put(record)
    assert [call.outcome for call in reader.news(start, [record.opened.id], 10).calls] == ["ok"]


def test_changes_are_told_by_their_numbers(place):
    place.put(make_record(session="s"))
    reader = place.reader()
    start = reader.news(None, (), 10).place
    place.writer.close_session("s")
    while place.writer.sweep(1):
        pass
    assert [change.session_id for change in reader.news((start[0], 0), (), 10).changes][-1] == "s"


def test_who_is_far_behind_is_told_so(place):
    start = place.reader().news(None, (), 10).place
    place.put(*(make_record(session="s", at_ns=START_NS + n) for n in range(5)))
    assert place.reader().news(start, (), 3).missed
