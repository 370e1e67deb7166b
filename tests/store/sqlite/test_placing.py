"""Calls without a session: where their evidence puts them."""

import json
from dataclasses import replace

import pytest
from connections import connection
from pandaprobe_proxy.model.session import Clue, Source
from pandaprobe_proxy.pricing.price import no_price
from pandaprobe_proxy.store.rereading import Rereading
from records import START_NS, make_record

S = 1_000_000_000
TASK = "Find every file that mentions refunds, and list them."
LONG = "The order was sent to the wrong address because the customer had two of them on file, and nobody had asked."
KEY = (b"Authorization", b"Bearer sk-0123456789abcdef")


def user(text):
    return {"role": "user", "content": text}


def says(text):
    return {"role": "assistant", "content": text}


def uses(identifier, **arguments):
    function = {"name": "task", "arguments": json.dumps(arguments)}
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": identifier, "type": "function", "function": function}],
    }


def call(*messages, answer="fine", at_s=0, session=None, key=KEY, **more):
    answer = answer if isinstance(answer, dict) else says(answer)
    headers = (key, *more.pop("headers", ()))
    return make_record(messages, answer, session, START_NS + at_s * S, headers=headers, **more)


def named(record):
    """The session that a call alone is in."""
    return f"call-{record.opened.id}"


def sessions(place, *records):
    reader = place.reader()
    return [reader.call(record.opened.id).row.session_id for record in records]


def row(place, record):
    return place.reader().call(record.opened.id).row


class TestTranscript:
    def test_a_conversation_is_one_session_named_after_its_first_call(self, place):
        one, two, three = place.put(
            call(user("a"), answer="b"),
            call(user("a"), says("b"), user("c"), answer="d", at_s=1),
            call(user("a"), says("b"), user("c"), says("d"), user("e"), at_s=2),
        )
        assert sessions(place, one, two, three) == [named(one)] * 3
        assert [row(place, record).follows for record in (one, two, three)] == [None, one.opened.id, two.opened.id]
        (session,) = place.reader().sessions(9)
        assert (session.calls, session.traces, session.first_input) == (3, 3, "a")

    def test_how_that_is_known_is_kept(self, place):
        one, two = place.put(call(user("a"), answer="b"), call(user("a"), says("b"), user("c"), at_s=1))
        resolution = place.reader().call(two.opened.id).resolution
        assert (resolution.source, resolution.confidence) == (Source.TRANSCRIPT, 0.9)
        assert resolution.clues == (Clue(Source.TRANSCRIPT, "transcript", one.opened.id, confidence=0.9),)

    def test_it_goes_on_in_another_life_of_the_writer(self, place):
        (one,) = place.put(call(user("a"), answer="b"))
        place.again()
        (two,) = place.put(call(user("a"), says("b"), user("c"), at_s=3600 * 24 * 9))
        assert sessions(place, two) == [named(one)]

    def test_of_another_credential_it_is_another(self, place):
        _, two = place.put(
            call(user("a"), answer="b"),
            call(user("a"), says("b"), user("c"), at_s=1, key=(b"Authorization", b"Bearer sk-another-0123456")),
        )
        assert sessions(place, two) == [named(two)]

    def test_equal_starts_stay_apart(self, place):
        records = place.put(call(user("a"), answer="b"), call(user("a"), answer="c", at_s=1))
        assert sessions(place, *records) == [named(record) for record in records]

    def test_a_fork_is_a_branch_of_the_same_session(self, place):
        one, two, three = place.put(
            call(user("a"), answer="b"),
            call(user("a"), says("b"), user("c"), answer="d", at_s=1),
            call(user("a"), says("b"), user("c"), answer="e", at_s=2),
        )
        assert sessions(place, two, three) == [named(one)] * 2
        assert row(place, two).follows == row(place, three).follows == one.opened.id

    def test_what_may_be_of_two_stays_apart_and_says_of_which(self, place):
        one, two, three = place.put(
            call(user("a"), answer="b"),
            call(user("a"), answer="b", at_s=1),
            call(user("a"), says("b"), user("c"), answer="d", at_s=9),
        )
        assert sessions(place, three) == [named(three)]
        clues = place.reader().call(three.opened.id).resolution.clues
        assert {(clue.value, clue.valid) for clue in clues} == {(one.opened.id, False), (two.opened.id, False)}
        (four,) = place.put(call(user("a"), says("b"), user("c"), says("d"), user("e"), at_s=10))
        assert sessions(place, four) == [named(three)]

    def test_an_answer_that_is_stored_later_is_awaited(self, place):
        first = call(user("a"), answer="b")
        two, three = place.put(
            call(user("a"), says("b"), user("c"), answer="d", at_s=1),
            call(user("a"), says("b"), user("c"), says("d"), user("e"), at_s=2),
        )
        assert sessions(place, two, three) == [named(two)] * 2
        place.put(first)
        assert sessions(place, first, two, three) == [named(first)] * 3
        assert row(place, two).follows == first.opened.id
        assert [session.calls for session in place.reader().sessions(9)] == [3]

    def test_an_awaited_answer_may_be_of_a_session_without_a_name_itself(self, place):
        (two,) = place.put(call(user("a"), says("b"), user("c"), at_s=1, session="mine"))
        (three,) = place.put(call(user("a"), says("b"), user("x"), says("y"), user("z"), at_s=2))
        place.put(first := call(user("a"), says("b"), user("x"), answer="y"))
        assert sessions(place, two, first, three) == ["mine", named(first), named(first)]

    @pytest.mark.parametrize("default", ["client", "everything"])
    def test_it_is_stronger_than_any_default(self, place, default):
        from pandaprobe_proxy.capture.keep import Policy
        from records import make_keeper

        keeper = make_keeper(Policy(default_session=default))
        (one,) = place.put(call(user("a"), answer="b", session="named"))
        (two,) = place.put(call(user("a"), says("b"), user("c"), at_s=1, keeper=keeper))
        assert sessions(place, one, two) == ["named", "named"]


