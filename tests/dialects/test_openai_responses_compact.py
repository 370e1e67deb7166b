import json

import pytest
import recorded
from exchanges import make_exchange
from pandaprobe_proxy.dialects.decode import decode
from pandaprobe_proxy.dialects.openai_responses_compact import matches
from responding import USAGE

COMPACTED = {
    "id": "resp_2",
    "object": "response.compaction",
    "created_at": 5,
    "output": [
        {"id": "msg_1", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "2+2?"}]},
        {"id": "cmp_1", "type": "compaction", "encrypted_content": "gAAA"},
    ],
    "usage": USAGE,
}


def test_the_path_is_known_by_its_end():
    assert matches("POST", "/v1/responses/compact", ()) and matches("POST", "/openai/v1/responses/compact/", ())
    assert not matches("GET", "/v1/responses/compact", ()) and not matches("POST", "/v1/compact", ())


def test_what_is_left_of_a_conversation_is_the_answer():
    body = {"model": "m", "instructions": "i", "input": [{"role": "user", "content": "2+2?"}]}
    path = "/v1/responses/compact"
    made = decode(make_exchange(json.dumps(body).encode(), json.dumps(COMPACTED).encode(), path=path))
    assert (made.operation, made.kind, made.requested_model) == ("compact", "LLM", "m")
    assert [each.role for each in made.input] == ["system", "user"]
    assert [each.role for each in made.output] == ["user", "assistant"]
    assert made.output[1].content == [COMPACTED["output"][1]]
    assert made.usage.input == 20 and not made.lossy and not made.partial


@pytest.mark.parametrize("name", recorded.names("responses.compact"))
def test_recorded_exchanges_are_whole(name):
    made = decode(recorded.exchange(name))
    assert made.operation == "compact" and made.output and made.usage.input and not made.lossy
