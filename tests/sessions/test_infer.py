import pytest
from pandaprobe_proxy.model.evidence import Evidence, Key, Kind
from pandaprobe_proxy.sessions.infer import MOST_FOUND, SLACK_NS, Found, Inference, infer

NOW = 100 * SLACK_NS
CHAIN, OLDER, ID, PAIR = (
    Key(Kind.CHAIN, b"chain", 4), Key(Kind.CHAIN, b"older", 2), Key(Kind.TOOL, b"id", 4), Key(Kind.PAIR, b"pair", 4)
)  # fmt: skip
LINE, PROMPT = Key(Kind.LINE, b"line"), Key(Kind.PROMPT, b"prompt")


def found(call, session, agent=b"a", started_ns=10, ended_ns=20):
    return Found(call, f"c{call}", session, started_ns, ended_ns, agent)


def decide(*shown, agent=b"a", knows=True, **left):
    kept = {name.encode(): value for name, value in left.items()}
    return infer(Evidence(shown, agent=agent), NOW, lambda key: kept.get(key.value, ()), lambda *_: knows)


def test_what_one_call_left_is_followed():
    one = found(1, 7)
    assert decide(CHAIN, chain=[one]) == Inference(follows=one, kind=Kind.CHAIN)


def test_what_nobody_left_says_nothing():
    assert decide(CHAIN, OLDER) == Inference()


def test_of_the_calls_of_one_session_the_newest_is_followed():
    assert decide(CHAIN, chain=[found(2, 7), found(1, 7)]).follows == found(2, 7)


def test_the_newest_answer_that_is_known_decides():
    assert decide(CHAIN, OLDER, chain=[found(2, 8)], older=[found(1, 7)]).follows == found(2, 8)
    assert decide(CHAIN, OLDER, older=[found(1, 7)]).follows == found(1, 7)


def test_what_was_said_in_two_sessions_is_told_apart_by_an_older_answer():
    both = [found(3, 8), found(2, 7)]
    assert decide(CHAIN, OLDER, chain=both, older=[found(1, 7), found(0, 9)]).follows == found(2, 7)


def test_an_older_answer_of_other_sessions_tells_nothing():
    decision = decide(CHAIN, OLDER, chain=[found(3, 8), found(2, 7)], older=[found(1, 9)])
    assert (decision.follows, decision.candidates) == (None, (found(3, 8), found(2, 7)))


def test_what_was_said_in_two_sessions_is_told_apart_by_the_agent():
    assert decide(CHAIN, chain=[found(3, 8, b"b"), found(2, 7)]).follows == found(2, 7)


def test_what_cannot_be_told_apart_stays_apart_with_its_candidates():
    three = [found(4, 8), found(3, 7), found(2, 7)]
    assert decide(CHAIN, chain=three) == Inference(kind=Kind.CHAIN, candidates=(found(4, 8), found(3, 7)))


@pytest.mark.parametrize(
    ("started_ns", "ended_ns", "follows"),
    [(10, NOW + SLACK_NS, True), (10, NOW + SLACK_NS + 1, False), (NOW, NOW, False), (NOW - 1, NOW, True)],
)
def test_nobody_can_show_what_had_not_been_said(started_ns, ended_ns, follows):
    assert bool(decide(CHAIN, chain=[found(1, 7, started_ns=started_ns, ended_ns=ended_ns)]).follows) == follows


def test_of_one_answer_the_strongest_that_is_known_decides():
    assert decide(CHAIN, ID, PAIR, id=[found(1, 7)], pair=[found(2, 8)]).kind is Kind.TOOL


def test_what_everybody_says_is_passed_over_where_it_is_weak():
    many = [found(number, number) for number in range(MOST_FOUND + 1)]
    assert decide(PAIR, OLDER, pair=many, older=[found(1, 7)]).follows == found(1, 7)
    assert decide(CHAIN, chain=many).candidates == tuple(many)


def test_a_task_has_a_parent_and_is_no_part_of_it():
    assert decide(PROMPT, LINE, prompt=[found(2, 7), found(1, 7)], line=[found(3, 9)]) == Inference(parent=found(2, 7))


def test_a_task_that_two_gave_has_no_parent():
    assert decide(PROMPT, prompt=[found(2, 7), found(1, 8)]) == Inference(candidates=(found(2, 7), found(1, 8)))


def test_a_summary_goes_on_with_the_session_of_the_same_agent():
    assert decide(LINE, line=[found(2, 7)]) == Inference(follows=found(2, 7), kind=Kind.LINE)


@pytest.mark.parametrize("unknown", [{"knows": False}, {"agent": b""}])
def test_an_answer_that_somebody_else_begins_with_is_no_summary(unknown):
    assert decide(LINE, line=[found(2, 7)], **unknown) == Inference()


def test_a_result_is_followed_before_the_beginning_is_looked_at():
    assert decide(ID, PROMPT, id=[found(1, 7)], prompt=[found(2, 8)]).follows == found(1, 7)
