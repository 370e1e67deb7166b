import pytest
from exchanges import events
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.openai_speech import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message

DELTAS = ({"type": "speech.audio.delta", "audio": "SUQz"}, {"type": "speech.audio.delta", "audio": "BAA="})
DONE = {"type": "speech.audio.done", "usage": {"input_tokens": 3, "output_tokens": 50, "total_tokens": 53}}
AUDIO = Message("assistant", [{"type": "audio"} | Blob("audio/mpeg", b"ID3\x04\x00").describe()])


def test_the_path_and_the_method_tell():
    assert matches("POST", "/v1/audio/speech", ()) and matches("POST", "/openai/v1/audio/speech/", ())
    assert not matches("GET", "/v1/audio/speech", ()) and not matches("POST", "/v1/audio/speeches", ())


def test_a_request_is_its_text_and_how_to_say_it():
    read = asked({"model": "tts", "input": "Hi", "instructions": "slowly", "voice": "ash", "stream_format": "sse"}, "")
    assert read.messages == (Message("system", "slowly"), Message("user", "Hi")) and read.stream
    assert read.parameters == {"voice": "ash", "stream_format": "sse"} and read.model == "tts"


def test_audio_is_told_by_type_size_and_hash():
    read = answered(Blob("audio/mpeg", b"ID3\x04\x00"))
    assert read.messages == (AUDIO,) and read.finished and not read.lossy


@pytest.mark.parametrize(("body", "lossy"), [({"error": {"message": "m"}}, False), ({"x": 1}, True)])
def test_json_is_an_error_or_a_surprise(body, lossy):
    read = answered(body)
    assert (read.lossy, read.extra, read.error) == (lossy, body, None if lossy else CallError("m"))


def test_a_stream_is_its_audio_joined():
    read = streamed(events(*DELTAS, DONE, done=False))
    assert read.messages == (AUDIO,) and (read.finished, read.lossy, read.first_content) == (True, False, 1)
    assert (read.usage.input, read.usage.output) == (3, 50)


def test_a_stream_that_breaks_off_has_what_came():
    for end in range(3):
        read = streamed(events(*DELTAS[:end], done=False))
        assert not read.finished and not read.lossy and len(read.messages) == min(end, 1)


def test_what_is_not_known_is_kept():
    odd = [{"type": "speech.new"}, {"type": "speech.audio.delta"}, {"type": "speech.audio.delta", "audio": "é"}]
    read = streamed(events(*odd, {"type": "speech.audio.done"}, done=False))
    assert read.extra == {"events": odd} and read.finished and read.messages == ()


def test_the_dialect_takes_what_is_no_json():
    assert DIALECT.blobs and DIALECT.operation == "speech"
