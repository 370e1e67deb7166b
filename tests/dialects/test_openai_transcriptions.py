import pytest
from exchanges import events
from pandaprobe_proxy.dialects.base import Blob
from pandaprobe_proxy.dialects.openai_transcriptions import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.model.call import CallError, Message, Usage, UsageSource

AUDIO = Blob("audio/wav", b"RIFF", "a.wav")
TOKENS = {"type": "tokens", "input_tokens": 14, "output_tokens": 2, "input_token_details": {"audio_tokens": 13}}
DELTAS = (
    {"type": "transcript.text.delta", "delta": ""},
    {"type": "transcript.text.delta", "delta": "Good ", "logprobs": [{"token": "Good "}]},
    {"type": "transcript.text.segment", "id": "seg_1", "speaker": "A", "text": "Good day.", "start": 0, "end": 1},
    {"type": "transcript.text.delta", "delta": "day.", "logprobs": [{"token": "day."}]},
)
DONE = {"type": "transcript.text.done", "text": "Good day.", "usage": TOKENS}


def test_the_path_and_the_method_tell():
    assert matches("POST", "/v1/audio/transcriptions", ()) and matches("POST", "/x/v1/audio/translations", ())
    assert not matches("GET", "/v1/audio/translations", ()) and not matches("POST", "/v1/audio/transcription", ())


def test_a_form_is_audio_a_prompt_and_parameters():
    body = {"model": "m", "file": AUDIO, "prompt": "a talk", "stream": "true", "x": AUDIO}
    read = asked(body, "/v1/audio/translations")
    assert read.messages == (
        Message("user", [{"type": "audio"} | AUDIO.describe(), {"type": "text", "text": "a talk"}]),
    )
    assert (read.model, read.stream, read.operation) == ("m", True, "translation")
    assert read.parameters == {"stream": "true", "x": AUDIO.describe()}
    assert asked({}, "/v1/audio/transcriptions").operation == "transcription"
    assert asked({"file": "no file"}, "/").parameters == {"file": "no file"}


def test_an_answer_is_its_text():
    read = answered({"text": "Good day.", "language": "english", "segments": [{"id": 0}], "usage": TOKENS})
    assert read.messages == (Message("assistant", "Good day."),) and not read.lossy
    assert read.extra == {"language": "english", "segments": [{"id": 0}]}
    assert (read.usage.input, read.usage.output, read.usage.audio_input) == (14, 2, 13)


def test_a_duration_is_no_tokens():
    read = answered({"text": "", "usage": {"type": "duration", "seconds": 3}})
    assert read.usage == Usage(raw={"type": "duration", "seconds": 3}) and read.usage.source is UsageSource.NONE
    assert read.messages == (Message("assistant", ""),)


def test_a_text_of_its_own_is_the_text():
    read = answered(Blob("text/vtt", "WEBVTT\n\nGrüezi".encode()))
    assert read.messages[0].text == "WEBVTT\n\nGrüezi" and read.extra == {"content_type": "text/vtt"}


def test_an_error_is_an_error_and_anything_else_a_surprise():
    assert answered({"error": {"message": "m"}}).error == CallError("m")
    assert not answered({"error": {"message": "m"}}).lossy
    assert answered({"text": 5}).lossy and answered({}).lossy


def test_a_stream_is_the_text_that_it_ends_with():
    read = streamed(events(*DELTAS, DONE, done=False))
    assert read.messages == (Message("assistant", "Good day."),) and read.usage.audio_input == 13
    assert (read.finished, read.lossy, read.first_content) == (True, False, 2)
    assert read.extra["logprobs"] == [{"token": "Good "}, {"token": "day."}]
    assert read.extra["segments"] == [{"id": "seg_1", "speaker": "A", "text": "Good day.", "start": 0, "end": 1}]


@pytest.mark.parametrize("end", range(5))
def test_a_stream_that_breaks_off_has_the_text_that_came(end):
    read = streamed(events(*DELTAS[:end], done=False))
    assert "".join(message.text for message in read.messages) == ("", "", "Good ", "Good ", "Good day.")[end]
    assert not read.finished and not read.lossy


def test_what_is_not_known_is_kept():
    odd = [{"type": "transcript.new"}, {"type": "transcript.text.delta"}, {"type": "transcript.text.done"}]
    read = streamed(events(*odd, {"error": {"message": "m"}}))
    assert read.extra == {"events": odd} and read.error == CallError("m") and not read.finished


def test_the_dialect_takes_what_is_no_json():
    assert DIALECT.blobs and not DIALECT.counts_tokens
