from pandaprobe_proxy.evaluate.ignored_results import evaluate, read_tokens
from talks import asks, gives, proofs, says, talk, used, user

ORDER = '{"id": "W123", "item": "keyboard", "price": 129.50, "owner": "Yusuf"}'


def judge(result, answer, name="get_order", **arguments):
    return evaluate(talk(user("go"), asks(name, **arguments), gives(result), says(answer)))


def test_a_result_that_nothing_takes_up_is_ignored_and_cited():
    judged = judge(ORDER, "Anything else?")
    assert (judged.value, judged.label, proofs(judged)) == (0.0, "1 of 1 results ignored", [3])


def test_an_id_a_number_a_name_or_a_new_word_takes_it_up():
    for answer in ("It is w123.", "It was 129.50.", "Ask Yusuf.", "The keyboard is here."):
        assert judge(ORDER, answer).value == 1


def test_names_of_fields_and_words_the_agent_had_before_prove_nothing():
    assert judge('{"price": 1000, "owner": "Anna Berg"}', "What is the price, owner?").value == 0
    session = talk(
        user("go"), says("Which keyboard?"), user("x"), used("get", '"keyboard" "Anna" "W99"'), says("A keyboard.")
    )
    assert evaluate(session).value == 0


def test_later_arguments_take_it_up_too():
    session = talk(user("go"), used("get_user", ORDER), asks("get_order", id="W123"))
    assert evaluate(session).value == 1


def test_a_change_only_has_to_be_confirmed():
    assert judge(ORDER, "Done with W123.", name="update_order", id="W123").value == 1
    assert judge(ORDER, "Done with W123.", name="get_order", id="W123").value == 0


def test_errors_short_results_and_the_last_are_not_judged():
    assert judge("Error: W123 and W124 and W125", "no").value is None
    assert judge("ok", "fine").value is None
    assert evaluate(talk(user("go"), asks("get"), gives(ORDER))).value is None


def test_what_counts_as_telling():
    telling, plain = read_tokens("W1 12 1234 Anna an keyboard USA a_b@c.de")
    assert telling == {"w1", "1234", "anna", "usa"}
    assert plain == {"keyboard", "a_b@c.de"}
