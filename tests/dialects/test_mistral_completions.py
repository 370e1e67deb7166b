import pytest
import recorded
from cuts import check_cuts
from dialects.samples.mistral_completions import CHUNKS, SAMPLES
from exchanges import events
from pandaprobe_proxy.dialects import openai_chat
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.mistral_completions import asked, matches, streamed
from pandaprobe_proxy.model.call import Message, ToolCall


@pytest.mark.parametrize("path", ["/v1/fim/completions", "/v1/agents/completions", "/mistral/v1/fim/completions/"])
def test_the_path_is_known_by_its_end(path):
    assert matches("POST", path, ()) and not matches("GET", path, ())


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/agents"])
def test_other_paths_are_not(path):
    assert not matches("POST", path, ())


def test_samples_are_read():
    code, agent = (decode(exchange) for _, exchange in SAMPLES)
    assert code.input == (Message("user", "def f():"),)
    assert (code.operation, code.parameters) == ("text_completion", {"suffix": "return x", "temperature": 0})
    assert (code.output[0].text, code.usage.output, code.lossy) == (" x = 1", 7, False)
    assert (agent.operation, agent.requested_model, agent.parameters["agent_id"]) == ("chat", None, "ag_1")
    assert agent.output[0].tool_calls == (ToolCall("c1", "weather", '{"city": "Oslo"}'),)
    assert (agent.usage.input, agent.partial, agent.tools) == (5, False, ({},))


def test_a_stream_may_be_cut_anywhere():
    check_cuts(streamed, events(*CHUNKS))


def test_another_path_is_no_completion_of_code():
    assert asked({"prompt": ["a", "b"]}, "/").operation is None


@pytest.mark.parametrize("name", recorded.names("_mistral_"))
def test_recorded_chats_are_openais(name):
    call = decode(recorded.exchange(name))
    assert (call.dialect, call.lossy, call.partial, call.error) == ("openai_chat", False, False, None)
    assert call.usage.input and call.output[0].finish_reason


@pytest.mark.parametrize(
    "path", sorted(recorded.FOLDER.glob("*_vercel_mistral_*.chunks.txt")), ids=lambda path: path.name
)
def test_recorded_chunks_are_openais(path):
    answer = check_cuts(openai_chat.streamed, events(*filter(None, path.read_text().split("\n"))))
    assert answer.finished and not answer.lossy and answer.messages[0].finish_reason
