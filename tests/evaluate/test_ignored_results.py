from pandaprobe_proxy.evaluate.ignored_results import evaluate, is_elsewhere, read_tokens
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


OTHER = '{"order_id": "#W999", "user": "anna_berg_77", "items": [{"item_id": "55512"}], "price": 129.5}'


def look(result, answer, **arguments):
    return evaluate(talk(user("go"), asks("get_order", **arguments), gives(result), says(answer)))


def test_a_result_of_something_else_is_taken_up_only_by_an_id_that_it_alone_told():
    judged = look(OTHER, "The price of Anna's order was 129.5 at 12.", order_id="#W123")
    assert judged.value == 1
    for answer in ("Your order is on its way, Anna.", "It is the price, order W123."):
        judged = look(OTHER, answer, order_id="#W123")
        assert (judged.value, proofs(judged)) == (0.0, [3])
        assert judged.evidence[0].detail == "get_order told of something else than was asked, and nothing of it is used"


def test_what_somebody_else_told_before_the_agent_said_it_is_no_proof():
    session = talk(
        user("It is 55512."),
        used("get_order", OTHER, order_id="#W123"),
        says("So 55512."),
        user("anna_berg_77"),
        says("x"),
    )
    assert evaluate(session).value == 0
    session = talk(
        user("go"), used("get_order", OTHER, order_id="#W123"), says("So 55512."), user("55512, yes"), says("x")
    )
    assert evaluate(session).value == 1


def test_a_result_is_elsewhere_if_it_has_the_fields_of_the_arguments_and_none_of_their_values():
    assert is_elsewhere({"order_id": "#W123"}, OTHER)
    assert is_elsewhere({"item_id": "1"}, '[{"item_id": "2", "tags": ["a"]}]')
    assert is_elsewhere({"userId": "u1"}, '{"id": 5}')
    assert not is_elsewhere({"order_id": "#w999 "}, OTHER)
    assert not is_elsewhere({"order_id": "#W123", "price": 129.5}, OTHER)
    assert not is_elsewhere({"query": "x"}, OTHER)
    assert not is_elsewhere({"order_id": ""}, OTHER)
    assert not is_elsewhere({"order_id": "#W123"}, "no JSON")
    assert not is_elsewhere({"order_id": "#W123"}, "17")
    assert not is_elsewhere(None, OTHER)
