"""From exchange to row, in the stated order."""

import json
import uuid
from dataclasses import replace

import pytest
from msgspec import structs
from pandaprobe_proxy.capture.bodies import MOST_SECRETS
from pandaprobe_proxy.capture.keep import BAD_SESSION, Keeper, Policy, Sizes
from pandaprobe_proxy.capture.redact import Redactor
from pandaprobe_proxy.model.call import Cost
from pandaprobe_proxy.model.exchange import (
    Ended,
    Exchange,
    Outcome,
    RequestHead,
    ResponseHead,
)
from pandaprobe_proxy.model.session import Source
from pandaprobe_proxy.pricing.price import no_price
from pandaprobe_proxy.wire.websocket import TEXT, read_messages, write_frame
from talking import make_connection

ID = "0190a1b2-0000-7000-8000-000000000001"
CANARY = "sk-canary-0123456789abcdef"
QUESTION = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Capital of France?"}]}
ANSWER = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-2026",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}
JSON = (b"Content-Type", b"application/json")
SSE = (b"Content-Type", b"text/event-stream")


POLICY = Policy()


def make_keeper(policy=POLICY, last_seen=lambda key: None, redactor=None, pricing=no_price):
    return Keeper(policy, redactor or Redactor(b"k" * 32), last_seen, pricing)


def make_head(*headers, target=b"/v1/chat/completions"):
    url = f"https://api.openai.com{target.decode()}"
    return RequestHead(ID, 1_000, 1_700_000_000_000_000_000, "127.0.0.1:5", "openai", url, "POST", target, headers)


def make_exchange(head, question=QUESTION, answer=ANSWER, headers=(JSON,), status=200):
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return Exchange(
        head=head,
        request_body=question if isinstance(question, bytes) else json.dumps(question).encode(),
        response=ResponseHead(ID, 3_000, status, b"OK", headers),
        response_body=body,
        chunks=((4_000, len(body)),),
        ended=Ended(ID, 9_000, Outcome.OK, sent_ns=2_000),
    )


def keep(exchange, keeper=None):
    keeper = keeper or make_keeper()
    sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
    return keeper.finish(keeper.begin(exchange.head), exchange, sizes)


def test_a_chat_call_becomes_a_row_with_its_call_and_its_bytes():
    exchange = make_exchange(make_head((b"X-PandaProbe-Session", b"s-1"), JSON))
    record = keep(exchange)
    assert record.opened.resolution.session_id == "s-1"
    assert record.opened.resolution.source is Source.HEADER
    assert record.opened.trace_id == record.opened.id == ID
    assert b"".join(record.request.pieces) == exchange.request_body
    assert b"".join(record.response.pieces) == exchange.response_body
    assert (record.call.model, record.call.output[0].text, record.call.usage.output) == ("gpt-4o-2026", "Paris.", 2)
    assert (record.marks.sent, record.marks.head, record.marks.first_byte, record.marks.ended) == (
        1000,
        2000,
        4000,
        8000,
    )
    assert record.ended_ns == record.opened.started_ns + 8_000


def test_what_no_dialect_knows_is_kept_without_a_call():
    record = keep(make_exchange(make_head(target=b"/v1/unheard-of"), question=b"\x00\xff", answer=b"\x01"))
    assert record.call is None
    assert record.request.pieces == (b"\x00\xff",)
    assert (record.marks.first_byte, record.marks.last_byte) == (4000, 4000)


def test_labels_of_the_head_are_on_the_row():
    trace, span = str(uuid.uuid4()), str(uuid.uuid4())
    traceparent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    head = make_head(
        (b"X-PandaProbe-User", b"u"),
        (b"X-PandaProbe-Tags", b"a,b"),
        (b"X-PandaProbe-Metadata", b'{"k": 1}'),
        (b"X-PandaProbe-Trace", f"{trace}/{span}".encode()),
        (b"traceparent", traceparent),
    )
    opened = make_keeper().begin(head).opened
    assert (opened.user_id, opened.tags, opened.trace_id, opened.parent_span_id) == ("u", ("a", "b"), trace, span)
    assert opened.metadata == {"k": 1, "traceparent": traceparent.decode()}


