"""The main job: programs with the real `openai` client, through a real sidecar, each call in its right session."""

import subprocess
import sys
import textwrap

import pytest


def run(recording, program, *arguments):
    """Runs a program as a user would, with the sidecar as its base URL."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *arguments],
        env=recording.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def calls_of(recording, session):
    return recording.json("calls", "ls", "--session", session)["items"]


MULTI_TURN = """
    import pandaprobe
    from openai import OpenAI
    from pandaprobe.wrappers import wrap_openai

    client = wrap_openai(OpenAI())
    messages = [{"role": "system", "content": "You are concise."}]

    with pandaprobe.session("conversation-123"):
        for question in ["Capital of France?", "And Germany?", "Which is bigger?"]:
            messages.append({"role": "user", "content": question})
            answer = client.chat.completions.create(model="gpt-4o", messages=messages)
            messages.append({"role": "assistant", "content": answer.choices[0].message.content})
            print(messages[-1]["content"])

    pandaprobe.flush()
    pandaprobe.shutdown()
"""


def test_the_multi_turn_example_gives_three_traces_under_one_session(recording):
    assert run(recording, MULTI_TURN).split("\n")[:3] == ["Paris.", "Berlin.", "Berlin is bigger."]
    recording.settled(calls=3)
    calls = calls_of(recording, "conversation-123")
    assert len({call["trace_id"] for call in calls}) == 3
    assert [(call["outcome"], call["model"], call["source"]) for call in calls] == [("ok", "gpt-4o-2026", "header")] * 3
    sessions = recording.json("sessions", "ls")["items"]
    assert [(session["session_id"], session["calls"]) for session in sessions] == [("conversation-123", 3)]


def test_its_conversation_is_readable_with_each_message_once(recording):
    run(recording, MULTI_TURN)
    recording.settled(calls=3)
    shown = recording.cli("sessions", "show", "conversation-123")
    places = [
        shown.index(text)
        for text in (
            "You are concise.",
            "Capital of France?",
            "Paris.",
            "And Germany?",
            "Which is bigger?",
            "is bigger.",
        )
    ]
    assert places == sorted(places)
    assert shown.count("Capital of France?") == 1
    assert shown.count("You are concise.") == 1


def test_a_header_set_by_hand_needs_no_shim(recording):
    run(
        recording,
        """
        from openai import OpenAI
        client = OpenAI(default_headers={"X-PandaProbe-Session": "by-hand", "X-PandaProbe-User": "u-1",
                                         "X-PandaProbe-Tags": "a, b", "X-PandaProbe-Metadata": '{"k": 1}'})
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
        client.embeddings.create(model="m", input="hi")
        print([model.id for model in client.models.list()])
        """,
    )
    recording.settled(calls=3)
    calls = calls_of(recording, "by-hand")
    assert [call["operation"] for call in calls] == ["chat", "embeddings", "models"]
    assert {call["user_id"] for call in calls} == {"u-1"}
    assert calls[0]["tags"] == ["a", "b"]


def test_streams_are_reduced_to_their_answer_with_their_moments(recording):
    run(
        recording,
        """
        import pandaprobe
        from openai import OpenAI
        with pandaprobe.session("streamed"):
            stream = OpenAI().chat.completions.create(model="m", stream=True, stream_options={"include_usage": True},
                                             messages=[{"role": "user", "content": "Which is bigger?"}])
            print("".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices))
        """,
    )
    recording.settled(calls=1)
    (call,) = calls_of(recording, "streamed")
    assert call["streamed"] is True
    assert call["usage"]["source"] == "reported"
    marks = call["marks"]
    assert 0 < marks["head"] <= marks["first_event"] <= marks["first_content"] <= marks["last_byte"] <= marks["ended"]
    assert "Berlin is bigger." in recording.cli("sessions", "show", "streamed")


def test_two_interleaved_sessions_of_gather_are_kept_apart(recording, upstream):
    upstream.pause_s = 0.01
    run(
        recording,
        """
        import asyncio, pandaprobe
        from openai import AsyncOpenAI

        async def agent(client, name):
            async with pandaprobe.session(name):
                for turn in range(5):
                    stream = await client.chat.completions.create(
                        model="m", stream=True, messages=[{"role": "user", "content": f"{name} says {turn} and more"}])
                    async for chunk in stream:
                        await asyncio.sleep(0)

        async def main():
            async with AsyncOpenAI() as client:
                await asyncio.gather(agent(client, "left"), agent(client, "right"))

        asyncio.run(main())
        """,
    )
    recording.settled(calls=10)
    for name in ("left", "right"):
        calls = calls_of(recording, name)
        assert len(calls) == 5
        assert all(
            recording.json("calls", "show", call["call_id"])["call"]["input"][0]["content"].startswith(name)
            for call in calls
        )


def test_threads_and_executors_carry_the_session(recording):
    run(
        recording,
        """
        import asyncio, threading, pandaprobe
        from concurrent.futures import ThreadPoolExecutor
        from openai import OpenAI
        client = OpenAI()

        def ask(text):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}])

        with pandaprobe.session("threads"):
            thread = threading.Thread(target=ask, args=("thread",))
            thread.start()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(ask, ["pool 1", "pool 2"]))

            async def main():
                await asyncio.to_thread(ask, "to_thread")
                await asyncio.get_running_loop().run_in_executor(None, ask, "executor")

            asyncio.run(main())
            thread.join()
        """,
    )
    recording.settled(calls=5)
    assert len(calls_of(recording, "threads")) == 5


def test_a_subprocess_carries_the_session(recording):
    run(
        recording,
        """
        import subprocess, sys, pandaprobe
        child = '''
        import pandaprobe
        from openai import OpenAI
        OpenAI().chat.completions.create(model="m", messages=[{"role": "user", "content": "from the child"}])
        '''
        with pandaprobe.session("parent"):
            subprocess.run([sys.executable, "-c", "\\n".join(l.strip() for l in child.split("\\n"))], check=True)
        """,
    )
    recording.settled(calls=1)
    assert len(calls_of(recording, "parent")) == 1


def test_an_abandoned_stream_is_kept_with_what_came_and_the_next_call_is_right(recording, upstream):
    upstream.pause_s = 0.05
    upstream.echo = " ".join(f"word{number}" for number in range(200))
    run(
        recording,
        """
        import pandaprobe
        from openai import OpenAI
        client = OpenAI()
        with pandaprobe.session("abandoned"):
            asked = [{"role": "user", "content": "go"}]
            stream = client.chat.completions.create(model="m", stream=True, messages=asked)
            for number, chunk in enumerate(stream):
                if number == 5:
                    break
            stream.close()
        with pandaprobe.session("after"):
            client.models.list()
        """,
    )
    recording.settled(calls=2)
    (call,) = calls_of(recording, "abandoned")
    assert call["outcome"] == "client_disconnected"
    assert call["partial"] is True
    answer = recording.json("calls", "show", call["call_id"])["call"]["output"][0]["content"]
    assert answer.startswith("word0 word1") and "word199" not in answer
    assert upstream.broken.wait(2)
    assert len(calls_of(recording, "after")) == 1


def test_a_call_inside_a_trace_is_a_span_of_that_trace(recording):
    trace_id = run(
        recording,
        """
        import pandaprobe
        from openai import OpenAI
        with pandaprobe.start_trace("plan a trip", session_id="traced", user_id="u-9") as trace:
            with trace.span("think", kind="AGENT"):
                OpenAI().chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            with trace.span("search", kind="TOOL") as span:
                span.set_input({"q": "x"})
                span.set_output({"found": 3})
        print(trace.trace_id)
        pandaprobe.flush()
        """,
    ).strip()
    recording.settled(calls=1)
    (call,) = calls_of(recording, "traced")
    assert call["trace_id"] == trace_id
    shown = recording.json("sessions", "show", "traced")
    (trace,) = shown["traces"]
    assert (trace["name"], trace["status"]) == ("plan a trip", "COMPLETED")
    spans = {span["kind"]: span for span in trace["spans"]}
    assert set(spans) == {"AGENT", "LLM", "TOOL"}
    assert spans["LLM"]["parent_span_id"] == spans["AGENT"]["span_id"]


@pytest.mark.parametrize(
    ("flag", "sessions"),
    [("new", 2), ("client", 1), ("the-one", 1)],
)
def test_calls_without_a_session_go_where_the_default_says(tmp_path, upstream, flag, sessions):
    from sidecar import sidecar

    with sidecar(tmp_path / "data", upstream.url, "--default-session", flag) as recording:
        run(
            recording,
            """
            from openai import OpenAI
            client = OpenAI()
            for _ in range(2):
                client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
            """,
        )
        recording.settled(calls=2)
        items = recording.json("sessions", "ls")["items"]
        assert len(items) == sessions
        assert (items[0]["session_id"] == "the-one") is (flag == "the-one")


@pytest.mark.parametrize("value", ["", " ", "x" * 256, "a\x01b"])
def test_an_impossible_session_id_fails_no_call_and_is_kept_as_a_clue(recording, value):
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=10)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
    if "\x01" in value:
        value = value.replace("\x01", "\t")
    connection.request("POST", "/v1/chat/completions", body, {"X-PandaProbe-Session": value})
    response = connection.getresponse()
    assert (response.status, response.read() != b"") == (200, True)
    connection.close()
    recording.settled(calls=1)
    (call,) = recording.json("calls", "ls")["items"]
    assert call["source"] == "default_new"
    shown = recording.json("calls", "show", call["call_id"])
    assert [clue["valid"] for clue in shown["resolution"]["clues"]] == [False]
    assert "is not a session id" in " ".join(shown["warnings"])


def test_headers_of_ours_never_reach_the_provider(recording, upstream):
    run(recording, MULTI_TURN)
    assert upstream.sessions() == [None, None, None]
    assert not [name for seen in upstream.seen for name, _ in seen.headers if name.lower().startswith("x-pandaprobe")]


@pytest.mark.parametrize(("mode", "kept"), [("metadata", True), ("off", False)])
def test_a_call_may_ask_to_be_kept_less(recording, mode, kept):
    run(
        recording,
        f"""
        from openai import OpenAI
        client = OpenAI(default_headers={{"X-PandaProbe-Session": "private", "X-PandaProbe-Capture": "{mode}"}})
        client.chat.completions.create(model="m", messages=[{{"role": "user", "content": "tell nobody"}}])
        """,
    )
    status = recording.settled()
    assert status["relayed"] == 1
    assert status["recorded"] == int(kept)
    assert status["dropped"] == ({} if kept else {"capture_off": 1})
    assert status["adds_up"] is True
    if kept:
        (call,) = calls_of(recording, "private")
        assert call["usage"]["output"] == 9
        assert "tell nobody" not in str(recording.json("calls", "show", call["call_id"]))
    else:
        assert recording.json("calls", "ls")["items"] == []


RETRIED = """
    from openai import OpenAI

    print(OpenAI().chat.completions.create(model="m", messages=[{"role": "user", "content": "France?"}]).id)
"""


def test_tries_of_one_call_are_one_session_and_a_running_sidecar_reads_anew(recording, upstream):
    upstream.failing = 2
    run(recording, RETRIED)
    recording.settled(3)
    (session,) = recording.json("sessions", "ls")["items"]
    assert (session["calls"], session["errors"], session["retries"], session["recovered_errors"]) == (3, 2, 2, 2)
    assert "after 2 failed attempts" in recording.cli("sessions", "show", session["session_id"])
    calls = calls_of(recording, session["session_id"])
    assert [call["source"] for call in calls] == ["default_new", "attempt", "attempt"]
    assert recording.json("redecode") == {"stale": 0, "redecoded": 0, "repriced": 0, "unreadable": 0, "dry_run": False}
