import pytest
from pandaprobe_proxy.dialects.openai_content import AudioFold, ContentFold, ListFold


def fold(*deltas: object) -> object:
    content = ContentFold()
    for delta in deltas:
        content.add(delta)
    return content.finish()


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def thinking(*values: str, **more: object) -> dict[str, object]:
    return {"type": "thinking", "thinking": [text(value) for value in values], **more}


@pytest.mark.parametrize(
    ("deltas", "content"),
    [
        ((), None),
        (("",), ""),
        (("a", "", "b"), "ab"),
        (([text("a")], "b", [text("c")]), [text("abc")]),
        (([thinking("h")], [thinking("m", closed=True)], "a", "b"), [thinking("hm", closed=True), text("ab")]),
        (([],), None),
        (("a", [{"type": "image_url"}], "b"), [text("a"), {"type": "image_url"}, text("b")]),
        (([{"type": "text", "text": 5}, 7, "s"],), [{"type": "text", "text": 5}, 7, text("s")]),
        (([{"type": "text", "text": "a", "x": 1}, text("b")],), [{"type": "text", "text": "a", "x": 1}, text("b")]),
        (([{"type": "thinking", "thinking": "t"}],), [{"type": "thinking", "thinking": "t"}]),
    ],
)
def test_deltas_are_joined(deltas, content):
    assert fold(*deltas) == content


def test_a_delta_that_is_neither_text_nor_list_is_kept_and_told():
    content = ContentFold()
    assert content.add("a") and content.add([])
    assert not content.add({"odd": 1})
    assert content.finish() == [text("a"), {"odd": 1}]


def test_lists_grow_and_the_rest_is_merged():
    lists, first = ListFold(), {"content": [1], "refusal": None, "model": "a"}
    lists.add(first)
    lists.add({"content": [2], "refusal": [3], "model": "b"})
    assert lists.finish() == {"content": [1, 2], "refusal": [3], "model": "b"}
    assert first["content"] == [1], "what was parsed is not changed"


def test_audio_grows_and_its_id_is_set():
    audio = AudioFold()
    for piece in (
        {"id": "a", "data": "AA"},
        {"data": "BB", "transcript": "hel"},
        {"transcript": "lo", "expires_at": 5},
    ):
        audio.add(piece)
    audio.add({"data": 5})
    assert audio.finish() == {"id": "a", "data": "AABB", "transcript": "hello", "expires_at": 5}