class TestNames:
    def test_a_call_with_a_session_stays_in_it(self, place):
        _, two = place.put(
            call(user("a"), answer="b", session="one"),
            call(user("a"), says("b"), user("c"), session="two", at_s=1),
        )
        assert sessions(place, two) == ["two"]
        assert row(place, two).follows

    def test_one_that_names_its_session_takes_along_what_nobody_has_named(self, place):
        one, two, three, four = place.put(
            call(user("a"), answer="b"),
            call(user("a"), says("b"), user("c"), answer="d", at_s=1),
            call(user("a"), says("b"), user("c"), says("d"), user("e"), answer="f", session="mine", at_s=2),
            call(user("a"), says("b"), user("c"), says("d"), user("e"), says("f"), user("g"), at_s=3),
        )
        assert sessions(place, one, two, three, four) == ["mine"] * 4
        assert place.reader().call(one.opened.id).resolution.clues[-1].value == three.opened.id
        assert [session.session_id for session in place.reader().sessions(9)] == ["mine"]

    def test_but_never_what_is_of_a_posted_trace(self, place):
        trace = (b"X-PandaProbe-Trace", b"11111111-1111-4111-8111-111111111111")
        one, two = place.put(
            call(user("a"), answer="b", headers=(trace,)),
            call(user("a"), says("b"), user("c"), session="mine", at_s=1),
        )
        assert sessions(place, one, two) == [named(one), "mine"]

    def test_a_call_of_a_posted_trace_stays_with_it_and_takes_along_what_it_goes_on_from(self, place):
        trace = (b"X-PandaProbe-Trace", b"11111111-1111-4111-8111-111111111111")
        one, two = place.put(
            call(user("a"), answer="b"), call(user("a"), says("b"), user("c"), at_s=1, headers=(trace,))
        )
        assert sessions(place, one, two) == [named(two)] * 2

    def test_a_body_that_names_its_session_is_taken_at_its_word_and_all_it_says_is_kept(self, place):
        body = {"model": "m", "messages": [user("a")], "session_id": "run-12345678", "prompt_cache_key": "cache-1"}
        one, two = place.put(
            call(user("a"), answer="b", request=json.dumps(body).encode()),
            call(user("a"), says("b"), user("c"), at_s=1),
        )
        assert sessions(place, one, two) == ["run-12345678"] * 2
        resolution = place.reader().call(one.opened.id).resolution
        assert resolution.source is Source.BODY
        assert {clue.value: clue.valid for clue in resolution.clues} == {"run-12345678": True, "cache-1": False}

    def test_a_session_may_be_begun_in_another_and_a_call_by_an_agent(self, place):
        headers = (
            (b"X-PandaProbe-Parent-Session", b"outer"), (b"Helicone-Session-Path", b"/plan/step"),
            (b"X-Claude-Code-Agent-Id", b"agent-1"), (b"X-Claude-Code-Parent-Agent-Id", b"agent-0"),
        )  # fmt: skip
        (one,) = place.put(call(user("a"), session="inner", headers=headers))
        assert place.reader().session("inner").parent == "outer"
        told = row(place, one)
        assert (told.session_path, told.agent, told.parent_agent) == ("/plan/step", "agent-1", "agent-0")
        place.put(call(user("a"), session="outer", headers=headers[:1], at_s=1))
        assert place.reader().session("outer").parent is None


class TestConnections:
    def test_who_connects_again_goes_on(self, place):
        said = [user("one"), says("one!")]
        one = connection("one", "two", session=None, headers=(KEY,))
        two = connection("three", session=None, headers=(KEY,), at_s=9, before=[*said, user("two"), says("two!")])
        three = connection("other", session=None, headers=(KEY,), at_s=20, before=said)
        place.put(one, two, three)
        assert sessions(place, one, two, three) == [named(one)] * 3
        assert {call.session_id for call in place.reader().calls(99)} == {named(one)}

    def test_what_was_answered_over_it_may_be_gone_on_with_before_it_has_ended(self, place):
        asked = "Where is the order that was sent to the wrong address, and who is to blame for that?"
        one = connection(asked, session=None, headers=(KEY,))
        two = call(user(asked), says(f"{asked}!"), user("and now?"))
        two = replace(two, opened=replace(two.opened, started_ns=START_NS + 10_000_000))
        place.put(one, two)
        assert sessions(place, one, two) == [named(one)] * 2