def test_a_bad_session_id_is_kept_as_a_clue_and_warned_about():
    begun = make_keeper().begin(make_head((b"X-PandaProbe-Session", b"x" * 300)))
    assert begun.warnings == (BAD_SESSION,)
    assert begun.opened.resolution.source is Source.DEFAULT_NEW
    assert [clue.valid for clue in begun.opened.resolution.clues] == [False]


def test_the_client_default_asks_for_the_newest_call_of_the_same_client():
    asked = []

    def last_seen(key):
        asked.append(key)
        return ("earlier", 1_700_000_000_000_000_000 - 1)

    one, two = ((b"Authorization", f"Bearer {name}-credential".encode()) for name in ("one", "two"))
    policy, agent = Policy(default_session="client"), (b"User-Agent", b"a")
    first, _, _ = (make_keeper(policy, last_seen).begin(make_head(credential, agent)) for credential in (one, two, one))
    assert first.opened.resolution.session_id == "earlier"
    assert asked[0] == asked[2] != asked[1]
    assert first.opened.client_key == asked[0]


def test_the_client_default_follows_a_call_that_the_store_does_not_know_yet():
    keeper = make_keeper(Policy(default_session="client"))
    first = keeper.begin(make_head()).opened.resolution
    second = keeper.begin(structs.replace(make_head(), exchange=str(uuid.uuid4()))).opened.resolution
    assert second.session_id == first.session_id


@pytest.mark.parametrize(
    "head",
    [
        make_head((b"Authorization", f"Bearer {CANARY}".encode())),
        make_head(target=f"/v1/chat/completions?key={CANARY}".encode()),
        make_head((b"X-PandaProbe-Session", CANARY.encode()), (b"X-PandaProbe-User", CANARY.encode())),
        make_head((b"X-PandaProbe-Tags", CANARY.encode()), (b"X-PandaProbe-Metadata", f'{{"a":"{CANARY}"}}'.encode())),
    ],
)
def test_no_canary_is_left_anywhere_in_the_row(head):
    question = {**QUESTION, "api_key": CANARY, "user": CANARY}
    answer = {**ANSWER, "choices": [{"index": 0, "message": {"role": "assistant", "content": f"it is {CANARY}"}}]}
    exchange = make_exchange(head, question, answer, headers=(JSON, (b"Set-Cookie", CANARY.encode())))
    exchange = replace(
        exchange, ended=structs.replace(exchange.ended, outcome=Outcome.UPSTREAM_ERROR, error=f"no {CANARY}")
    )
    record = keep(exchange)
    assert CANARY not in repr(record)
    assert record.request.redactions and record.response.redactions


def test_equal_credentials_have_equal_fingerprints():
    records = [
        keep(make_exchange(make_head((b"Authorization", f"Bearer {key}".encode()))))
        for key in ("a" * 20, "a" * 20, "b" * 20)
    ]
    assert records[0].credential == records[1].credential != records[2].credential
    assert keep(make_exchange(make_head())).credential == ""


def stream(*texts):
    chunk = '{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":%s}}]}'
    return b"".join(b"data: " + (chunk % json.dumps(text)).encode() + b"\n\n" for text in texts) + b"data: [DONE]\n\n"


def test_a_secret_split_over_a_stream_is_masked_in_the_stream_and_the_answer():
    exchange = make_exchange(
        make_head(), {**QUESTION, "stream": True}, stream("say ", CANARY[:9], CANARY[9:], " ok"), (SSE,)
    )
    record = keep(exchange)
    assert record.call.output[0].text == "say " + "x" * len(CANARY) + " ok"
    assert CANARY[9:].encode() not in b"".join(record.response.pieces)
    assert record.response.redactions == 1


def test_a_secret_that_a_stream_says_in_pieces_and_then_whole_is_masked_in_its_pieces_too():
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": f"say {CANARY}"}]}
    deltas = [{"type": "response.output_text.delta", "delta": text} for text in ("say ", CANARY[:9], CANARY[9:])]
    done = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [item]}}
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in (*deltas, done))
    head = make_head(target=b"/v1/responses")
    record = keep(make_exchange(head, {"model": "m", "input": "q", "stream": True}, body, (SSE,)))
    kept = b"".join(record.response.pieces)
    assert CANARY[9:].encode() not in kept and b"xxxx" in kept and b"say " in kept
    assert "[redacted" in record.call.output[0].text and not record.response.withheld


