# /// script
# dependencies = ["openai[realtime]"]
# ///
"""openai: sync, async, streaming helpers, raw and streaming responses, files, audio, images, realtime, errors."""

import asyncio
import io

import openai
from pydantic import BaseModel
from telling import tell, tell_error

ASKED = [{"role": "user", "content": "Say ü and 🐼."}]
WEATHER = [{"role": "user", "content": "What is the weather?"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
                "additionalProperties": False,
            },
        },
    }
]


class Weather(BaseModel):
    city: str
    degrees: int


def chats(client):
    tell("chat", client.chat.completions.create(model="m", messages=ASKED))
    tell("tool", client.chat.completions.create(model="m", messages=WEATHER, tools=TOOLS))
    tell("parsed", client.chat.completions.parse(model="m", messages=ASKED, response_format=Weather))
    chunks = client.chat.completions.create(
        model="m", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    tell("chunks", list(chunks))
    with client.chat.completions.stream(model="m", messages=WEATHER, tools=TOOLS) as stream:
        tell("events", [event.type for event in stream])
        tell("accumulated", stream.get_final_completion())
    raw = client.chat.completions.with_raw_response.create(model="m", messages=ASKED)
    tell("raw", [raw.status_code, raw.headers["x-request-id"], raw.text])
    with client.chat.completions.with_streaming_response.create(model="m", messages=ASKED, stream=True) as response:
        tell("lines", list(response.iter_lines()))


def others(client):
    tell("response", client.responses.create(model="m", input="Say ü."))
    tell("response chunks", list(client.responses.create(model="m", input="Say ü.", stream=True)))
    with client.responses.stream(model="m", input="Say ü.") as stream:
        tell("response events", [event.type for event in stream])
        tell("response whole", stream.get_final_response())
    tell("embeddings", client.embeddings.create(model="e", input=["a", "b"]))
    tell("models", [model.id for model in client.models.list()])
    tell("image", client.images.generate(model="i", prompt="a panda"))


def files(client):
    made = client.files.create(file=("lines.jsonl", io.BytesIO(b'{"a": 1}\n')), purpose="batch")
    tell("file", made)
    tell("files", [file.id for file in client.files.list()])
    tell("content", client.files.content(made.id).read())
    tell("deleted", client.files.delete(made.id))


def audio(client):
    tell("speech", client.audio.speech.create(model="t", voice="alloy", input="Hello.").content)
    with client.audio.speech.with_streaming_response.create(model="t", voice="alloy", input="Hello.") as response:
        tell("speech in pieces", b"".join(response.iter_bytes(1000)))
    sound = ("sound.mp3", bytes(range(256)) * 400)
    tell("transcript", client.audio.transcriptions.create(model="w", file=sound))


def errors(client):
    for model in ("missing", "limited", "broken"):
        try:
            client.with_options(max_retries=0).chat.completions.create(model=model, messages=ASKED)
        except openai.APIStatusError as error:
            tell_error(model, error)
    tell("retried", client.with_options(max_retries=2).chat.completions.create(model="flaky", messages=ASKED))


async def concurrently():
    async with openai.AsyncOpenAI() as client:
        asked = [[{"role": "user", "content": f"number {n}"}] for n in range(20)]
        answers = await asyncio.gather(*(client.chat.completions.create(model="m", messages=one) for one in asked))
        tell("twenty at once", answers)
        stream = await client.chat.completions.create(model="m", messages=ASKED, stream=True)
        tell("async chunks", [chunk async for chunk in stream])
        async with client.realtime.connect(model="realtime-1") as connection:
            part = {"type": "input_text", "text": "Say ü."}
            await connection.conversation.item.create(item={"type": "message", "role": "user", "content": [part]})
            await connection.response.create()
            told = []
            async for event in connection:
                told.append(event)
                if event.type == "response.done":
                    break
            tell("realtime", told)


with openai.OpenAI() as sync_client:
    for part in (chats, others, files, audio, errors):
        part(sync_client)
asyncio.run(concurrently())
