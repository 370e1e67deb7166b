# /// script
# dependencies = ["litellm"]
# ///
"""litellm: completions and streams of OpenAI and Anthropic models, embeddings, errors."""

import asyncio
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from telling import tell, tell_error

ASKED = [{"role": "user", "content": "Say ü and 🐼."}]
litellm.telemetry = False


def told(response):
    choice = response.choices[0]
    return [choice.message.content, choice.finish_reason, response.usage.total_tokens]


def calls():
    for model in ("openai/gpt-4o", "anthropic/claude-sonnet-4-5"):
        tell(model, told(litellm.completion(model=model, messages=ASKED)))
        chunks = litellm.completion(model=model, messages=ASKED, stream=True)
        tell(f"{model} chunks", [chunk.choices[0].delta.content for chunk in chunks])
    tell("embedding", litellm.embedding(model="openai/text-embedding-3-small", input=["a"]).data)
    try:
        litellm.completion(model="openai/missing", messages=ASKED, max_retries=0)
    except litellm.exceptions.NotFoundError as error:
        tell_error("missing", error)


async def concurrently():
    asked = [[{"role": "user", "content": f"number {n}"}] for n in range(5)]
    answers = await asyncio.gather(*(litellm.acompletion(model="openai/gpt-4o", messages=one) for one in asked))
    tell("five at once", [told(answer) for answer in answers])


calls()
asyncio.run(concurrently())
