# /// script
# dependencies = ["google-genai"]
# ///
"""google-genai: contents, streams, functions, chats, token counts, embeddings, errors."""

import asyncio
import os

from google import genai
from google.genai import errors, types
from telling import tell, tell_error

client = genai.Client(api_key="key", http_options=types.HttpOptions(base_url=os.environ["GEMINI_BASE_URL"]))
MODEL = "gemini-3"
declared = types.FunctionDeclaration(
    name="weather", parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}}
)


def fields(response):
    return response.model_dump(mode="json", exclude={"sdk_http_response"})


def weather(city: str) -> str:
    """The weather of a city."""
    return f"12 degrees in {city}"


async def concurrently():
    asked = [client.aio.models.generate_content(model=MODEL, contents=f"number {n}") for n in range(5)]
    tell("five at once", [fields(one) for one in await asyncio.gather(*asked)])
    stream = await client.aio.models.generate_content_stream(model=MODEL, contents="Say ü.")
    tell("async chunks", [fields(chunk) async for chunk in stream])


tell("content", fields(client.models.generate_content(model=MODEL, contents="Say ü and 🐼.")))
tell("chunks", [fields(chunk) for chunk in client.models.generate_content_stream(model=MODEL, contents="Say ü.")])
config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declared])])
tell("function", fields(client.models.generate_content(model=MODEL, contents="the weather?", config=config)))
config = types.GenerateContentConfig(tools=[weather])
tell("called", client.models.generate_content(model=MODEL, contents="the weather?", config=config).text)
chat = client.chats.create(model=MODEL)
tell("chat", [chat.send_message(words).text for words in ("one", "two")])
tell("count", client.models.count_tokens(model=MODEL, contents="how many?").total_tokens)
try:
    client.models.generate_content(model=MODEL, contents="x", config={"http_options": {"api_version": "v9"}})
except errors.APIError as error:
    tell_error("missing", error)
asyncio.run(concurrently())
