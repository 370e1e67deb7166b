from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.risk import find_flags, judge
from pandaprobe_proxy.evaluate.traits import read_traits
from talks import asks, says, talk, used, user


def judged(session, others=()):
    traits = read_traits(session)
    return judge(session, traits, Peers([traits, *map(read_traits, others)]))


def test_a_plain_session_alone_is_in_the_middle_of_nothing():
    found = judged(talk(user("hi"), says("hello")))
    assert (found.value, found.label) == (0.75, "low risk")
    assert found.counts == {"risk": 0.25, "flags": [], "volume_rank": 0.5, "alone": 0.25}


def test_signs_of_failure_raise_it_and_are_cited():
    found = judged(talk(user("hi"), used("get", "Error: a"), used("get", "Error: b"), asks("get")))
    assert found.counts["flags"] == [
        "ends on an error", "error not made good", "errors in a row", "same call after its own error", "unfinished end",
    ]  # fmt: skip
    assert found.value == 0.25
    assert found.label.startswith("high risk: ")
    assert found.evidence


def test_every_sign_is_known():
    cut, _ = find_flags(talk(user("hi"), says("half", finish="length")))
    assert cut == {"truncated"}


def test_volume_counts_among_sessions_of_the_same_model():
    others = [talk(user(f"hi {n}"), says("x" * n), session_id=str(n)) for n in range(1, 12)]
    big = judged(talk(user("hello"), says("x" * 900), user("b"), says("c" * 900)), others)
    assert big.counts["volume_rank"] > 0.9
    assert big.label == "middle risk"


def test_what_others_did_counts_as_much_as_all_the_rest():
    one = talk(user("go"), used("cancel_order", "ok", id=1), says("a"), session_id="1", task_id="x")
    other = talk(user("go"), used("cancel_order", "ok", id=2), says("a"), session_id="2", task_id="x")
    assert judged(one, [other]).counts["risk"] == 0.625


def test_without_a_call_there_is_nothing_to_say():
    assert judged(talk(user("hi"))).value is None