class TestEvidence:
    def test_a_trimmed_history_is_known_by_a_tool_call(self, place):
        answer = uses("call_9f8e7d6c5b4a3f2e", q=1)
        one, two = place.put(
            call(user("a"), answer=answer),
            call(
                user("[trimmed]"),
                answer,
                {"role": "tool", "tool_call_id": "call_9f8e7d6c5b4a3f2e", "content": "4"},
                at_s=1,
            ),
        )
        assert sessions(place, two) == [named(one)]
        assert place.reader().call(two.opened.id).resolution.source is Source.EVIDENCE

    def test_a_summary_goes_on_in_the_session_of_the_same_agent(self, place):
        system = {"role": "system", "content": "Be brief."}
        one, two, three = place.put(
            call(system, user("a"), answer=LONG),
            call(system, user(f"We went on from:\n{LONG}\nGo on."), at_s=1),
            call({"role": "system", "content": "Grade it."}, user(f"Is this good?\n{LONG}"), at_s=2),
        )
        assert sessions(place, one, two, three) == [named(one), named(one), named(three)]

    def test_a_sub_agent_has_a_session_of_its_own_with_a_parent(self, place):
        one, two, three = place.put(
            call(user("a"), answer=uses("call_9f8e7d6c5b4a3f2e", prompt=TASK)),
            call(user(TASK), answer="b", at_s=1),
            call(user(TASK), says("b"), user("c"), at_s=2),
        )
        reader = place.reader()
        assert sessions(place, one, two, three) == [named(one), named(two), named(two)]
        child = reader.session(named(two))
        assert (child.parent, child.parent_call) == (named(one), one.opened.id)
        assert reader.session(named(one)).parent is None

    def test_the_parent_of_a_sub_agent_is_known_by_its_later_name(self, place):
        asks = uses("call_9f8e7d6c5b4a3f2e", prompt=TASK)
        done = {"role": "tool", "tool_call_id": "call_9f8e7d6c5b4a3f2e", "content": "4"}
        _, two, _ = place.put(
            call(user("a"), answer=asks),
            call(user(TASK), answer="b", at_s=1),
            call(user("a"), asks, done, session="mine", at_s=2),
        )
        assert place.reader().session(named(two)).parent == "mine"

    def test_a_sub_agent_that_is_named_later_keeps_its_parent(self, place):
        one, two, three = place.put(
            call(user("a"), answer=uses("toolu_01A09q90qw90lq9", prompt=TASK), session="lead"),
            call(user(TASK), answer="b", at_s=1),
            call(user(TASK), says("b"), user("c"), at_s=2, session="scout"),
        )
        assert sessions(place, two, three) == ["scout"] * 2
        scout = place.reader().session("scout")
        assert (scout.parent, scout.parent_call) == ("lead", one.opened.id)

    def test_a_task_that_two_gave_has_no_parent_and_says_whose_it_may_be(self, place):
        one, two, three = place.put(
            call(user("a"), answer=uses("call_1", prompt=TASK)),
            call(user("b"), answer=uses("call_2", prompt=TASK), at_s=1),
            call(user(TASK), at_s=2),
        )
        assert place.reader().session(named(three)).parent is None
        clues = place.reader().call(three.opened.id).resolution.clues
        assert {clue.value for clue in clues} == {one.opened.id, two.opened.id}


class TestForgetting:
    def evidence(self, place):
        import sqlite3
        from contextlib import closing

        with closing(sqlite3.connect(place.path)) as db:
            return [db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("evidence", "awaited")]

    def test_nothing_is_left_of_a_session_that_was_deleted(self, place):
        one, two = place.put(call(user("a"), answer=LONG), call(user("x"), says("unknown"), user("c"), at_s=1))
        assert all(self.evidence(place))
        place.writer.delete_session(named(one))
        place.writer.delete_session(named(two))
        assert self.evidence(place) == [0, 0]

    def test_with_metadata_only_a_conversation_is_still_one_session(self, place):
        from pandaprobe_proxy.capture.keep import Policy
        from records import make_keeper

        keeper = make_keeper(Policy(capture="metadata"))
        one, two = place.put(
            call(user("a"), answer="b", keeper=keeper),
            call(user("a"), says("b"), user("c"), at_s=1, keeper=keeper),
        )
        assert sessions(place, one, two) == [named(one)] * 2

    def test_what_was_read_anew_leaves_what_it_says_now(self, place):
        from pandaprobe_proxy.dialects.decode import decode

        (one,) = place.put(call(user("a"), answer="b"))
        before = self.evidence(place)
        place.writer._db.execute("UPDATE calls SET decoder = 0")
        assert place.writer.redecode(0, Rereading(decode, no_price)).changed == 1
        assert self.evidence(place) == before
        (two,) = place.put(call(user("a"), says("b"), user("c"), at_s=1))
        assert sessions(place, two) == [named(one)]
