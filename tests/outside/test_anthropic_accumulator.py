"""Our reduced message against that of the anthropic SDK's own accumulator, field by field."""

import json
import warnings

import pytest
import recorded
from exchanges import events
from generated import many
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandaprobe_proxy.dialects.anthropic_stream import MessageStream
from pandaprobe_proxy.wire.sse import SseReader

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    streaming = pytest.importorskip("anthropic.lib.streaming._beta_messages")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
"""The SDK builds its values unchecked, of which pydantic warns when it writes them."""


def accumulate(chunks):
    """The message as the SDK has it. Its stream passes pings by."""
    snapshot, buffers = None, {}
    for chunk in chunks:
        if chunk["type"] != "ping":
            snapshot = streaming.accumulate_event(
                event=chunk, current_snapshot=snapshot, json_bufs=buffers, request_headers={}
            )
    return snapshot.to_dict(mode="json", use_api_names=True)


def reduce(chunks):
    stream = MessageStream()
    answer = stream.read(events(*chunks, done=False))
    return stream.message(), answer


def without_nulls(value):
    return {key: item for key, item in value.items() if item is not None}


def agree(chunks):
    theirs, (ours, answer) = accumulate(chunks), reduce(chunks)
    blocks = [without_nulls(block) for block in ours.pop("content")]
    for block in blocks:
        block.pop("estimated_tokens", None)  # a hint of progress that the SDK does not keep
    assert blocks == [without_nulls(block) for block in theirs.pop("content")]
    usage, kept = without_nulls(ours.pop("usage")), without_nulls(theirs.pop("usage"))
    assert {key: usage.get(key) for key in kept} == kept
    assert without_nulls(ours) == without_nulls(theirs)
    assert not answer.lossy
    return answer


# --- recorded --------------------------------------------------------------------------------------------------------

CHUNK_FILES = sorted(recorded.FOLDER.glob("*_vercel_anthropic_*.chunks.txt"))
STREAMS = [name for name in recorded.names("anthropic_messages_sse") if "_err" not in name]


def split(chunks):
    """The messages of a file that has several one after another, without those that were given up."""
    starts = [place for place, chunk in enumerate(chunks) if chunk["type"] == "message_start"]
    messages = [chunks[start:stop] for start, stop in zip(starts, [*starts[1:], None], strict=True)]
    return [message for message in messages if message[-1]["type"] == "message_stop"]


@pytest.mark.parametrize("path", CHUNK_FILES, ids=lambda path: path.stem)
def test_recorded_chunks_give_the_message_of_the_sdk(path):
    messages = split([json.loads(line) for line in path.read_text().splitlines() if line.strip()])
    assert messages and all(agree(message).finished for message in messages)


@pytest.mark.parametrize("name", STREAMS)
def test_recorded_streams_give_the_message_of_the_sdk(name):
    body = recorded.exchange(name).response_body
    answer = agree([json.loads(event.data) for event in SseReader(body)])
    assert answer.finished


# --- generated -------------------------------------------------------------------------------------------------------

COUNT = st.integers(0, 10**6)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
CITATION = st.fixed_dictionaries(
    {
        "type": st.just("char_location"),
        "cited_text": TEXT,
        "document_index": COUNT,
        "document_title": st.none() | TEXT,
        "start_char_index": COUNT,
        "end_char_index": COUNT,
    }
)


@st.composite
def cut(draw, text):
    """The text in pieces, some of them empty."""
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:stop] for start, stop in zip([0, *places], [*places, len(text)], strict=True)]


@st.composite
def texts(draw):
    deltas = [{"type": "text_delta", "text": piece} for piece in draw(cut(draw(TEXT)))]
    cited = [{"type": "citations_delta", "citation": item} for item in draw(st.lists(CITATION, max_size=2))]
    return {"type": "text", "text": draw(TEXT)}, draw(st.permutations(deltas + cited))


@st.composite
def thoughts(draw):
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in draw(cut(draw(TEXT)))]
    signature = {"type": "signature_delta", "signature": draw(TEXT)}
    return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signature]


