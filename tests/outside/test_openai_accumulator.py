"""Our reduction of a chat stream against that of the official package, `ChatCompletionStreamState`, field by field.

The package raises on streams that no strict server sends, and where it does not raise it is wrong in ways that are
known. `unfit` names the fields for which it is; everything else must be equal.
"""

import json
from random import Random

import pytest
import recorded
from exchanges import delta, events, sse
from generated import many
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from pandaprobe_proxy.dialects.openai_chat import DIALECT
from pandaprobe_proxy.wire.sse import SseReader

ERRORS = (TypeError, RuntimeError, AttributeError, AssertionError, IndexError, ValueError, UserWarning)
"""A warning is pydantic's, about a content that is a list."""


class Accumulator(ChatCompletionStreamState):
    """Without the events for each chunk, which take as long again and say nothing of the whole."""

    def _build_events(self, **told):
        return []


def reduce_theirs(chunks):
    """What the package makes of the chunks; None if it raises."""
    state = Accumulator()
    try:
        for chunk in chunks:
            state.handle_chunk(ChatCompletionChunk.construct(**chunk))
        return state.current_completion_snapshot.to_dict(exclude_unset=True, mode="json")
    except ERRORS:
        return None


def unfit(chunks):
    """The fields that the package gets wrong for these chunks, each with its reason."""
    deltas = [(choice, choice.get("delta") or {}) for chunk in chunks for choice in chunk.get("choices", ())]
    wrong = set()
    if any(not chunks[0].get(name) for name in ("id", "model")):
        wrong |= {"id", "model", "created"}  # it keeps those of the first chunk, which Azure sends empty
    if any(chunk.get("usage") for chunk in chunks[:-1]) or any("x_groq" in chunk for chunk in chunks):
        wrong.add("usage")  # each chunk replaces it, be it null; no fields are merged, and Groq's place is not known
    if len({chunk.get("system_fingerprint") for chunk in chunks}) > 1:
        wrong.add("system_fingerprint")  # each chunk replaces it
    roles = [choice.get("index") for choice, told in deltas if told.get("role")]
    if len(roles) > len(set(roles)):
        wrong.add("role")  # repeated roles are joined: assistantassistant
    return wrong | ({"tool_calls"} if has_odd_calls(deltas) else set())


def has_odd_calls(deltas):
    """Ids and names are joined if they come twice; calls are placed by index, so they must begin in order."""
    seen = {}
    for choice, told in deltas:
        for entry in told.get("tool_calls") or ():
            key, index = choice.get("index"), entry.get("index")
            if index is None or index > len(seen.setdefault(key, {})):
                return True
            names = (entry.get("id"), (entry.get("function") or {}).get("name"))
            held = seen[key].setdefault(index, names)
            if held is not names and any(names):
                return True
    return False


def must_raise(chunks):
    """Why the package has to raise: an error in the stream, or lists whose entries have no index."""
    choices = [choice for chunk in chunks for choice in chunk.get("choices") or ()]
    deltas = [choice.get("delta") or {} for choice in choices]
    lists = [value for told in deltas for value in told.values() if isinstance(value, list)]
    return (
        any("choices" not in chunk for chunk in chunks)
        or any(not isinstance(entry, dict) or "index" not in entry for value in lists for entry in value)
        or any("index" not in choice for choice in choices)
    )


def see_theirs(snapshot):
    """The snapshot as comparable fields."""
    choices = []
    for choice in sorted(snapshot["choices"], key=lambda choice: choice["index"]):
        message = choice["message"]
        calls = [
            (call.get("id") or "", call["function"].get("name") or "", call["function"].get("arguments") or "")
            for call in message.get("tool_calls") or ()
        ]
        function = message.get("function_call")
        calls += [("", function.get("name") or "", function.get("arguments") or "")] if function else []
        choices.append(
            {
                "role": message.get("role") or "assistant",
                "content": message.get("content"),
                "refusal": message.get("refusal") or None,
                "tool_calls": calls,
                "audio": message.get("audio"),
                "finish_reason": choice.get("finish_reason") or None,
                "logprobs": {k: v for k, v in (choice.get("logprobs") or {}).items() if v is not None},
            }
        )
    names = {name: snapshot.get(name) for name in ("id", "model", "created", "system_fingerprint", "usage")}
    return names | {"choices": choices}


