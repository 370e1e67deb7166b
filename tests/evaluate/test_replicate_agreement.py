import pytest
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.replicate_agreement import judge
from pandaprobe_proxy.evaluate.traits import read_traits
from talks import asks, define, says, talk, used, user

LONG = "the order was found in the second shop on the left and it will be sent by the end of this week for sure"


def traits(name, *messages, task="x", **more):
    return read_traits(talk(user("go"), *messages, session_id=name, task_id=task, **more))


def agree(*some, most=None):
    return judge(some[0], Peers(some), most)


def did(name, *orders):
    return traits(name, *(used("cancel_order", "ok", id=order) for order in orders), says(f"done {name}"))


def test_sessions_that_did_the_same_agree():
    judged = agree(did("1", "a", "b"), did("2", "b", "a"))
    assert (judged.value, judged.label) == (1.0, "agrees with 1 of 1 peers")
    assert judged.counts == {
        "peers": 1, "known_by": "task", "compared": "writes", "task_id": "x",
        "consensus": 1.0, "agreeing": 1,
    }  # fmt: skip


def test_one_deed_more_is_half_the_share_of_those_that_both_did():
    assert agree(did("1", "a", "b"), did("2", "a")).value == pytest.approx(0.9 * 0.25 + 0.1 * 0.5)
    assert agree(did("1", "a"), did("2", "b")).value == 0


def test_to_change_nothing_is_a_deed_too():
    assert agree(did("1"), did("2"), did("3", "a")).value == 0.5


def test_how_the_same_changes_came_about_counts_little():
    one, other = (
        traits(
            name, *(used("get_order", "x", id=order) for order in looked), used("cancel_order", "ok", id=1), says("ok")
        )
        for name, looked in (("1", "a"), ("2", "ab"))
    )
    assert agree(one, other).value == pytest.approx(0.9 + 0.1 * 2 / 3)


def test_where_nothing_can_be_changed_the_answers_are_compared():
    judged = agree(traits("1", says("42.")), traits("2", says("42")), traits("3", says("43")), traits("4"))
    assert (round(judged.value, 4), judged.counts["compared"]) == (0.3333, "answers")
    assert agree(traits("1", says(LONG)), traits("2", says(f"{LONG} indeed"))).value > 0.8


def test_without_answers_all_uses_are():
    some = [traits(name, used("get_order", "x", id=1), asks("get_order", id=2)) for name in ("1", "2")]
    assert (agree(*some).value, agree(*some).counts["compared"]) == (1.0, "uses")


def test_without_peers_or_deeds_there_is_nothing_to_say():
    assert agree(did("1")).label == "no peers"
    assert "task_id" not in agree(traits("1", task=None)).counts
    assert agree(traits("1"), traits("2")).label == "nothing to compare"
    assert agree(traits("1", tools=[define("cancel_order")]), traits("2")).value is None


def test_only_so_many_peers_are_asked():
    assert agree(did("1", "a"), did("2", "a"), did("3", "b"), most=1).value == 1.0
    assert agree(did("1", "a"), did("2", "a"), did("3", "b")).counts["consensus"] == 0
