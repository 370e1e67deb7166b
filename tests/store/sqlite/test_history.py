"""What the provider held of before, read from our own calls."""

import json

import held
import pytest
from held import asking, fetching, stream
from pandaprobe_proxy.capture.keep import Policy
from pandaprobe_proxy.dialects import registry
from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.store.sqlite import history
from records import START_NS, make_keeper, make_record


@pytest.fixture(autouse=True)
def _held(monkeypatch):
    monkeypatch.setattr(registry, "DIALECTS", (held.HELD, *registry.DIALECTS))


def texts(messages):
    return [message.text for message in messages]


def read(place, record):
    return place.reader().call(record.opened.id)


def chain(place, count, **more):
    records = [
        asking(f"q{i}", answer=f"a{i}", id=f"r{i}", at_s=i, **({"previous": f"r{i - 1}"} if i else {}), **more)
        for i in range(count)
    ]
    return place.put(*records)


def test_a_call_has_the_whole_chain_before_it(place):
    stored = read(place, chain(place, 4)[-1])
    assert texts(stored.history) == ["q0", "a0", "q1", "a1", "q2", "a2"]
    assert (texts(stored.call.input), stored.history_broken) == (["q3"], False)


def test_a_response_that_was_never_seen_breaks_the_chain(place):
    first, second = place.put(
        asking("q1", id="r1", answer="a1", previous="r-unseen"), asking("q2", id="r2", at_s=1, previous="r1")
    )
    assert (read(place, first).history, read(place, first).history_broken) == ((), True)
    assert (texts(read(place, second).history), read(place, second).history_broken) == (["q1", "a1"], True)


def test_a_response_of_another_credential_is_not_ours(place):
    _, other = place.put(
        asking("secret", id="r1", key="key-of-one-person"), asking("q", id="r2", previous="r1", at_s=1)
    )
    assert (read(place, other).history, read(place, other).history_broken) == ((), True)


def test_a_circle_ends(place):
    one, _ = place.put(asking("q1", id="r1", previous="r2"), asking("q2", id="r2", previous="r1", at_s=1))
    assert read(place, one).history_broken


def test_a_chain_is_followed_so_far_and_no_further(place, monkeypatch):
    monkeypatch.setattr(history, "MOST_LINKS", 2)
    stored = read(place, chain(place, 4)[-1])
    assert (texts(stored.history), stored.history_broken) == (["q1", "a1", "q2", "a2"], True)


def test_a_system_prompt_that_is_stated_again_is_not_told_twice(place):
    stored = read(place, chain(place, 3, system="be brief")[-1])
    assert texts(stored.history) == ["q0", "a0", "q1", "a1"]


def test_messages_that_were_not_kept_break_it(place):
    keeper = make_keeper(Policy(capture="metadata"))
    _, last = place.put(asking("q0", id="r0", keeper=keeper), asking("q1", id="r1", previous="r0", at_s=1))
    assert (read(place, last).history, read(place, last).history_broken) == ((), True)


def test_a_conversation_has_its_earlier_calls(place):
    said = {"conversation": "c1"}
    place.put(
        asking("q0", answer="a0", id="r0", **said),
        asking("other", id="r8", conversation="c2"),
        asking("another's", id="r9", key="key-of-one-person", **said),
    )
    place.put(fetching("r0", "a0", at_s=1))
    (last,) = place.put(asking("q1", id="r1", at_s=2, **said))
    stored = read(place, last)
    assert (texts(stored.history), stored.history_broken) == (["q0", "a0"], False)


CONVERSATION = {"id": "c1", "object": "conversation"}


def changing(path, body, at_s=0, response=CONVERSATION, **more):
    """The Record of a change of what the provider holds."""
    return make_record(
        (),
        path=path,
        request=json.dumps(body).encode() if body else b"",
        response=json.dumps(response).encode(),
        **more,
        at_ns=START_NS + at_s * 1_000_000_000,
        headers=((b"Authorization", b"Bearer key-of-somebody"),),
    )


