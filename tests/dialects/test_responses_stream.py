import json
from copy import deepcopy

import pytest
import recorded
from alike import claims
from exchanges import events
from generated import many
from hypothesis import given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.bodies import undo
from pandaprobe_proxy.dialects.responses_answer import read_response
from pandaprobe_proxy.dialects.responses_stream import ALIKE, ResponseFold, read_events
from pandaprobe_proxy.model.call import CallError, UsageSource
from pandaprobe_proxy.wire.runs import RunError
from pandaprobe_proxy.wire.sse import SseReader
from responding import as_sse, call, events_of, message, reasoning, response, text

ANSWER = (reasoning("Hm."), message(text("Hello there.")), call())


def fold(told):
    folded = ResponseFold()
    for end, event in enumerate(told, 1):
        folded.add(event, end)
    return folded.finish()


def without(told, *types):
    return [event for event in told if event["type"] not in types]


def said(answer):
    return [(each.text, each.reasoning, each.refusal, each.tool_calls) for each in answer.messages]


def test_a_whole_stream_is_the_response_of_its_last_event():
    told = events_of(*ANSWER)
    answer, whole = fold(told), read_response(response(*ANSWER))
    assert (answer.messages, answer.usage, answer.extra) == (whole.messages, whole.usage, whole.extra)
    assert (answer.response_id, answer.model) == ("resp_1", "gpt-4o-mini")
    assert answer.finished and not answer.lossy and not answer.pending


def test_first_content_and_first_tool_are_where_they_came():
    told = events_of(*ANSWER)
    answer = fold(told)
    assert told[answer.first_content - 1]["type"] == "response.output_text.delta"
    assert told[answer.first_tool - 1]["item"]["type"] == "function_call"


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.output_text.done", "text": "a"},
        {"type": "response.content_part.done", "part": text("a")},
        {"type": "response.refusal.delta", "delta": "a"},
        {"type": "response.output_item.done", "item": message(text("a"))},
        {"type": "response.output_item.done", "item": {"type": "image_generation_call", "result": "AA"}},
        {"type": "response.image_generation_call.partial_image", "partial_image_b64": "AA"},
        {"type": "response.audio.delta", "delta": "AA"},
        {"type": "response.completed", "response": response(message(text("a")))},
    ],
    ids=lambda event: event["type"],
)
def test_content_is_what_a_reader_sees(event):
    assert fold([event]).first_content == 1


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.reasoning_text.delta", "delta": "a"},
        {"type": "response.content_part.done", "part": {"type": "reasoning_text", "text": "a"}},
        {"type": "response.content_part.added", "part": text("")},
        {"type": "response.content_part.added", "part": 5},
        {"type": "response.output_item.done", "item": reasoning("a")},
        {"type": "response.output_item.added", "item": None},
        {"type": "response.completed", "response": response(5)},
        {"type": "response.completed", "response": response() | {"output": None}},
        {"type": "response.completed", "response": response(message(5))},
    ],
    ids=str,
)
def test_content_is_not_what_nobody_sees(event):
    assert fold([event]).first_content is None


def test_cut_at_any_event_it_is_a_beginning():
    told = events_of(*ANSWER, size=1)
    whole = fold(told).messages[0]
    for cut in range(len(told)):
        answer = fold(told[:cut])
        assert not answer.finished and not answer.lossy
        for part in answer.messages:
            assert whole.text.startswith(part.text) and part.finish_reason is None
            assert all(whole.tool_calls[0].arguments.startswith(one.arguments) for one in part.tool_calls)


def test_without_the_last_event_the_items_are_the_answer():
    told = events_of(*ANSWER)[:-1]
    assert said(fold(told)) == said(read_response(response(*ANSWER)))
    assert said(fold(without(told, "response.output_item.done"))) == [
        (each.text, each.reasoning, each.refusal, (told_of(each),)) for each in fold(told).messages
    ]


def told_of(each):
    (one,) = each.tool_calls
    return type(one)(one.id, one.name, one.arguments, one.type, one.extra | {"status": "in_progress"})


