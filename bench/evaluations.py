"""What it costs to evaluate sessions: many of them, by every evaluator, on all processors.

    python bench/evaluations.py                     10,000 sessions of 20 calls
    python bench/evaluations.py --recorded DIR      recorded runs, again and again, instead of made ones

Prints seconds, CPU time per session, the memory of a process after a tenth and at the end, and how the time of one
session grows with its calls. Exits 1 if all of it takes more than 60 s, if a session of twice the calls takes more
than 2.6 times as long, or if memory grows by more than a tenth and 20 MB.
"""

import argparse
import itertools
import random
import resource
import sys
import time
from multiprocessing import get_context

from labelled import files, load
from pandaprobe_proxy.evaluate.gather import About, Told, gather
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from pandaprobe_proxy.model.call import Call, Message, ToolCall, Usage
from pandaprobe_proxy.sessions.conversation import merge
from pandaprobe_proxy.sessions.steps import Step

WORDS = (
    "order address payment delivery account refund invoice customer status pending shipped return exchange keyboard "
    "lamp bottle shelf jacket camera speaker confirm update cancel modify method credit card balance total price item"
).split()
TOOLS = ("get_order", "get_user", "search_products", "update_order", "cancel_order")
DEFINED = tuple(
    {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        },
    }
    for name in TOOLS
)
SECOND_NS = 1_000_000_000


def say(dice, count):
    return " ".join(dice.choices(WORDS, k=count))


def make_calls(number, count):
    """The messages of each call are those of the one before it and some more, as agents send them."""
    dice = random.Random(number)
    history = [Message("system", say(random.Random(0), 300)), Message("user", f"{say(dice, 25)} {number}")]
    for turn in range(count):
        at_ns = (number * 100 + turn) * SECOND_NS
        if turn % 2:
            answer = Message("assistant", f"{say(dice, 40)} ${dice.randrange(10**5) / 100}", finish_reason="stop")
            more = [Message("user", say(dice, 15))]
        else:
            name, known = dice.choice(TOOLS), f"A{dice.randrange(10**6):06}"
            tool = ToolCall(f"c{number}-{turn}", name, f'{{"id": "{known}"}}')
            answer = Message("assistant", None, tool_calls=(tool,), finish_reason="tool_calls")
            text = f'{{"id": "{known}", "name": "{say(dice, 3)}", "price": {dice.randrange(10**4) / 100}}}'
            more = [Message("tool", text if dice.random() < 0.9 else "Error: not found", tool_call_id=tool.id)]
        call = Call(
            "d", 1, "chat", "m", "m", input=tuple(history), output=(answer,), tools=DEFINED, usage=Usage(900, 40)
        )
        yield Step(f"k{number}-{turn}", at_ns, at_ns + SECOND_NS, call)
        history = [*history, answer, *more]


def make_session(number, count):
    steps = list(make_calls(number, count))
    told = (
        Told(step.call_id, step.call_id, step.started_ns, step.ended_ns, step.call, addition.said)
        for step, addition in zip(steps, merge(steps), strict=True)
    )
    return gather(About(f"s{number}", f"task-{number // 5}"), told)


def megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def evaluate_share(given):
    """Every second session of all: their traits, then their scores.

    (CPU seconds, those of making sessions up, MB early, MB at the end).
    """
    first, step, total, count = given
    began, made = time.process_time(), 0.0

    def make(number):
        nonlocal made
        at = time.process_time()
        session = make_session(number, count)
        made += time.process_time() - at
        return session

    setting = Setting(Peers(read_traits(make(number)) for number in range(first, total, step)))
    early = None
    for number in range(first, total, step):
        session = make(number)
        for _ in judge_all(session, read_traits(session), setting):
            pass
        if early is None and number > total / 10:
            early = megabytes()
    return time.process_time() - began, made, early, megabytes()


def time_one(count):
    """Milliseconds of CPU to evaluate a session of so many calls, once it is read."""
    setting = Setting()
    took = []
    for _ in range(3):
        sessions = [make_session(number, count) for number in range(12)]  # anew: a session keeps what was said of it
        traits = [read_traits(session) for session in sessions]
        began = time.process_time()
        for session, own in zip(sessions, traits, strict=True):
            for _ in judge_all(session, own, setting):
                pass
        took.append(time.process_time() - began)
    return 1e3 * min(took) / len(sessions)


def time_recorded(directory, total):
    runs = [run for path in files(directory) for run in load(path)]
    setting = Setting(Peers(read_traits(run.session) for run in runs))
    began = time.process_time()
    for run in itertools.islice(itertools.cycle(runs), total):
        for _ in judge_all(run.session, read_traits(run.session), setting):
            pass
    print(f"recorded runs: {1e3 * (time.process_time() - began) / total:.2f} ms of CPU per session")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--recorded", metavar="DIR")
    given = parser.parse_args()
    if given.recorded:
        return time_recorded(given.recorded, given.sessions)
    began = time.perf_counter()
    shares = [(first, given.processes, given.sessions, given.calls) for first in range(given.processes)]
    with get_context("spawn").Pool(given.processes) as pool:
        done = pool.map(evaluate_share, shares)
    took = time.perf_counter() - began
    cpu, made = (sum(one[at] for one in done) for at in (0, 1))
    print(
        f"{given.sessions} sessions of {given.calls} calls: {took:.1f} s on this machine as it was,"
        f" {cpu / given.processes:.1f} s of CPU per process, {1e3 * cpu / given.sessions:.2f} ms per session,"
        f" of which {1e3 * made / given.sessions:.2f} are for making it up, twice"
    )
    grown = max(late - early for *_, early, late in done)
    print(
        f"memory: {max(early for *_, early, _ in done):.0f} MB a process after a tenth, {grown:.0f} MB more at the end"
    )
    times = {count: time_one(count) for count in (20, 40, 80, 160)}
    print("one session: " + ", ".join(f"{count} calls {ms:.2f} ms" for count, ms in times.items()))
    growth = max(times[2 * count] / times[count] for count in (20, 40, 80))
    print(f"twice the calls take at most {growth:.2f} times as long")
    return int(cpu / given.processes > 60 or growth > 2.6 or grown > 20 + max(early for *_, early, _ in done) / 10)


if __name__ == "__main__":
    sys.exit(main())