def test_a_secret_split_over_the_messages_of_a_websocket_is_masked_in_them():
    pieces = ["it is ", *(CANARY[at : at + 5] for at in range(0, len(CANARY), 5))]
    deltas = [{"type": "response.output_text.delta", "output_index": 0, "delta": piece} for piece in pieces]
    begun = {"type": "response.created", "response": {"id": "r", "status": "in_progress"}}
    asked = ({"type": "response.create", "model": "m", "input": "q"},)
    record = keep(make_connection("/v1/responses", asked, begun, *deltas))
    kept = read_messages(b"".join(record.response.pieces))
    said = "".join(json.loads(message.payload).get("delta", "") for message in kept)
    assert said == record.call.turns[0].call.output[0].text == "it is " + "x" * len(CANARY)
    assert not record.response.withheld
    assert [length for _, length in record.chunks] == [len(piece) for piece in record.response.pieces]


def test_more_secrets_than_can_be_looked_for_in_pieces_withhold_the_stream():
    said = " ".join(f"sk-canary-{number:016d}" for number in range(MOST_SECRETS + 1))
    record = keep(make_exchange(make_head(), {**QUESTION, "stream": True}, stream(said), (SSE,)))
    assert record.response.withheld == "too many secrets were said in a stream"
    assert record.response.pieces == () and record.call.output[0].text == ""


def test_metadata_mode_keeps_numbers_and_no_content():
    record = keep(make_exchange(make_head((b"X-PandaProbe-Capture", b"metadata"))))
    assert (record.request.withheld, record.response.withheld) == ("metadata", "metadata")
    assert record.request.pieces == record.response.pieces == ()
    assert record.call.usage.input == 3
    assert record.call.output[0].finish_reason == "stop"
    assert "Paris" not in repr(record) and "France" not in repr(record)


def test_a_redactor_that_fails_withholds_the_bodies_and_keeps_the_rest():
    class Failing(Redactor):
        def body(self, data, known=()):
            if b"France" in data:
                raise RuntimeError("boom")
            return super().body(data, known)

    record = keep(make_exchange(make_head()), make_keeper(redactor=Failing(b"k" * 32)))
    assert record.request.withheld == record.response.withheld == "redaction_failed: RuntimeError"
    assert (record.outcome, record.status, record.call) == (Outcome.OK, 200, None)


@pytest.mark.parametrize(("last", "outcome"), [(b"data: [DONE]\n\n", Outcome.OK), (b"", Outcome.CLIENT_DISCONNECTED)])
def test_a_client_that_hangs_up_after_the_last_event_has_lost_nothing(last, outcome):
    chunk = {"choices": [{"index": 0, "delta": {"content": "Paris"}}]}
    stream = b"data: " + json.dumps(chunk).encode() + b"\n\n" + last
    exchange = make_exchange(make_head(), question={**QUESTION, "stream": True}, answer=stream, headers=(SSE,))
    gone = Ended(ID, 9_000, Outcome.CLIENT_DISCONNECTED, "the client went away", sent_ns=2_000)
    record = keep(replace(exchange, ended=gone))
    assert (record.outcome, record.call.partial) == (outcome, outcome is not Outcome.OK)
    assert record.error == ("" if outcome is Outcome.OK else "the client went away")


def test_an_exchange_without_an_answer_is_a_row():
    head = make_head()
    exchange = Exchange(head, ended=Ended(ID, 5_000, Outcome.UPSTREAM_ERROR, "the upstream refused"))
    record = keep(exchange)
    assert (record.status, record.reason, record.error) == (None, "", "the upstream refused")
    assert record.response.pieces == ()


def test_a_websocket_is_kept_as_frames():
    head = make_head(target=b"/v1/realtime")
    frames = write_frame(TEXT, b"hello")
    exchange = Exchange(
        head,
        request_body=frames,
        request_chunks=((1, len(frames)),),
        response=ResponseHead(ID, 2, 101, b"Switching Protocols", ()),
        response_body=write_frame(TEXT, CANARY.encode()),
        ended=Ended(ID, 9, Outcome.OK),
    )
    record = keep(exchange)
    assert record.request.pieces == (frames,)
    assert record.response.redactions == 1
    assert record.request_chunks == ((1, len(frames)),)