@st.composite
def uses(draw):
    given_input = draw(st.dictionaries(TEXT, JSON, max_size=3))
    written = json.dumps(given_input, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    pieces = draw(cut(written)) if draw(st.booleans()) else []
    kind = draw(st.sampled_from(["tool_use", "server_tool_use", "mcp_tool_use"]))
    start = {"type": kind, "id": draw(TEXT), "name": draw(TEXT), "input": {}}
    if kind == "mcp_tool_use":
        start["server_name"] = draw(TEXT)
    return start, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


@st.composite
def compactions(draw):
    delta = {"type": "compaction_delta", "content": draw(TEXT), "encrypted_content": draw(st.none() | TEXT)}
    return {"type": "compaction", "content": None}, [delta]


WHOLE_BLOCKS = st.sampled_from(
    [
        {"type": "redacted_thinking", "data": "abc"},
        {"type": "container_upload", "file_id": "file_1"},
        {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
        {"type": "mcp_tool_result", "tool_use_id": "m", "is_error": False, "content": [{"type": "text", "text": "a"}]},
        {"type": "fallback", "from": {"model": "m-1"}, "to": {"model": "m-2"}, "trigger": {"type": "refusal"}},
    ]
).map(lambda block: (block, []))
BLOCKS = st.lists(texts() | thoughts() | uses() | compactions() | WHOLE_BLOCKS, max_size=5)
USAGE = {
    "cache_creation_input_tokens": COUNT,
    "cache_read_input_tokens": COUNT,
    "server_tool_use": st.none() | st.fixed_dictionaries({"web_search_requests": COUNT, "web_fetch_requests": COUNT}),
    "output_tokens_details": st.none() | st.fixed_dictionaries({"thinking_tokens": COUNT}),
}


@st.composite
def streams(draw):
    """A stream whose blocks start in their order and then grow in turns, cut anywhere, with pings between."""
    usage = draw(st.fixed_dictionaries({"input_tokens": COUNT, "output_tokens": COUNT}, optional=USAGE))
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": [], "usage": usage}
    body = draw(interleaved(draw(BLOCKS)))
    end = {"stop_reason": draw(st.sampled_from(["end_turn", "tool_use", "max_tokens"])), "stop_sequence": None}
    optional = {"input_tokens": st.none() | COUNT} | {key: st.none() | value for key, value in USAGE.items()}
    last = draw(st.fixed_dictionaries({"output_tokens": COUNT}, optional=optional))
    complete = {"type": "message_delta", "delta": end, "usage": last}
    return [{"type": "message_start", "message": message}, *body, complete, {"type": "message_stop"}]


@st.composite
def interleaved(draw, blocks):
    queues = []
    for index, (start, deltas) in enumerate(blocks):
        grown = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        begin = {"type": "content_block_start", "index": index, "content_block": start}
        queues.append([begin, *grown, {"type": "content_block_stop", "index": index}])
    chunks, begun = [], 0
    while any(queues):
        choices = [place for place, queue in enumerate(queues) if queue and place <= begun]
        place = draw(st.sampled_from(choices))
        begun = max(begun, place + 1)
        chunks.append(queues[place].pop(0))
        if draw(st.integers(0, 9)) == 0:
            chunks.append({"type": "ping"})
    return chunks


@given(streams())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_generated_streams_give_the_message_of_the_sdk(chunks):
    assert agree(chunks).finished


@pytest.mark.slow
@given(streams())
@settings(max_examples=many(2000), deadline=None, suppress_health_check=list(HealthCheck))
def test_many_generated_streams_give_the_message_of_the_sdk(chunks):
    assert agree(chunks).finished


@given(streams(), st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_streams_that_break_off_give_what_the_sdk_has_so_far(chunks, data):
    """But for an input that is cut: the SDK completes it, and we keep it as it was written."""
    chunks = chunks[: data.draw(st.integers(1, len(chunks)))]
    theirs, (ours, _) = accumulate(chunks), reduce(chunks)
    for mine, other in zip(ours["content"], theirs["content"], strict=True):
        cut_off = {"input"} if "partial_json" in mine else set()
        kept = without_nulls(mine).keys() - cut_off - {"partial_json"}
        assert {key: mine[key] for key in kept} == {key: other[key] for key in kept}