def test_what_was_put_into_a_conversation_is_part_of_it(place):
    items = [{"type": "message", "role": "user", "content": text} for text in ("I am Ada.", "I like maps.")]
    place.put(
        changing("/v1/conversations", {"items": items[:1]}),
        changing("/v1/conversations/c1/items", {"items": items[1:]}, at_s=1),
        changing("/v1/conversations/c1", {"metadata": {"topic": "maps"}}, at_s=2),
    )
    (last,) = place.put(asking("q1", id="r1", at_s=3, conversation="c1"))
    stored = read(place, last)
    assert (texts(stored.history), stored.history_broken) == (["I am Ada.", "I like maps."], False)


def test_what_was_deleted_from_a_conversation_is_no_part_of_it(place):
    items = [{"type": "message", "role": "user", "content": text} for text in ("I am Ada.", "I like maps.")]
    added = {"object": "list", "data": [item | {"id": f"msg_{at}"} for at, item in enumerate(items)]}
    place.put(changing("/v1/conversations/c1/items", {"items": items}, response=added))
    place.put(asking("q0", answer="a0", id="r0", at_s=1, conversation="c1"))
    before = read(place, *place.put(asking("q1", id="r1", at_s=2, conversation="c1")))
    place.put(
        changing("/v1/conversations/c1/items/msg_0", None, at_s=3, method="DELETE"),
        changing(
            "/v1/conversations/c2/items/msg_1",
            None,
            at_s=3,
            method="DELETE",
            response={"id": "c2", "object": "conversation"},
        ),
        changing("/v1/conversations/c1/items/msg_1", None, at_s=3, method="DELETE", status=404),
    )
    after = read(place, *place.put(asking("q2", id="r2", at_s=4, conversation="c1")))
    assert texts(before.history) == ["I am Ada.", "I like maps.", "q0", "a0"]
    assert texts(after.history)[:3] == ["I like maps.", "q0", "a0"]


def test_each_call_is_decoded_once_for_a_whole_session(place, monkeypatch):
    chain(place, 30)
    decoded = []
    real = history.decode
    monkeypatch.setattr(history, "decode", lambda exchange: decoded.append(exchange.id) or real(exchange))
    told = place.reader().conversation("s-1", 100)
    assert (len(told), len(decoded)) == (30, 30)
    assert len(told[-1].history) == 58


def test_an_answer_that_comes_later_is_shown_with_the_call_that_asked(place):
    asked, *polls = place.put(
        asking("q", id="r1", status="queued"),
        fetching("r1", status="queued", at_s=1),
        fetching("r1", "the answer", at_s=2),
    )
    stored = read(place, asked)
    assert (texts(stored.call.output), stored.call.pending, stored.call.usage.output) == (["the answer"], False, 10)
    assert stored.retrievals == tuple(poll.opened.id for poll in polls)
    (follow,) = place.put(asking("next", id="r2", previous="r1", at_s=3))
    assert texts(read(place, follow).history) == ["q", "the answer"]


def test_a_stream_that_broke_is_put_together_with_those_that_went_on(place):
    asked, *_ = place.put(
        asking("q", stream=stream(0, ["The ", "cap"]), outcome=Outcome.CLIENT_DISCONNECTED),
        fetching(stream=stream(1, ["cap", "ital "]), outcome=Outcome.CLIENT_DISCONNECTED, at_s=1),
        fetching(stream=stream(3, ["is Paris"], done=True), at_s=2),
    )
    stored = read(place, asked)
    assert texts(stored.call.output) == ["The capital is Paris"]
    assert (stored.call.partial, stored.row.outcome, stored.row.partial) == (False, "ok", False)
    assert stored.call.marks.last_byte == 2_003_000_000
    assert b"".join(read(place, asked).response.data.split()) == b"".join(stream(0, ["The ", "cap"]).split())


def test_an_answer_that_is_not_there_yet_is_shown_as_far_as_it_came(place):
    asked, *_ = place.put(
        asking("q", stream=stream(0, ["The "]), outcome=Outcome.CLIENT_DISCONNECTED),
        fetching(stream=stream(1, ["capital"]), outcome=Outcome.CLIENT_DISCONNECTED, at_s=1),
    )
    stored = read(place, asked)
    assert (texts(stored.call.output), stored.call.partial) == (["The capital"], True)
    assert (stored.row.outcome, stored.row.partial) == ("client_disconnected", True)