def test_a_last_event_without_output_leaves_the_items():
    told = events_of(message(text("Hi.")))
    told[-1]["response"]["output"] = []
    assert [each.text for each in fold(told).messages] == ["Hi."]
    del told[-1]["response"]["output"]
    answer = fold(told)
    assert [each.text for each in answer.messages] == ["Hi."] and not answer.lossy
    assert answer.messages[0].finish_reason == "completed"


def test_a_response_that_begins_with_output_has_it():
    begun = {"type": "response.in_progress", "response": response(message(text("Hi.")), status="in_progress")}
    assert [each.text for each in fold([begun]).messages] == ["Hi."]


def test_a_repeated_event_counts_once():
    told = without(events_of(*ANSWER), "response.output_item.done")[:-1]
    resumed = [*told[:9], *deepcopy(told[4:])]
    assert said(fold(resumed)) == said(fold(told))
    assert said(fold([*told[:9], deepcopy(told[8]), *told[9:]])) == said(fold(told))


def test_a_run_that_repeats_an_event_cannot_be_read_as_one():
    folded = ResponseFold()
    folded.add({"type": "response.output_text.delta", "delta": "ab", "sequence_number": 4}, 1, 2)
    with pytest.raises(RunError):
        folded.add({"type": "response.output_text.delta", "delta": "b", "sequence_number": 4}, 2)


def test_numbers_that_say_nothing_are_not_believed():
    told = [event | {"sequence_number": 0} for event in events_of(message(text("aaaaaaaa")), size=1)]
    assert fold(without(told[:-1], "response.output_item.done", "response.output_text.done")).messages[0].text
    bare = [{key: value for key, value in event.items() if key != "sequence_number"} for event in told]
    assert said(fold(told)) == said(fold(bare))


def test_deltas_without_trustworthy_numbers_all_count():
    told = [event | {"sequence_number": 0} for event in events_of(message(text("aaaa")), size=1)][:-1]
    pieces = [event for event in told if not event["type"].endswith(".done")]
    assert fold(pieces).messages[0].text == "aaaa"


def test_a_stream_that_is_resumed_in_the_midst_is_the_rest():
    told = events_of(message(text("Hello there.")), size=4)
    at = next(place for place, event in enumerate(told) if event.get("delta") == "o th")
    assert fold(told[at:]).messages[0].text == "Hello there."
    rest = without(told[at:-1], "response.output_item.done", "response.output_text.done", "response.content_part.done")
    answer = fold(rest)
    assert answer.messages[0].text == "o there." and not answer.lossy and answer.response_id is None


def test_an_error_ends_the_stream():
    flat = {"type": "error", "code": "server_is_overloaded", "message": "m", "param": None, "sequence_number": 0}
    answer = fold([flat])
    assert answer.error == CallError("m", "", "server_is_overloaded") and answer.finished
    assert answer.extra["error"] == {"code": "server_is_overloaded", "message": "m", "param": None}


def test_an_error_may_be_an_object_and_what_came_stays():
    told = events_of(*ANSWER)[:8]
    nested = {"type": "error", "status": 429, "error": {"type": "t", "code": "c", "message": "m"}, "stream_id": "s"}
    failed = {"type": "response.failed", "response": response(status="failed", error={"code": "c", "message": "m2"})}
    answer = fold([*told, nested])
    assert answer.error == CallError("m", "t", "c") and answer.messages and not answer.lossy
    answer = fold([*told, nested, failed])
    assert answer.error == CallError("m2", "", "c") and answer.messages and answer.finished
    assert fold([{"error": {"message": "m"}}]).error == CallError("m")


@pytest.mark.parametrize("name", ["failed", "incomplete", "cancelled"])
def test_a_stream_may_end_in_other_ways(name):
    answer = fold([*events_of(*ANSWER)[:-1], {"type": f"response.{name}", "response": {"id": "resp_2"}}])
    assert answer.finished and answer.messages[0].finish_reason == name and answer.response_id == "resp_2"
    assert (answer.error is not None) == (name == "failed")


def test_a_background_stream_that_is_left_goes_on():
    begun = {"type": "response.queued", "response": response(status="queued", background=True)}
    assert fold([begun]).pending and not fold([begun]).finished
    assert not fold(events_of(*ANSWER)[:3]).pending


