import pytest
from pandaprobe_proxy.wire.media_types import UNKNOWN, sniff_type


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF....WEBPVP8", "image/webp"),
        (b"RIFF....WAVEfmt", "audio/wav"),
        (b"RIFF....AVI ", UNKNOWN),
        (b"ID3\x04", "audio/mpeg"),
        (b"\xff\xf3\x84", "audio/mpeg"),
        (b"%PDF-1.7", "application/pdf"),
        (b"", UNKNOWN),
    ],
)
def test_the_type_is_what_the_bytes_look_like(data, kind):
    assert sniff_type(data) == kind