def test_a_secret_that_a_user_is_heard_to_say_in_pieces_is_masked():
    events = [
        {"type": "conversation.item.added", "item": {"id": "i", "role": "user", "content": [{"type": "input_audio"}]}},
        *(
            {
                "type": "conversation.item.input_audio_transcription.delta",
                "item_id": "i",
                "content_index": 0,
                "delta": CANARY[at : at + 6],
            }
            for at in range(0, len(CANARY), 6)
        ),
        {"type": "response.created", "response": {"id": "r", "status": "in_progress"}},
        {"type": "response.done", "response": {"id": "r", "status": "completed", "output": []}},
    ]
    body = b"".join(write_frame(TEXT, json.dumps(event).encode()) for event in events)
    exchange = Exchange(
        structs.replace(make_head(target=b"/v1/realtime"), method="GET"),
        response=ResponseHead(ID, 2, 101, b"Switching Protocols", ()),
        response_body=body,
        chunks=((3, len(body)),),
        ended=Ended(ID, 9, Outcome.UPSTREAM_RESET),
    )
    record = keep(exchange)
    kept = b"".join(record.response.pieces)
    assert record.call.turns[0].call.input[0].content[0]["transcript"] == "x" * len(CANARY)
    assert not any(CANARY[at : at + 6].encode() in kept for at in range(0, len(CANARY), 6))


@pytest.mark.parametrize("capture", [b"full", b"metadata"])
def test_a_call_is_priced_by_what_it_says_before_content_is_left_out(capture):
    asked = []

    def pricing(call, upstream, url, at_ns):
        asked.append((call.extra, upstream, url, at_ns))
        return Cost(0.5, {}, "m", "test")

    head = make_head((b"X-PandaProbe-Capture", capture))
    record = keep(make_exchange(head, answer={**ANSWER, "service_tier": "flex"}), make_keeper(pricing=pricing))
    assert record.call.cost.total == 0.5
    ((extra, upstream, url, at_ns),) = asked
    assert extra["service_tier"] == "flex"
    assert (upstream, url, at_ns) == ("openai", head.url, head.wall_ns)


@pytest.mark.parametrize("capture", [b"full", b"metadata"])
def test_nothing_is_kept_of_the_bodies_of_a_credential_endpoint(capture):
    head = make_head((b"X-PandaProbe-Capture", capture), target=b"/openai/v1/realtime/client_secrets")
    question, answer = {"session": {"type": "realtime"}}, {"value": "ek_0123456789abcdef", "expires_at": 1}
    record = keep(make_exchange(head, question, answer))
    assert (record.request.withheld, record.response.withheld) == ("credentials", "credentials")
    assert record.request.pieces == record.response.pieces == ()
    assert (record.request.size, record.response.size) == (len(json.dumps(question)), len(json.dumps(answer)))
    assert (record.status, record.outcome, record.call) == (200, Outcome.OK, None)
    assert "ek_0123" not in repr(record)


def test_an_upstreams_name_does_not_make_an_endpoint_one_of_credentials():
    head = structs.replace(make_head(target=b"/projects/v1/files"), url="https://projects/v1/files")
    assert not make_keeper().begin(head).credentials
    assert make_keeper().begin(structs.replace(head, url="https://x/v1/vaults")).credentials
    assert make_keeper().begin(structs.replace(head, url="")).credentials


def retry_of(*headers, question=QUESTION, method="POST", upgraded=False):
    head = structs.replace(make_head(*headers), method=method)
    exchange = make_exchange(head, question)
    if upgraded:
        switched = structs.replace(exchange.response, status=101)
        exchange = replace(exchange, response=switched, request_body=b"", response_body=b"")
    return keep(exchange).retry


def test_tries_of_one_call_share_a_key_and_other_calls_do_not():
    first, second = retry_of((b"x-stainless-retry-count", b"0")), retry_of((b"x-stainless-retry-count", b"1"))
    assert (first.key, first.number, second.number, first.named) == (second.key, 0, 1, False)
    others = (
        retry_of(question={"model": "other"}),
        retry_of((b"Authorization", b"Bearer of-somebody-else")),
        retry_of((b"User-Agent", b"x")),
        retry_of(method="PUT"),
    )
    assert len({first.key, *(other.key for other in others)}) == 5


