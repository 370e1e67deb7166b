import json

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


def test_there_are_only_so_many_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "MOST_PARTS", 3)
    body = json.dumps({"messages": [{"content": f"{i}" * 80} for i in range(9)]}).encode()
    assert len(cut(body)) == 7
    assert b"".join(cut(body)) == body
