# /// script
# dependencies = ["pydantic-ai-slim[openai,anthropic]"]
# ///
"""pydantic-ai: an agent with a tool, run and streamed, on OpenAI chat, OpenAI responses and Anthropic."""

import asyncio

from pydantic_ai import Agent
from telling import tell

MODELS = ("openai-chat:gpt-4o", "openai-responses:gpt-4o", "anthropic:claude-sonnet-4-5")


def make_agent(model):
    agent = Agent(model, instructions="Be brief.")

    @agent.tool_plain
    def weather(city: str) -> str:
        """The weather of a city."""
        return f"12 degrees in {city}"

    return agent


async def run():
    for model in MODELS:
        agent = make_agent(model)
        result = await agent.run("What is the weather?")
        tell(model, [result.output, [type(message).__name__ for message in result.all_messages()]])
        async with agent.run_stream("Say ü.") as stream:
            tell(f"{model} stream", [text async for text in stream.stream_text(delta=True, debounce_by=None)])


asyncio.run(run())