def test_audio_is_beside_the_message():
    told = [
        {"type": "response.audio.delta", "delta": "AA"},
        {"type": "response.audio.transcript.delta", "delta": "Hel"},
        {"type": "response.audio.transcript.delta", "delta": "lo"},
        {"type": "response.audio.done"},
    ]
    assert fold(told).messages[0].extra["audio"] == {"data": "AA", "transcript": "Hello"}
    (answer,) = fold([*told, *events_of(message(text("Hello")))]).messages
    assert answer.text == "Hello" and answer.extra["audio"]["data"] == "AA"


def test_unknown_events_and_fields_are_kept_and_progress_is_not():
    odd = {"type": "response.of_tomorrow", "k": 1, "obfuscation": "x"}
    told = [odd, {"type": "response.web_search_call.searching", "output_index": 0, "item_id": "a"}, {"k": 2}]
    ended = {"type": "response.completed", "response": response(), "copilot_usage": {"total": 1}}
    extra = fold([*told, ended]).extra
    assert extra["events"] == [{"type": "response.of_tomorrow", "k": 1}, {"k": 2}]
    assert extra["copilot_usage"] == {"total": 1}


@pytest.mark.parametrize(
    "event",
    [
        {"type": "response.completed"},
        {"type": "response.output_text.delta", "delta": 5},
        {"type": "response.output_item.added", "item": "x"},
        {"type": "response.completed", "response": response(5)},
    ],
    ids=str,
)
def test_what_cannot_be_placed_is_told(event):
    assert fold([event]).lossy


def test_a_second_response_in_one_stream_is_told():
    answer = fold([*events_of(message(text("a"))), {"type": "response.created", "response": response()}])
    assert answer.lossy and answer.messages[0].text == "a"


def test_a_status_of_a_wrong_type_is_borne():
    assert fold([{"type": "response.created", "response": {"status": []}}]).messages == ()


def test_server_sent_events_are_read():
    answer = read_events(SseReader(as_sse(events_of(*ANSWER))))
    assert answer.messages == fold(events_of(*ANSWER)).messages and answer.usage.source is UsageSource.REPORTED


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_bytes_may_be_cut_anywhere(size):
    whole = as_sse(events_of(message(text("Hé 🙂"))))
    for cut in range(0, len(whole), size):
        answer = read_events(SseReader(whole[:cut]))
        assert not answer.finished and "Hé 🙂".startswith(answer.messages[0].text if answer.messages else "")


def test_the_name_of_the_event_serves_where_the_data_has_no_type():
    lines = b'event: response.output_text.delta\ndata: {"delta":"a"}\n\ndata: {"k":1}\n\n'
    assert read_events(SseReader(lines)).messages[0].text == "a"


def test_done_ends_a_stream_of_servers_that_say_it():
    assert read_events(events({"error": {"message": "m"}}, {"type": "x", "k": 1})).extra["events"]
    assert read_events(events()).finished


def test_a_sentence_is_an_error_and_broken_json_is_a_loss():
    assert read_events(events("upstream is gone", done=False)).error == CallError("upstream is gone")
    assert read_events(events('{"type":', done=False)).lossy
    assert read_events(events("[1]", done=False)).lossy
    assert not read_events(events("", '""', done=False)).lossy


STREAMS = [name for name in recorded.names("responses") if "_sse_" in name]


def chunk_streams():
    """The recorded streams whose framing was removed, one per response."""
    for path in sorted(recorded.FOLDER.glob("*_vercel_*.chunks.txt")):
        told = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        if not str(told[0].get("type")).startswith("response."):
            continue
        starts = [at for at, event in enumerate(told) if event["type"] == "response.created"]
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(told)], strict=True)):
            yield pytest.param(told[start:end], id=f"{path.name}#{number}")


def recorded_events(name):
    exchange = recorded.exchange(name)
    body = undo(exchange.response_body, exchange.response.headers, ()).data
    return [json.loads(event.data) for event in SseReader(body)]


ALL = [pytest.param(recorded_events(name), id=name) for name in STREAMS] + list(chunk_streams())


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("told", ALL)
def test_a_recorded_stream_is_the_response_that_the_sdk_gathers(told):
    answer = fold(told)
    assert not answer.lossy and answer.finished and "events" not in answer.extra
    ours, theirs = answer.messages, of_the_sdk(told)
    if theirs is not None:
        assert ours == read_response(theirs).messages


