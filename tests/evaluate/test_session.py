from pandaprobe_proxy.evaluate.session import MOST_QUOTED, Step, name_tool
from pandaprobe_proxy.model.call import Call, CallError
from talks import asks, define, gives, says, talk, used, user


def test_a_line_is_quoted_with_its_place_and_cut_short():
    session = talk(user("hi"), says("x" * 500))
    quote = session.lines[1].quote("because")
    assert (quote.trace_id, quote.call_id, quote.message, quote.detail) == ("t1", "k1", 2, "because")
    assert len(quote.text) == MOST_QUOTED
    assert session.lines[1].quote(passage="y").text == "y"


def test_a_use_knows_how_it_went_and_is_quoted_as_it_was_called():
    session = talk(user("hi"), used("get", "fine", id=1), used("get", "Error: no", id=2), asks("get", id=3))
    good, bad, open_ = session.uses
    assert (good.succeeded, bad.succeeded, open_.succeeded) == (True, False, False)
    assert good.quote("d").text == 'get({"id": 1})'
    assert session.results == [good, bad]


def test_what_the_users_program_says_in_their_name_is_not_asked():
    session = talk(user("go"), says("<execute>1/0</execute>"), user("Observation: Error"), says("no"))
    assert [line.text for line in session.asked] == ["go"]
    assert [line.text for line in session.answers] == ["<execute>1/0</execute>", "no"]


def test_a_step_is_quoted_by_its_answer_or_by_its_error():
    session = talk(user("hi"), says("yes"))
    assert session.steps[0].quote("d").text == "yes"
    assert session.steps[0].took_ns == 10**9
    failed = Step("t", "k", 1, None, Call("d", 1, "chat", error=CallError("overloaded")), 1)
    assert (failed.quote("d").message, failed.quote("d").text, failed.took_ns) == (0, "overloaded", None)
    assert Step("t", "k", 1, None, Call("d", 1, "chat"), 1).quote("d").text == ""


def test_tools_are_known_by_the_definitions_of_every_dialect():
    session = talk(user("hi"), asks("get"), gives("x"), says("yes"), tools=[define("get"), {"name": "put"}, "odd"])
    assert set(session.tools) == {"get", "put"}
    assert name_tool({"toolSpec": {"name": "converse"}}) == "converse"
    assert name_tool({"function": "odd"}) == name_tool({"name": 1}) == ""


def test_what_several_want_to_know_is_asked_once():
    session, asked = talk(user("hi"), says("yes")), []

    def ask(of):
        asked.append(of)
        return len(of.lines)

    assert (session.once(ask), session.once(ask), len(asked)) == (2, 2, 1)
