"""`sessions`: list, show, delete."""

from dataclasses import replace

from pandaprobe_proxy.model.exchange import Outcome
from pandaprobe_proxy.model.trace import Span, SpanKind, Trace, TraceStatus
from pandaprobe_proxy.pricing.own import read_prices
from pandaprobe_proxy.pricing.price import Prices
from records import START_NS, make_keeper, make_record

SPAN = "22222222-2222-4222-8222-222222222222"


def user(text):
    return {"role": "user", "content": text}


def answer(text):
    return {"role": "assistant", "content": text}


def talk(place):
    first = [user("Capital of France?")]
    place.put(
        make_record(first, "Paris.", session="trip-42"),
        make_record(
            [*first, answer("Paris."), user("And Germany?")], "Berlin.", session="trip-42", at_ns=START_NS + 10**9
        ),
    )


def test_the_list_is_a_table_and_a_document(terminal, place):
    talk(place)
    lines = terminal.out("sessions", "ls").splitlines()
    assert lines[0].split()[:5] == ["session", "state", "calls", "errors", "tokens"]
    assert lines[1].split()[:4] == ["trip-42", "open", "2", "0"]
    assert "Capital of France?" in lines[1]
    (item,) = terminal.json("sessions", "ls")["items"]
    assert (item["session_id"], item["calls"]) == ("trip-42", 2)


def test_users_and_limits_narrow_the_list(terminal, place):
    mine = {"headers": ((b"X-PandaProbe-User", b"me"),)}
    place.put(make_record(session="a", **mine), make_record(session="b", at_ns=START_NS + 1))
    assert [item["session_id"] for item in terminal.json("sessions", "ls", "--user", "me")["items"]] == ["a"]
    assert [item["session_id"] for item in terminal.json("sessions", "ls", "-n", "1")["items"]] == ["b"]


def test_an_empty_store_is_an_empty_table(terminal):
    assert terminal.out("sessions", "ls").splitlines()[0].startswith("session")
    assert terminal.json("sessions", "ls")["items"] == []


def test_a_conversation_is_shown_with_each_message_once_in_order(terminal, place):
    talk(place)
    shown = terminal.out("sessions", "show", "trip-42")
    texts = ["Capital of France?", "Paris.", "And Germany?", "Berlin."]
    assert [shown.count(text) for text in texts] == [1, 1, 1, 1]
    assert sorted(texts, key=shown.index) == texts
    assert "2 calls in 2 traces, 0 errors; session known by header, confidence 1" in shown


def test_the_same_words_again_are_said_again(terminal, place):
    history = [user("Yes."), answer("Sure?"), user("Yes.")]
    place.put(
        make_record(history[:1], "Sure?", session="trip-42"),
        make_record(history, "Done.", session="trip-42", at_ns=START_NS + 10**9),
    )
    assert terminal.out("sessions", "show", "trip-42").count("Yes.") == 2
    one, two = terminal.json("sessions", "show", "trip-42")["conversation"]
    assert [message["content"] for message in (*one["said"], *two["said"])] == ["Yes.", "Yes."]
    assert (two["after"], two["branch"]) == (one["call_id"], 1)


def test_branches_of_a_conversation_say_where_they_begin(terminal, place):
    talk(place)
    again = [user("Capital of France?"), answer("Paris."), user("And Italy?")]
    place.put(make_record(again, "Rome.", session="trip-42", at_ns=START_NS + 2 * 10**9))
    lines = terminal.out("sessions", "show", "trip-42").splitlines()
    heads = [line for line in lines if line.startswith("── call")]
    assert [head.endswith("branch 2, from call 1") for head in heads] == [False, False, True]


def test_an_id_may_be_cut_short_where_it_is_clear(terminal, place):
    place.put(make_record(session="trip-1"), make_record(session="trip-2"), make_record(session="other"))
    assert "session other" in terminal.out("sessions", "show", "oth")
    code, said = terminal.fails("sessions", "show", "trip")
    assert (code, "give more of it" in said) == (2, True)
    assert terminal.json("sessions", "show", "trip-1")["session_id"] == "trip-1"


def test_posted_traces_are_shown_as_a_tree(terminal, place):
    inner = "33333333-3333-4333-8333-333333333333"
    spans = (
        Span(SPAN, name="plan", kind=SpanKind.AGENT, started_ns=START_NS),
        Span(inner, name="look", kind=SpanKind.TOOL, parent_span_id=SPAN, started_ns=START_NS + 1, error="no net"),
    )
    trace = Trace(SPAN, name="trip", status=TraceStatus.ERROR, started_ns=START_NS, session_id="s", spans=spans)
    place.writer.put_trace(trace, START_NS)
    shown = terminal.out("sessions", "show", "s")
    assert "  AGENT plan" in shown
    assert "    TOOL look  UNSET: no net" in shown


def test_captured_text_cannot_steer_the_terminal(terminal, place):
    evil = "\x1b]0;owned\x07\x1b[31mred\x1b[0m \u202eright\x00"
    place.put(make_record([user(evil)], evil, session="s\u202e1", model="m\x1b[2J"))
    for words in (("sessions", "ls"), ("sessions", "show", "s"), ("calls", "ls"), ("search", "red")):
        shown = terminal.out(*words)
        assert not set(shown) & {"\x1b", "\x07", "\x00", "\u202e"}, words
    assert "red" in terminal.out("sessions", "show", "s")


def test_what_is_not_there_says_how_to_find_it(terminal):
    assert terminal.fails("sessions", "show", "none") == (
        3,
        "Error: there is no session 'none'; `pandaprobe-proxy sessions ls` lists them.\n",
    )


