from pandaprobe_proxy.evaluate.grounding import MOST_VALUES, evaluate
from talks import asks, proofs, says, system, talk, used, user


def test_an_id_that_nobody_said_is_cited():
    judged = evaluate(talk(user("order #W123"), used("get", "fine", id="#W123"), asks("get", id="W999")))
    assert (judged.value, judged.label) == (0.5, "1 of 2 ids and numbers come from nowhere")
    assert (judged.counts["ids"], judged.counts["ungrounded_ids"], proofs(judged)) == (2, 1, [4])
    assert judged.evidence[0].text == "W999"


def test_ids_may_come_from_the_system_a_tool_or_in_parts():
    session = talk(
        system("use box-17"), user("my card ends in 4421 at visa"),
        used("get", '{"id": "A77"}', box="box-17"), asks("put", ids=[{"a": "A77"}, "visa_4421"]),
    )  # fmt: skip
    assert evaluate(session).value == 1


def test_dates_words_and_numbers_in_arguments_are_no_ids():
    session = talk(user("go"), asks("get", date="2024-05-20", at="10:30", person="Anna", n=12345, text="room 17 b1"))
    assert evaluate(session).value is None
    assert evaluate(talk(user("go"), asks("get", "{bad"))).value is None


def test_many_values_are_looked_at_up_to_a_bound():
    session = talk(user("go"), asks("get", ids=[f"A{number:04}" for number in range(2 * MOST_VALUES)]))
    assert evaluate(session).counts["ids"] <= MOST_VALUES


def test_a_number_that_follows_from_nothing_is_cited():
    judged = evaluate(talk(user("go"), used("get", '{"price": 152, "fee": 30.5}'), says("$182.50 in all, or $777.77.")))
    assert (judged.counts["numbers"], judged.counts["ungrounded_numbers"], proofs(judged)) == (2, 1, [4])
    assert judged.evidence[0].text == "$777.77"


def test_what_the_agent_has_said_is_not_reported_again():
    session = talk(user("go"), says("It costs $777.77."), user("sure?"), says("Yes, $777.77."))
    assert evaluate(session).counts["ungrounded_numbers"] == 1


def test_what_was_only_shown_is_not_judged():
    assert evaluate(talk(user("go"))).value is None
