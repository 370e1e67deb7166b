"""Forms in parts."""

import pytest
from pandaprobe_proxy.wire.errors import WireError
from pandaprobe_proxy.wire.multipart import MAX_PARTS, Part, read_parts

FORM = "multipart/form-data; boundary=xyz"


def form(*parts):
    return b"".join(b"--xyz\r\n" + part + b"\r\n" for part in parts) + b"--xyz--\r\n"


FIELD = b'Content-Disposition: form-data; name="model"\r\n\r\nwhisper-1'
FILE = b'Content-Disposition: form-data; name="file"; filename="a.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n\x00\r\n\xff'


def test_fields_and_files_are_parts():
    assert read_parts(form(FIELD, FILE), FORM) == [
        Part("model", None, "", b"whisper-1"),
        Part("file", "a.mp3", "audio/mpeg", b"\x00\r\n\xff"),
    ]


def test_a_boundary_may_be_quoted():
    assert len(read_parts(form(FIELD), 'multipart/form-data; boundary="xyz"')) == 1


def test_a_part_that_breaks_off_is_left_out():
    assert [part.name for part in read_parts(form(FIELD, FILE)[:-20], FORM)] == ["model"]


def test_a_part_without_a_name_or_a_head_is_nobodys():
    parts = read_parts(form(b"no head at all", b": odd\r\n\r\nx"), FORM)
    assert parts == [Part("", None, "", b"x")]


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_without_a_boundary_it_cannot_be_read(content_type):
    with pytest.raises(WireError, match="no boundary"):
        read_parts(form(FIELD), content_type)


def test_too_many_parts_are_refused():
    with pytest.raises(WireError, match="more than 1000 parts"):
        read_parts(form(*([FIELD] * (MAX_PARTS + 2))), FORM)