def test_deleting_asks_unless_told(terminal, place):
    talk(place)
    place.writer.close()
    code, said = terminal.fails("sessions", "delete", "trip-42")
    assert (code, "--yes" in said) == (2, True)
    tried = terminal.run("sessions", "delete", "trip-42", "--dry-run")
    assert "would delete session trip-42 with 2 calls" in tried.stderr
    assert terminal.json("sessions", "ls")["items"] != []
    deleted = terminal.json("sessions", "delete", "trip-42", "--yes")
    assert deleted == {"session_id": "trip-42", "calls": 2, "deleted": True}
    assert terminal.json("sessions", "ls")["items"] == []


def test_deleting_takes_a_whole_id(terminal, place):
    talk(place)
    assert "no session 'trip'" in terminal.fails("sessions", "delete", "trip", "--yes")[1]


def test_a_store_that_somebody_holds_is_not_deleted_from(terminal, place):
    talk(place)
    assert "already writes" in terminal.fails("sessions", "delete", "trip-42", "--yes")[1]


def test_a_session_says_what_it_cost_and_what_nobody_knows(terminal, place):
    def priced(session, at_s):
        keeper = make_keeper(pricing=Prices().price)
        return make_record(session=session, model="gpt-4o", keeper=keeper, at_ns=START_NS + at_s * 10**9)

    place.put(priced("both", 1), priced("both", 2), make_record(session="both"), make_record(session="none"))
    assert "tokens 30 in, 15 out; cost $0.00015, unknown for 1 call\n" in terminal.out("sessions", "show", "both")
    shown = terminal.out("sessions", "show", "none")
    assert "cost unknown for 1 call\n" in shown and "$" not in shown
    assert "$0.00015, unknown for 1 call" in terminal.out("sessions", "ls")
    value = terminal.json("sessions", "show", "both")
    assert (value["total_cost"], value["unpriced_calls"]) == (0.00015, 1)
    spans = [span["cost"] for trace in value["traces"] for span in trace["spans"]]
    assert spans.count(None) == 1
    assert {"input": 0.000025, "output": 0.00005, "total": 0.000075} in spans


def test_a_session_whose_model_costs_nothing_is_known_to(terminal, place):
    keeper = make_keeper(pricing=Prices(read_prices({"m": {"input": 0, "output": 0}})).price)
    place.put(make_record(session="free", keeper=keeper))
    assert "; cost $0.00\n" in terminal.out("sessions", "show", "free")


def failing_then_fine(place, **more):
    """A call that failed twice and went well at the third try, as OpenAI's client counts them."""
    messages = [user("Capital of France?")]

    def tried(number, failed):
        headers = ((b"x-stainless-retry-count", b"%d" % number),)
        at_ns = START_NS + number * 10**9
        outcome = Outcome.UPSTREAM_ERROR if failed else Outcome.OK
        record = make_record(messages, "Paris.", headers=headers, at_ns=at_ns, outcome=outcome, **more)
        return replace(record, status=503, call=replace(record.call, output=())) if failed else record

    return place.put(tried(0, True), tried(1, True), tried(2, False))


def test_tries_that_failed_are_told_of_by_the_one_that_went_well(terminal, place):
    records = failing_then_fine(place, session="trip-42")
    shown = terminal.out("sessions", "show", "trip-42")
    assert "3 calls in 3 traces, 2 errors (2 tried again until it went well)" in shown
    assert (shown.count("── call"), shown.count("Capital of France?")) == (1, 1)
    assert "after 2 failed attempts" in shown
    row = terminal.json("sessions", "show", "trip-42")
    assert (row["retries"], row["recovered_errors"], row["errors"]) == (2, 2, 2)
    assert [call["attempt"] for call in row["calls_list"]] == [0, 1, 2]
    assert {call["attempt_of"] for call in row["calls_list"][1:]} == {records[0].opened.id}


def uses(identifier, name="task", arguments="{}"):
    call = {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def test_tools_are_shown_between_the_call_that_asked_and_the_call_that_used_the_result(terminal, place):
    asked = [user("Weather?"), uses("call_1", "weather")]
    place.put(
        make_record(asked[:1], asked[1], session="trip"),
        make_record(
            [*asked, {"role": "tool", "tool_call_id": "call_1", "content": "rain"}],
            uses("call_2", "umbrella"),
            session="trip",
            at_ns=START_NS + 2 * 10**9,
        ),
    )
    shown = terminal.out("sessions", "show", "trip")
    assert "TOOL weather  call_1  asked for by call 1, used by call 2, 2.0 s between" in shown
    assert "TOOL umbrella  call_2  asked for by call 2, its result was never shown" in shown
    one, two = terminal.json("sessions", "show", "trip")["tools"]
    assert (one["kind"], one["name"], one["output"], one["latency_ms"]) == ("TOOL", "weather", "rain", 1996.0)
    assert (two["name"], two["output"], two["latency_ms"]) == ("umbrella", None, None)


def test_a_sub_agent_and_the_session_that_began_it_name_each_other(terminal, place):
    task = "Find every file that mentions refunds."
    parent, child = place.put(
        make_record([user("Go.")], uses("call_1", arguments=f'{{"prompt":"{task}"}}'), session="trip"),
        make_record([user(task)], session=None, at_ns=START_NS + 10**9),
    )
    named = f"call-{child.opened.id}"
    assert f"began session {named}  1 calls  {task}" in terminal.out("sessions", "show", "trip")
    assert f"begun by session trip, call {parent.opened.id}" in terminal.out("sessions", "show", named)
    assert terminal.json("sessions", "show", "trip")["children"] == [named]
    assert terminal.json("sessions", "show", named)["parent_session_id"] == "trip"
