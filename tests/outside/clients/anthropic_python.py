# /// script
# dependencies = ["anthropic"]
# ///
"""anthropic: messages, tools, streams, the streaming helper, raw responses, token counts, errors."""

import asyncio

import anthropic
from telling import tell, tell_error

ASKED = {"model": "m", "max_tokens": 100, "messages": [{"role": "user", "content": "Say ü and 🐼."}]}
TOOLS = [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]
WEATHER = {**ASKED, "messages": [{"role": "user", "content": "What is the weather?"}], "tools": TOOLS}


def plainly(client):
    tell("message", client.messages.create(**ASKED))
    tell("tool", client.messages.create(**WEATHER))
    tell("events", list(client.messages.create(**ASKED, stream=True)))
    for asked in (ASKED, WEATHER):
        with client.messages.stream(**asked) as stream:
            tell("helper", [event.type for event in stream])
            tell("accumulated", stream.get_final_message())
    tell("count", client.messages.count_tokens(model="m", messages=ASKED["messages"]))
    raw = client.messages.with_raw_response.create(**ASKED)
    tell("raw", [raw.status_code, raw.headers["x-request-id"], raw.text()])
    with client.messages.with_streaming_response.create(**ASKED, stream=True) as response:
        tell("lines", list(response.iter_lines()))
    for model in ("missing", "limited", "broken"):
        try:
            client.with_options(max_retries=0).messages.create(**{**ASKED, "model": model})
        except anthropic.APIStatusError as error:
            tell_error(model, error)
    tell("retried", client.messages.create(**{**ASKED, "model": "flaky"}))


async def concurrently():
    async with anthropic.AsyncAnthropic() as client:
        asked = [{**ASKED, "messages": [{"role": "user", "content": f"number {n}"}]} for n in range(10)]
        tell("ten at once", await asyncio.gather(*(client.messages.create(**one) for one in asked)))
        async with client.messages.stream(**ASKED) as stream:
            tell("async text", [text async for text in stream.text_stream])


with anthropic.Anthropic() as sync_client:
    plainly(sync_client)
asyncio.run(concurrently())
