import pytest
import recorded
from exchanges import events
from pandaprobe_proxy.dialects.anthropic_complete import DIALECT, answered, asked, matches, streamed
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.model.call import CallError, Message, UsageSource

PIECE = {"type": "completion", "id": "compl_1", "model": "claude-2.1", "stop_reason": None, "stop": None, "log_id": "l"}
PIECES = [
    PIECE | {"completion": ""},
    {"type": "ping"},
    PIECE | {"completion": " Light"},
    PIECE | {"completion": " scatters"},
    PIECE | {"completion": "", "stop_reason": "stop_sequence", "stop": "\n\nHuman:"},
]


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/anthropic/v1/complete", ()) and matches("POST", "v1/complete/", ())
    assert not matches("GET", "/v1/complete", ()) and not matches("POST", "/complete", ())


def test_a_request_is_a_prompt():
    read = asked({"model": "claude-2.1", "prompt": "\n\nHuman: hi", "stream": True, "max_tokens_to_sample": 5}, "/")
    assert (read.model, read.messages, read.stream) == ("claude-2.1", (Message("user", "\n\nHuman: hi"),), True)
    assert read.parameters == {"stream": True, "max_tokens_to_sample": 5}


def test_an_answer_is_one_text():
    read = answered(PIECE | {"completion": " Light", "stop_reason": "stop_sequence", "stop": "|"})
    assert read.messages == (Message("assistant", " Light", finish_reason="stop_sequence", extra={"stop": "|"}),)
    assert (read.model, read.response_id, read.extra, read.lossy) == ("claude-2.1", "compl_1", {"log_id": "l"}, False)


def test_an_error_is_an_error_and_an_unknown_shape_is_told():
    assert answered({"error": {"message": "m"}}).error == CallError("m")
    assert not answered({"error": {"message": "m"}}).lossy and answered({"completion": 5}).lossy


def test_a_stream_is_its_pieces():
    read = streamed(events(*PIECES, done=False))
    assert read.messages[0].content == " Light scatters" and read.messages[0].finish_reason == "stop_sequence"
    assert (read.finished, read.lossy, read.first_content, read.response_id) == (True, False, 3, "compl_1")


@pytest.mark.parametrize("length", range(len(PIECES)))
def test_a_stream_that_breaks_off_gives_what_came(length):
    read = streamed(events(*PIECES[:length], done=False))
    assert not read.finished and not read.lossy and len(read.messages) == (length > 0)


def test_a_stream_may_end_in_an_error():
    read = streamed(events(*PIECES[:3], {"type": "error", "error": {"message": "m"}}, done=False))
    assert read.error == CallError("m") and read.messages[0].content == " Light" and not read.finished


@pytest.mark.parametrize("chunk", ["{broken", "5", {"type": "completion", "completion": 5}])
def test_what_cannot_be_placed_is_told(chunk):
    read = streamed(events(PIECES[2], chunk, done=False))
    assert read.messages[0].content == " Light" and read.lossy
    assert not streamed(events({"type": "completion"}, done=False)).messages


def test_the_dialect_has_a_name_and_a_version():
    assert (DIALECT.name, DIALECT.operation) == ("anthropic_complete", "text_completion") and DIALECT.version >= 1


@pytest.mark.parametrize("name", recorded.names("anthropic_complete"))
def test_recorded_traffic_is_placed_whole(name):
    call = decode(recorded.exchange(name))
    assert call is not None and call.dialect == "anthropic_complete" and not call.lossy and not call.partial
    assert call.output[0].text and call.usage.source is UsageSource.ESTIMATED
