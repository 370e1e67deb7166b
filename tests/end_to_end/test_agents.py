"""Many agents in one process at once: each call in its own session, whatever carries the agent."""

import subprocess
import sys
import textwrap
from collections import Counter

AGENTS = """
    import asyncio
    import threading
    from concurrent.futures import ThreadPoolExecutor

    import pandaprobe
    from openai import AsyncOpenAI, OpenAI
    from pandaprobe.wrappers import wrap_openai

    client, other = OpenAI(max_retries=0), wrap_openai(AsyncOpenAI(max_retries=0))
    barrier = threading.Barrier(21)
    pool = ThreadPoolExecutor(4)

    def ask(stream=False):
        answer = client.chat.completions.create(
            model="gpt-4o", stream=stream, messages=[{"role": "user", "content": "Capital of France?"}]
        )
        return list(answer) if stream else answer

    def threaded(number):
        with pandaprobe.session(f"thread-{number}"):
            barrier.wait()
            ask()
            inner = threading.Thread(target=ask)
            inner.start()
            inner.join()
            pool.submit(ask).result()

    async def ask_async(stream=False):
        answer = await other.chat.completions.create(
            model="gpt-4o", stream=stream, messages=[{"role": "user", "content": "Capital of France?"}]
        )
        if stream:
            async for _ in answer:
                break  # abandoned
            await answer.close()

    async def tasked(number):
        async with pandaprobe.session(f"task-{number}"):
            await asyncio.gather(ask_async(), ask_async(stream=True))
            await asyncio.get_running_loop().run_in_executor(pool, ask)

    async def bare(number):
        pandaprobe.set_session(f"bare-{number}")
        await ask_async()
        for step in steps():
            await ask_async()

    @pandaprobe.trace
    def steps():
        with pandaprobe.session("of the generator only"):
            yield 1
            yield 2

    async def main():
        await asyncio.gather(*(tasked(n) for n in range(20)), *(bare(n) for n in range(20)))

    threads = [threading.Thread(target=threaded, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    barrier.wait()
    asyncio.run(main())
    for thread in threads:
        thread.join()
    pandaprobe.shutdown()
"""


def test_sixty_agents_in_threads_and_tasks_have_each_their_own_session(recording):
    program = [sys.executable, "-c", textwrap.dedent(AGENTS)]
    done = subprocess.run(program, env=recording.environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    recording.settled(calls=180)
    calls = recording.json("calls", "ls", "--limit", "500")["items"]
    counts = Counter(call["session_id"] for call in calls)
    names = [f"{kind}-{number}" for kind in ("thread", "task", "bare") for number in range(20)]
    assert counts == dict.fromkeys(names, 3)
    assert {call["source"] for call in calls} == {"header"}
