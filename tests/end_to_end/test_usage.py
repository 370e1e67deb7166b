"""With `--inject-usage`, a stream whose app asked for no usage has one in the record, and the app sees none of it."""

import json

import openai
import pytest
from sidecar import sidecar


@pytest.mark.parametrize(
    ("flags", "source", "known"), [((), "estimated", False), (("--inject-usage",), "injected", True)]
)
def test_a_stream_without_a_usage_gets_one_only_where_that_is_wanted(tmp_path, upstream, flags, source, known):
    with sidecar(tmp_path / "data", upstream.url, *flags) as recording:
        client = openai.OpenAI(base_url=recording.url, api_key="k", max_retries=0)
        asked = [{"role": "user", "content": "Capital of France?"}]
        with client.chat.completions.create(model="m", messages=asked, stream=True) as stream:
            chunks = list(stream)
        client.close()
        recording.settled(calls=1)
        (call,) = recording.json("calls", "ls")["items"]
        sent = json.loads(recording.cli("calls", "show", call["call_id"], "--request"))
        shown = recording.json("calls", "show", call["call_id"])
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Paris."
    assert call["usage"]["source"] == source == shown["call"]["usage"]["source"]
    assert ((call["usage"]["input"], call["usage"]["output"]) == (21, 9)) is known
    assert "stream_options" not in sent and ("stream_options" in upstream.seen[-1].json) is known
