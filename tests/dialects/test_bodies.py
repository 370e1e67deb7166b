"""Bodies as a dialect reads them. How codings are undone with their times is tested with `decode`."""

import gzip

import pytest
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.bodies import Plain, read_body, read_form, read_type, undo

FORM = "multipart/form-data; boundary=b"


def form(*parts: tuple[str, bytes]) -> bytes:
    head = b"--b\r\nContent-Disposition: form-data; %b\r\n%b\r\n"
    return b"".join(head % (name.encode(), data) for name, data in parts) + b"--b--\r\n"


def test_a_json_object_is_itself_whatever_its_type():
    assert read_body(b' {"a": 1}', "application/json") == {"a": 1}
    assert read_body(b'{"a": 1}', "text/plain", blobs=False) == {"a": 1}
    assert read_body(b'{"a": 1}', "application/problem+json; charset=utf-8", blobs=True) == {"a": 1}


@pytest.mark.parametrize("body", [b"[1]", b"1", b'"x"', b"null"])
def test_json_that_is_no_object_is_refused(body):
    with pytest.raises(ValueError, match="no object"):
        read_body(body, "application/json")


def test_what_is_no_json_is_a_blob_where_one_may_come():
    assert read_body(b"1\n00:00", "Text/SRT; charset=utf-8", blobs=True) == Blob("text/srt", b"1\n00:00")
    assert read_body(b'"said"', "application/json", blobs=True) == Blob("application/json", b'"said"')
    with pytest.raises(ValueError, match="line 1 column 1"):
        read_body(b"said", "text/plain")


def test_a_form_is_its_fields():
    body = form(
        ('name="model"\r\n', b"whisper-1"),
        ('name="include[]"\r\n', b"logprobs"),
        ('name="include[]"\r\n', b"x\xff"),
        ('name="include[]"\r\n', b"y"),
        ('name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n', b"RIFF"),
    )
    assert read_body(body, FORM) == {
        "model": "whisper-1",
        "include[]": ["logprobs", "x\ufffd", "y"],
        "file": Blob("audio/wav", b"RIFF", "a.wav"),
    }


def test_a_form_without_a_boundary_is_refused():
    with pytest.raises(ValueError, match="boundary"):
        read_form(b"--b--", "multipart/form-data")


def test_the_type_is_the_first_one():
    assert read_type(()) == ""
    assert read_type(((b"a", b"b"), (b"Content-Type", b" a/b; c=d "), (b"content-type", b"x"))) == "a/b; c=d"


def test_a_plain_body_is_itself_with_its_pieces():
    assert undo(b"abc", (), ((1, 2), (2, 1))) == Plain(b"abc", ((1, 2), (2, 1)))
    assert undo(b"abc", (), ((1, 2),)) == Plain(b"abc")


def test_a_coded_body_is_undone_piece_by_piece_or_as_a_whole():
    packed = gzip.compress(b"hello")
    headers = ((b"content-encoding", b"gzip"),)
    assert undo(packed, headers, ((5, len(packed)),)) == Plain(b"hello", ((5, 5),))
    assert undo(packed, headers, ()) == Plain(b"hello")


def test_what_cannot_be_undone_is_told():
    assert undo(b"x", ((b"content-encoding", b"rot13"),), ()).problem
    assert undo(b"hello there", ((b"content-encoding", b"gzip"),), ()).problem
    assert "breaks off" in undo(gzip.compress(b"hello")[:-9], ((b"content-encoding", b"gzip"),), ()).problem