@pytest.mark.parametrize("told", ALL)
def test_a_recorded_stream_without_its_last_event_says_the_same(told):
    whole = fold(told)
    for types in (["response.completed"], ["response.completed", "response.output_item.done"]):
        rebuilt = fold(without(told, *types))
        assert [each.text for each in rebuilt.messages] == [each.text for each in whole.messages]
        assert [each.reasoning for each in rebuilt.messages] == [each.reasoning for each in whole.messages]
        arguments = [[one.arguments for one in each.tool_calls] for each in rebuilt.messages]
        assert arguments == [[one.arguments for one in each.tool_calls] for each in whole.messages]
        assert not rebuilt.lossy


@pytest.mark.parametrize("told", ALL)
def test_a_recorded_stream_may_be_cut_at_any_event(told):
    step = max(1, len(told) // 40)
    # In one recording, which somebody shortened by hand, the deltas do not add up to the text.
    wholes = [fold(told), fold([event for event in told[:-1] if not event["type"].endswith(".done")])]
    for cut in range(0, len(told), step):
        answer = fold(told[:cut])
        assert (not answer.lossy and not answer.finished) or told[-1]["type"] != "response.completed"
        for each in answer.messages:
            assert any(whole.messages[0].text.startswith(each.text) for whole in wholes)


def of_the_sdk(told):
    """The response that the accumulator of openai-python ends with, as an object; None where it has no such end."""
    from openai._models import construct_type_unchecked
    from openai._types import omit
    from openai.lib.streaming.responses._responses import ResponseStreamState
    from openai.types.responses import ResponseStreamEvent

    state = ResponseStreamState(input_tools=omit, text_format=omit)
    if told[-1]["type"] != "response.completed":
        return None
    for event in told:
        try:
            state.handle_event(construct_type_unchecked(value=deepcopy(event), type_=ResponseStreamEvent))
        except RuntimeError:
            return None  # it does not bear ids that change on the way
    theirs = state._completed_response.to_dict(mode="json", warnings=False)
    for item in theirs["output"]:
        item.pop("parsed_arguments", None)
        for part in item.get("content") or ():
            part.pop("parsed", None)
    return theirs


def snapshot_of_the_sdk(told):
    """What the accumulator of openai-python has gathered so far: a text per message, arguments per call."""
    from openai._models import construct_type_unchecked
    from openai._types import omit
    from openai.lib.streaming.responses._responses import ResponseStreamState
    from openai.types.responses import ResponseStreamEvent

    state = ResponseStreamState(input_tools=omit, text_format=omit)
    for event in told:
        state.handle_event(construct_type_unchecked(value=deepcopy(event), type_=ResponseStreamEvent))
    snapshot = state._ResponseStreamState__current_snapshot
    output = snapshot.output if snapshot is not None else []
    texts = ["".join(part.text for part in item.content) for item in output if item.type == "message"]
    return "".join(texts), [item.arguments for item in output if item.type == "function_call"]


@st.composite
def answers(draw):
    words = st.text(max_size=12)
    made = []
    for at in range(draw(st.integers(0, 5))):
        kind = draw(st.sampled_from(["message", "call", "reasoning"]))
        if kind == "message":
            made.append(message(*(text(each) for each in draw(st.lists(words, max_size=3))), id=f"msg_{at}"))
        elif kind == "call":
            arguments = json.dumps(draw(st.dictionaries(words, words, max_size=2)))
            made.append(call(draw(words), arguments, f"call_{at}", id=f"fc_{at}"))
        else:
            made.append(reasoning(*draw(st.lists(words, max_size=2)), id=f"rs_{at}"))
    return made


def interleave(draw, told):
    """The events of each item in their order, those of different items in any."""
    lanes: dict[int, list] = {}
    for event in told[2:-1]:
        lanes.setdefault(event["output_index"], []).append(event)
    begun = [lane.pop(0) for lane in lanes.values()]
    mixed = []
    while any(lanes.values()):
        lane = lanes[draw(st.sampled_from([at for at, left in lanes.items() if left]))]
        mixed.append(lane.pop(0))
    numbered = [*told[:2], *begun, *mixed, told[-1]]
    return [event | {"sequence_number": at} for at, event in enumerate(numbered)]


@settings(max_examples=many(300), deadline=None)
@given(answers(), st.integers(1, 5), st.data())
def test_a_generated_stream_is_what_the_sdk_gathers(made, size, data):
    told = events_of(*made, size=size)
    if made and data.draw(st.booleans(), "interleaved"):
        told = interleave(data.draw, told)
    assert fold(told).messages == read_response(of_the_sdk(told)).messages
    cut = told[: data.draw(st.integers(0, len(told) - 1), "cut")]
    pieces = [event for event in cut if not event["type"].endswith(".done")]
    ours, (said_of_theirs, arguments) = fold(pieces).messages, snapshot_of_the_sdk(pieces)
    texts = [part["text"] for each in ours for part in each.content or () if part["type"] == "output_text"]
    assert "".join(texts) == said_of_theirs
    assert [one.arguments for each in ours for one in each.tool_calls] == arguments
    full = fold(cut)
    assert not full.lossy and not full.finished


@given(
    st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from([event["type"] for event in events_of(*ANSWER)]) | st.integers() | st.none()},
            optional={
                key: st.none()
                | st.integers(-1, 2)
                | st.text(max_size=3)
                | st.lists(st.integers(), max_size=2)
                | st.dictionaries(st.sampled_from(["output", "type", "content", "status", "text"]), st.text(max_size=3))
                for key in (
                    "response",
                    "item",
                    "part",
                    "delta",
                    "output_index",
                    "content_index",
                    "sequence_number",
                    "error",
                )
            },
        ),
        max_size=6,
    )
)
def test_no_event_is_too_odd(told):
    fold(told)


