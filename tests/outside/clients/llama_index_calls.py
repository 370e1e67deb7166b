# /// script
# dependencies = ["llama-index-core", "llama-index-llms-openai"]
# ///
"""llama-index: chat, completion, streams, and an agent with a tool, by its OpenAI class."""

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.llms.openai import OpenAI, OpenAIResponses
from telling import tell

BASE = os.environ["OPENAI_BASE_URL"]


def weather(city: str) -> str:
    """The weather of a city."""
    return f"12 degrees in {city}"


async def run_agent(model):
    agent = FunctionAgent(tools=[weather], llm=model, system_prompt="Be brief.")
    return str(await agent.run(user_msg="What is the weather?"))


for made in (OpenAI, OpenAIResponses):
    model = made(model="gpt-4o", api_base=BASE, max_retries=0)
    name = made.__name__
    asked = [ChatMessage(role="user", content="Say ü and 🐼.")]
    tell(f"{name} chat", model.chat(asked).message.content)
    tell(f"{name} complete", model.complete("Say ü.").text)
    tell(f"{name} stream", [chunk.delta for chunk in model.stream_chat(asked)])
    tell(f"{name} agent", asyncio.run(run_agent(model)))