def see_ours(answered):
    choices = [
        {
            "role": message.role,
            "content": message.content,
            "refusal": message.refusal,
            "tool_calls": [(call.id, call.name, call.arguments) for call in message.tool_calls],
            "audio": message.extra.get("audio"),
            "finish_reason": message.finish_reason,
            "logprobs": message.extra.get("logprobs", {}),
        }
        for message in answered.messages
    ]
    extra = {name: answered.extra.get(name) for name in ("created", "system_fingerprint")}
    return extra | {
        "id": answered.response_id,
        "model": answered.model,
        "usage": answered.usage.raw or None,
        "choices": choices,
    }


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def compare(chunks, answered):
    """Asserts that both say the same, wherever the package is fit to say it."""
    snapshot = reduce_theirs(chunks)
    if snapshot is None:
        assert must_raise(chunks)
        return
    wrong = unfit(chunks)
    theirs, ours = without_nulls(see_theirs(snapshot)), without_nulls(see_ours(answered))
    for name in theirs.keys() | ours.keys() - {"choices"}:
        if name not in wrong and name != "choices":
            assert ours.get(name) == theirs.get(name), name
    for one, other in zip(ours["choices"], theirs["choices"], strict=True):
        for name in one.keys() | other.keys():
            if name not in wrong:
                assert one.get(name) == other.get(name), name


CHUNKS = '"chat.completion.chunk"'


def recorded_streams():
    """(name, data of the events), of whole exchanges, of single streams and of sessions."""
    for name in recorded.names("_chat.completions_sse_200"):
        yield name, [event.data for event in SseReader(recorded.exchange(name).response_body)]
    for path in sorted(recorded.FOLDER.glob("*_vercel_*.chunks.txt")):
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        if CHUNKS in lines[0]:
            yield path.name, lines
    for name, calls in recorded.sessions():
        for at, call in enumerate(calls):
            body = call.get("response_body")
            if isinstance(body, str) and CHUNKS in body:
                yield f"{name}-{at}", [event.data for event in SseReader(body.encode())]


@pytest.mark.parametrize(("name", "datas"), [pytest.param(*told, id=told[0]) for told in recorded_streams()])
def test_a_recorded_stream_reads_as_the_package_reads_it(name, datas):
    whole = [data for data in datas if not data.startswith("[DONE]")]
    answered = DIALECT.streamed(events(*whole, done=len(whole) < len(datas)))
    assert not answered.lossy
    compare([json.loads(data) for data in whole], answered)


WORDS = ("", "a", "Hello ", "wörld", "\n", '{"', "🙂", " 12 °C")


