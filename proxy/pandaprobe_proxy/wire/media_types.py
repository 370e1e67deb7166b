"""What kind of image, audio or file bytes are, by how they begin."""

UNKNOWN = "application/octet-stream"
_BEGINNINGS = (
    (b"\x89PNG", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)
_RIFF = {b"WAVE": "audio/wav", b"WEBP": "image/webp"}


def sniff_type(data: bytes) -> str:
    """The content type that bytes look like."""
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], UNKNOWN)
    return next((kind for start, kind in _BEGINNINGS if data.startswith(start)), UNKNOWN)
