import pytest
from pandaprobe_proxy.evaluate.tool_errors import evaluate, tells_error
from pandaprobe_proxy.model.call import Message
from talks import gives, proofs, says, talk, used, user


def fails(text, role="tool", **extra):
    return tells_error(Message(role, text, extra=extra), text)


@pytest.mark.parametrize(
    "text",
    [
        "Error: Order not found",
        "error executing query: 1054 (42S22)",
        "[ERROR] no such table",
        "ValueError: bad",
        "requests.exceptions.HTTPError: 404",
        "An error occurred while searching",
        "Failed to open the file",
        "HTTP 503 Service Unavailable",
        "Traceback (most recent call last):\n  File",
        "some output\nTraceback (most recent call last):\n  File\nKeyError: 'x'",
        "bash: foo: command not found",
        "cat: x: No such file or directory",
        "ran 3 tests\nexit code: 1",
        "Request timed out",
        '{"error": "no such id"}',
        '{"success": false}',
        '{"ok": false, "data": 1}',
        '{"isError": true}',
        '{"status": "failed"}',
        '{"exit_code": 2, "stdout": ""}',
    ],
)
def test_results_that_say_that_the_tool_failed(text):
    assert fails(text)


@pytest.mark.parametrize(
    "text",
    [
        "Order found",
        "Error rate: 0.1 %",
        "error handling in Python",
        "[]",
        "",
        "No errors were found.",
        '{"error": null, "status": "ok"}',
        '{"error": "none"}',
        '{"exit_code": 0}',
        '{"status": 1}',
        "{not json",
        "a page of " + "words " * 100 + "\nKeyError: in the middle\n" + "words " * 200,
    ],
)
def test_results_that_do_not(text):
    assert not fails(text)


@pytest.mark.parametrize("extra", [{"is_error": True}, {"isError": True}, {"status": "error"}])
def test_the_wire_may_say_it(extra):
    assert fails("all is well", **extra)
    assert not fails("all is well", status="success", is_error=False)


def test_an_observation_in_the_users_name_is_read_without_its_head():
    assert fails("Observation:\nNameError: x is not defined", role="user")
    assert fails("Observation:\n---------------------------\nNameError   Traceback", role="user")
    assert not fails("Observation:\n3", role="user")


def test_errors_are_counted_and_cited():
    session = talk(user("go"), used("get", "fine"), used("get", "Error: no"), says("done"))
    judged = evaluate(session)
    assert (judged.value, judged.label) == (0.5, "1 of 2 results are errors")
    assert judged.counts == {"results": 2, "errors": 1, "ends_on_error": 1}
    assert proofs(judged) == [5]
    assert judged.evidence[0].text == "Error: no"


def test_without_results_there_is_nothing_to_say():
    assert evaluate(talk(user("hi"), says("yes"))).value is None


def test_a_clean_session_is_good():
    assert evaluate(talk(user("go"), used("get", "fine"), gives("lost"), says("done"))).value == 1