class Stream:
    """A stream that strict servers could send: choices and calls begin in order, everything else comes in any order."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.base = {"id": f"chatcmpl-{seed % 97}", "object": "chat.completion.chunk", "created": 5, "model": "m-1"}

    def words(self):
        return [self.random.choice(WORDS) for _ in range(self.random.choice((0, 1, 1, 2)))]

    def logprobs(self):
        entry = {"token": self.random.choice(WORDS), "logprob": -0.5, "bytes": None, "top_logprobs": []}
        return {"content": [entry], "refusal": None}

    def call(self, index, at):
        """The pieces of one call: the first names it."""
        name = self.random.choice(("get_weather", "f", "search_2"))
        function = {"name": name, "arguments": self.random.choice(("", "{"))}
        first = {"index": at, "id": f"call_{index}_{at}", "type": "function", "function": function}
        return [first, *({"index": at, "function": {"arguments": word}} for word in self.words())]

    def calls(self, index):
        """Pieces of several calls: each begins after the one before it, then they interleave."""
        queues = [self.call(index, at) for at in range(self.random.choice((0, 0, 1, 1, 2, 3)))]
        pieces = []
        begun = 0
        while any(queues):
            open_ = [queue for at, queue in enumerate(queues) if queue and at <= begun]
            queue = self.random.choice(open_) if open_ else next(queue for queue in queues if queue)
            begun = max(begun, queues.index(queue) + 1)
            pieces.append(queue.pop(0))
        return pieces

    def choice(self, index):
        """The chunks of one choice after its first."""
        texts = [delta(index, content=word) for word in self.words()]
        if self.random.random() < 0.2:
            texts += [delta(index, refusal=word) for word in self.words()]
        if self.random.random() < 0.3:
            for chunk in texts:
                chunk["choices"][0]["logprobs"] = self.logprobs()
        pieces = self.calls(index)
        called = []
        while pieces:
            size = self.random.randint(1, 2)
            called.append(delta(index, tool_calls=pieces[:size]))
            del pieces[:size]
        both = [texts, called]
        chunks = []
        while any(both):
            chunks.append(self.random.choice([queue for queue in both if queue]).pop(0))
        return [*chunks, delta(index, self.random.choice(("stop", "length", "tool_calls", "content_filter")))]

    def chunks(self):
        count = self.random.choice((1, 1, 1, 1, 2, 3))
        whole = [delta(index, role="assistant", content=self.random.choice((None, ""))) for index in range(count)]
        queues = [self.choice(index) for index in range(count)]
        while any(queues):
            queue = self.random.choice([queue for queue in queues if queue])
            whole.append(queue.pop(0))
        if self.random.random() < 0.2:
            whole = self.merged(whole)
        usage = {"prompt_tokens": 3, "completion_tokens": self.random.randint(0, 99), "total_tokens": 5}
        usage["prompt_tokens_details"] = {"cached_tokens": self.random.randint(0, 3)}
        last = [{"choices": [], "usage": usage}] if self.random.random() < 0.6 else []
        return [chunk | self.base for chunk in [*whole, *last]]

    def merged(self, chunks):
        """Neighbours of different choices may share a chunk."""
        joined = chunks[:1]
        for chunk in chunks[1:]:
            held = {choice["index"] for choice in joined[-1]["choices"]}
            if chunk["choices"][0]["index"] not in held and len(joined) > 1:
                joined[-1] = joined[-1] | {"choices": [*joined[-1]["choices"], *chunk["choices"]]}
            else:
                joined.append(chunk)
        return joined


@pytest.mark.slow
@settings(max_examples=many(2000), deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**48))
def test_many_generated_streams_read_as_the_package_reads_them(seed):
    stream = Stream(seed)
    chunks = stream.chunks()
    cut = stream.random.randint(1, len(chunks)) if stream.random.random() < 0.3 else len(chunks)
    assert not must_raise(chunks)
    compare(chunks[:cut], DIALECT.streamed(SseReader(sse(chunks[:cut], done=cut == len(chunks)))))


def test_both_agree_on_audio_and_on_the_old_function_call():
    audio = [{"id": "a", "transcript": "hel"}, {"data": "QUJD", "transcript": "lo"}, {"data": "RA==", "expires_at": 9}]
    function = [{"name": "f", "arguments": ""}, {"arguments": "{}"}]
    base = {"created": 5}
    for told in ([{"audio": piece} for piece in audio], [{"function_call": piece} for piece in function]):
        chunks = [delta(role="assistant"), *(delta(**piece) for piece in told), delta(finish_reason="stop")]
        chunks = [chunk | base for chunk in chunks]
        assert reduce_theirs(chunks) is not None
        compare(chunks, DIALECT.streamed(events(*chunks)))
