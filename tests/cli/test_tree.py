"""`sessions tree`."""

from records import START_NS, make_record

TASK = "Find every file that mentions refunds."


def user(text):
    return {"role": "user", "content": text}


def uses(*calls):
    made = [
        {"id": identifier, "type": "function", "function": {"name": name, "arguments": arguments}}
        for identifier, name, arguments in calls
    ]
    return {"role": "assistant", "content": None, "tool_calls": made}


def agent_run(place):
    """A lead that searches and has a sub-agent do something, which answers."""
    asked = uses(("call_1", "search", "{}"), ("call_2", "task", f'{{"prompt":"{TASK}"}}'))
    results = [{"role": "tool", "tool_call_id": name, "content": "done"} for name in ("call_1", "call_2")]
    return place.put(
        make_record([user("Go.")], asked, session="trip"),
        make_record([user(TASK)], "Three files.", session=None, at_ns=START_NS + 10**9),
        make_record([user("Go."), asked, *results], "All done.", session="trip", at_ns=START_NS + 3 * 10**9),
    )


def test_a_session_is_shown_with_what_it_began_under_the_call_that_did(terminal, place):
    lead, scout, last = (record.opened.id for record in agent_run(place))
    assert terminal.out("sessions", "tree", "trip").splitlines() == [
        "session trip",
        f"├─ call {lead}  m  4 ms  user: Go.",
        f"│  ├─ TOOL  search  call_1  3.0 s  used by call {last}",
        f"│  ├─ TOOL  task  call_2  3.0 s  used by call {last}",
        f"│  └─ session call-{scout}",
        f"│     └─ call {scout}  m  4 ms  user: {TASK}  assistant: Three files.",
        f"└─ call {last}  m  4 ms  tool: done  assistant: All done.",
    ]


def test_the_tree_is_a_document_too(terminal, place):
    lead, scout, _ = (record.opened.id for record in agent_run(place))
    root = terminal.json("sessions", "tree", "trip")
    first = root["children"][0]
    assert (root["kind"], first["kind"], first["name"], first["branch"]) == ("SESSION", "CALL", lead, 1)
    assert [child["kind"] for child in first["children"]] == ["TOOL", "TOOL", "SESSION"]
    assert first["children"][0]["tool"]["tool_call_id"] == "call_1"
    assert first["children"][2]["children"][0]["name"] == scout


def test_paths_and_agents_stand_above_their_calls(terminal, place):
    def on(path):
        return {"session": "trip", "headers": ((b"Helicone-Session-Path", path),)}

    agent = {"session": "trip", "headers": ((b"X-Claude-Code-Agent-Id", b"scout"),)}
    place.put(
        make_record([user("a")], "b", **on(b"/plan")),
        make_record([user("c")], "d", at_ns=START_NS + 1, **on(b"/plan/look")),
        make_record([user("e")], "f", at_ns=START_NS + 2, **agent),
    )
    lines = terminal.out("sessions", "tree", "trip").splitlines()
    told = [line.split("call")[0].rstrip() for line in lines[1:]]
    assert told == ["├─ /plan", "│  ├─", "│  └─ /plan/look", "│     └─", "└─ agent scout", "   └─"]


def test_a_branch_says_where_it_begins_and_a_failure_that_it_failed(terminal, place):
    one, _ = place.put(
        make_record([user("a")], "b", session="trip"), make_record([user("a")], "c", session="trip", at_ns=START_NS + 1)
    )
    assert f"branch 2, from call {one.opened.id}" in terminal.out("sessions", "tree", "trip")


def test_sessions_that_name_each_other_as_parents_are_each_shown_once(terminal, place):
    for name, parent in ((b"a", b"b"), (b"b", b"a")):
        headers = ((b"X-PandaProbe-Parent-Session", parent),)
        place.put(make_record(session=name.decode(), headers=headers))
    shown = terminal.out("sessions", "tree", "a")
    assert (shown.count("session a"), shown.count("session b")) == (1, 1)


def test_what_is_not_there_says_how_to_find_it(terminal):
    code, said = terminal.fails("sessions", "tree", "none")
    assert (code, "sessions ls" in said) == (3, True)
