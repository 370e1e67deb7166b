from hashlib import sha256

import pytest
from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, keep_answer, refuse_stream


def test_a_dialect_without_streams_refuses_one():
    with pytest.raises(ValueError, match="not known to be streamed"):
        refuse_stream([])


def test_nothing_said_is_nothing_known():
    assert Asked() == Asked(None, (), (), {}, False)
    assert Answered().finished and not Answered().lossy


def test_a_blob_is_described_by_type_size_and_hash():
    said = {"content_type": "audio/wav", "bytes": 4, "sha256": sha256(b"RIFF").hexdigest()}
    assert Blob("audio/wav", b"RIFF").describe() == said
    assert Blob("audio/wav", b"RIFF", "a.wav").describe() == said | {"filename": "a.wav"}


def test_headers_add_nothing_unless_a_dialect_says_so():
    answered = Answered(model="m")
    assert keep_answer(answered, ((b"a", b"b"),)) is answered