_EVENT = b'event: response.%b\ndata: {"type":"response.%b","sequence_number":#,%b}'
_TELLS = (
    b'"item_id":"i","output_index":0,"content_index":0,"delta":"<>","logprobs":[],"obfuscation":"##"',
    b'"item_id":"i","output_index":1,"content_index":0,"delta":"<>"',
    b'"output_index":0,"content_index":#,"delta":"<>"',
    b'"output_index":0,"delta":"<>","logprobs":[{"t":1}]',
    b'"output_index":"0","delta":"<>"',
    b'"output_index":0,"delta":#',
    b'"output_index":0,"delta":"<>","x":1',
    b'"output_index":0,"delta":"<>","error":"x"',
    b'"delta":"<>"',
)
_KINDS = (
    b"function_call_arguments",
    b"reasoning_summary_text",
    b"reasoning_text",
    b"shell_call_command",
    b"audio",
    b"foo",
)
_OTHERS = (
    (b"output_text.done", b'"output_index":0,"content_index":0,"text":"<>"'),
    (b"output_item.added", b'"output_index":0,"item":{"type":"message","id":"i","content":[]}'),
    (b"output_item.done", b'"output_index":0,"item":{"type":"message","content":[{"type":"output_text","text":"<>"}]}'),
    (b"created", b'"response":{"id":"r","status":"in_progress"}'),
    (b"completed", b'"response":{"id":"r","status":"completed","output":[]}'),
)
_NUMBERS = (b"", b',"sequence_number":7', b',"sequence_number":"#"', b',"sequence_number":#.5', b',"sequence_number":#')
_PLAIN = b'data: {"type":"response.output_text.delta","output_index":0,"delta":"<>"%b}'
ALIKES = (
    *(_EVENT % (b"output_text.delta", b"output_text.delta", told) for told in _TELLS),
    *(_EVENT % (kind + b".delta", kind + b".delta", b'"output_index":0,"delta":"<>"') for kind in _KINDS),
    *(_EVENT % (kind, kind, told) for kind, told in _OTHERS),
    *(_PLAIN % number for number in (*_NUMBERS, _NUMBERS[-1] * 2)),
    *(b'event: response.output_text.delta\ndata: {"output_index":0,"delta":"<>"}', b"data: [DONE]", b"data: <>"),
)
"""Events that may be of a run and events that may not."""


test_runs_say_what_their_events_say, test_a_long_run_says_what_its_events_say, test_a_long_run_is_read_as_few_events = (
    claims(read_events, ALIKE, ALIKES)
)