def test_a_name_of_the_client_stands_for_the_body():
    named = (b"Idempotency-Key", b"k-1")
    assert retry_of(named).named
    assert retry_of(named).key == retry_of(named, question={"model": "other"}).key


def test_asking_again_is_no_try_unless_the_client_says_so():
    assert retry_of(method="GET") is None
    assert retry_of((b"x-stainless-retry-count", b"0"), method="GET") is None
    assert retry_of((b"x-stainless-retry-count", b"1"), method="GET").number == 1
    assert retry_of(upgraded=True) is None


def test_a_keeper_beside_remembers_for_itself():
    keeper = make_keeper()
    exchange = make_exchange(make_head(JSON))
    sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
    begun = keeper.begin(exchange.head)
    assert keeper.beside().finish(begun, exchange, sizes) == keeper.finish(begun, exchange, sizes)


def test_a_keeper_beside_prices_as_the_one_that_it_is_beside():
    exchange = make_exchange(make_head(JSON))
    keeper = make_keeper(pricing=lambda *_: Cost(0.5, {}, "m", "test"))
    sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
    assert keeper.beside().finish(keeper.begin(exchange.head), exchange, sizes).call.cost.total == 0.5


def test_an_agents_header_places_a_call_and_its_bad_values_are_no_mistake_of_ours():
    begun = make_keeper().begin(make_head((b"X-Session-Id", b"null"), (b"Helicone-Session-Id", b"run-1")))
    resolution = begun.opened.resolution
    assert (resolution.session_id, resolution.source, resolution.confidence) == ("run-1", Source.AGENT, 0.97)
    assert [clue.valid for clue in resolution.clues] == [True, False]
    assert begun.warnings == ()


def test_a_header_of_the_users_own_is_read_first():
    keeper = make_keeper(Policy(session_headers=("X-My-Run",)))
    head = make_head((b"X-Claude-Code-Session-Id", b"theirs"), (b"x-my-run", b"mine"))
    assert keeper.begin(head).opened.resolution.session_id == "mine"


@pytest.mark.parametrize("capture", [b"full", b"metadata"])
def test_what_the_body_says_of_its_session_is_kept_also_without_content(capture):
    head = make_head((b"X-PandaProbe-Capture", capture))
    record = keep(make_exchange(head, {**QUESTION, "metadata": {"session_id": "s-1"}, "prompt_cache_key": "k"}))
    assert [(clue.source, clue.value, clue.valid) for clue in record.clues] == [
        (Source.BODY, "s-1", True),
        (Source.BODY, "k", False),
    ]


def test_no_canary_is_left_in_what_names_a_session():
    names = ("Helicone-Session-Id", "baggage", "X-Parent-Session-Id", "Helicone-Session-Path", "X-Claude-Code-Agent-Id")
    sent = [
        (name.encode(), f"session.id={CANARY}".encode() if name == "baggage" else CANARY.encode()) for name in names
    ]
    question = {**QUESTION, "session_id": CANARY, "metadata": {"user_id": f'{{"session_id": "{CANARY}"}}'}}
    record = keep(make_exchange(make_head(*sent, (b"Helicone-Property-A", CANARY.encode())), question))
    assert CANARY not in repr(record)
    assert len(record.clues) == 2 and record.opened.parent_session.startswith("[redacted:")


def test_a_call_that_no_dialect_reads_has_no_clues_of_its_body():
    assert keep(make_exchange(make_head(target=b"/v1/unheard-of"), question=b'{"session_id": "s"}')).clues == ()


def test_parent_path_and_agents_of_the_head_are_on_the_row():
    head = make_head(
        (b"X-PandaProbe-Parent-Session", b"outer"),
        (b"Helicone-Session-Path", b"/a/b"),
        (b"X-Claude-Code-Agent-Id", b"a-2"),
        (b"X-Claude-Code-Parent-Agent-Id", b"a-1"),
    )
    opened = make_keeper().begin(head).opened
    assert (opened.parent_session, opened.session_path, opened.agent, opened.parent_agent) == (
        "outer",
        "/a/b",
        "a-2",
        "a-1",
    )
