# /// script
# dependencies = ["openai-agents"]
# ///
"""openai-agents: a run with a tool and a hand-off, on responses and on chat completions, plain and streamed."""

import asyncio

from agents import Agent, Runner, function_tool, set_default_openai_api, set_tracing_disabled
from telling import tell


@function_tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"12 degrees in {city}"


async def run():
    set_tracing_disabled(True)
    for api in ("responses", "chat_completions"):
        set_default_openai_api(api)
        agent = Agent(name="forecaster", instructions="Be brief.", tools=[weather], model="gpt-4o")
        result = await Runner.run(agent, "What is the weather?")
        tell(api, [result.final_output, [type(item).__name__ for item in result.new_items]])
        streamed = Runner.run_streamed(agent, "What is the weather?")
        tell(f"{api} events", [event.type async for event in streamed.stream_events()])
        tell(f"{api} streamed", streamed.final_output)


asyncio.run(run())
