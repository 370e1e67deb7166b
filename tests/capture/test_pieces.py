import json
import os
import time
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.capture import pieces
from pandaprobe_proxy.capture.pieces import SMALLEST, cut

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=100),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
bodies = st.dictionaries(
    st.sampled_from(["messages", "input", "contents", "tools", "system", "model", "instructions"]), json_values
)


IMAGE = b64encode(bytes(range(256)) * 20).decode()
media = st.sampled_from([IMAGE, f"data:image/png;base64,{IMAGE}", IMAGE[:1023], f"see {IMAGE}", IMAGE * 2, "text"])
media_values = st.recursive(
    media | st.text(max_size=20) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["data", "url", "text", "api_key", "b64_json"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def message(text):
    return {"role": "user", "content": text * SMALLEST}


@given(bodies, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_the_pieces_joined_are_the_body(value, indent, ascii_only):
    body = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    assert b"".join(cut(body)) == body


@given(st.binary(max_size=200))
def test_any_bytes_can_be_joined_again(body):
    assert b"".join(cut(body)) == body
    assert b"".join(cut(b'{"messages":[' + body)) == b'{"messages":[' + body


def test_each_message_is_a_piece_of_its_own():
    messages = [message("a"), message("b"), message("c")]
    pieces = cut(json.dumps({"model": "m", "messages": messages}).encode())
    assert [json.dumps(each).encode() for each in messages] == [
        piece for piece in pieces if piece.startswith(b'{"role')
    ]


def test_a_history_that_grew_shares_every_earlier_piece():
    messages = [message(letter) for letter in "abcdef"]
    shorter, longer = (cut(json.dumps({"model": "m", "messages": messages[:n]}).encode()) for n in (5, 6))
    assert set(shorter[1:-1]) <= set(longer)


def test_tools_and_instructions_are_one_piece_each():
    tools = [{"type": "function", "function": {"name": "f" * SMALLEST}}]
    pieces = cut(json.dumps({"instructions": "i" * SMALLEST, "tools": tools, "input": "short"}).encode())
    assert json.dumps(tools).encode() in pieces
    assert json.dumps("i" * SMALLEST).encode() in pieces


def test_what_repeats_inside_one_body_is_still_joined_in_order():
    body = json.dumps({"system": "s" * 80, "messages": [message("a"), message("a"), message("a")]}).encode()
    assert b"".join(cut(body)) == body


def test_small_messages_are_not_worth_a_piece():
    body = b'{"messages":[{"role":"user","content":"hi"}]}'
    assert cut(body) == (body,)


def test_an_empty_body_has_no_pieces():
    assert cut(b"") == ()


def test_depth_without_end_stays_whole():
    body = b'{"messages":[' + b"[" * 100_000
    assert cut(body) == (body,)
    nested = b'{"messages":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
    assert b"".join(cut(nested)) == nested


@given(
    st.dictionaries(st.sampled_from(["messages", "input", "tools", "system", "data", "password"]), media_values),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_pieces_with_media_joined_are_the_body(value, indent, escaped):
    body = json.dumps(value, indent=indent).encode()
    body = body.replace(b"/", b"\\/") if escaped else body
    assert b"".join(cut(body)) == body
    assert all(cut(body))


@given(st.lists(st.sampled_from([IMAGE.encode(), b'"', b";base64,", b'{"messages":[', b"]}", b"\xff", b"x"])))
def test_any_bytes_with_media_in_them_can_be_joined_again(parts):
    assert b"".join(cut(b"".join(parts))) == b"".join(parts)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
        {"inlineData": {"mimeType": "image/png", "data": IMAGE}},
        {"type": "input_audio", "input_audio": {"data": IMAGE, "format": "wav"}},
        {"type": "input_image", "image_url": f"data:image/png;base64,{IMAGE}"},
        {"role": "user", "content": "what is it?", "images": [IMAGE]},
        {"type": "text", "text": f"![a picture](data:image/png;base64,{IMAGE})"},
    ],
)
def test_an_image_is_one_piece_whatever_is_around_it(part):
    first = cut(json.dumps({"messages": [{"role": "user", "content": [part]}]}).encode())
    other = {"type": "text", "text": "something else"}
    second = cut(json.dumps({"contents": [{"role": "user", "content": [other, part, other]}], "n": 2}).encode())
    assert IMAGE.encode() in first
    assert IMAGE.encode() in second


def test_media_of_an_answer_is_a_piece_in_json_and_in_a_stream():
    answer = json.dumps({"data": [{"b64_json": IMAGE}]}).encode()
    assert IMAGE.encode() in cut(answer)
    assert IMAGE.encode() in cut(b'event: x\ndata: {"type":"x","partial_image_b64":"' + IMAGE.encode() + b'"}\n\n')


@pytest.mark.parametrize("name", ["api_key", "client_secret", "refreshToken", "PASSWORD", "Authorization", "cookie"])
@pytest.mark.parametrize("between", [":", " : ", ":\n\t"])
@pytest.mark.parametrize("head", ["", "data:x/y;base64,"])
def test_a_long_secret_is_not_parted_from_the_name_that_says_so(name, between, head):
    body = f'{{"{name}"{between}"{head}{IMAGE}"}}'
    assert cut(body.encode()) == (body.encode(),)
    inner = json.dumps({"arguments": body.replace("\n\t", " ")})
    assert cut(inner.encode()) == (inner.encode(),)


def test_a_name_beyond_any_number_of_spaces_is_not_parted_either():
    body = b'{"api_key":' + b" " * 5000 + b'"' + IMAGE.encode() + b'"}'
    assert cut(body) == (body,)


def test_cutting_a_megabyte_takes_milliseconds():
    text = 'He said: "The quick brown fox." ' * 300
    talk = json.dumps({"messages": [{"role": "user", "content": text} for _ in range(100)]}).encode()
    image = json.dumps({"messages": [{"content": b64encode(os.urandom(750_000)).decode()}]}).encode()
    for body in (talk, image):
        began_s = time.process_time()
        cut(body)
        assert time.process_time() - began_s < 0.1


def test_there_are_only_so_many_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "MOST_PARTS", 3)
    body = json.dumps({"messages": [{"content": f"{i}" * 80} for i in range(9)]}).encode()
    assert len(cut(body)) == 7
    assert b"".join(cut(body)) == body
