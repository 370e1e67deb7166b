"""What the shim costs an app that runs without a sidecar.

    python bench/shim.py

Prints microseconds per use of each name, the median of several rounds, beside an empty `with` block and an empty call
of the same process. Exits 1 if any name costs 2 µs or more over that.
"""

import os
import statistics
import sys
import time

for name in [name for name in os.environ if name.startswith(("PANDAPROBE_", "OPENAI_", "ANTHROPIC_"))]:
    del os.environ[name]

import pandaprobe  # noqa: E402 - it reads the environment when it is first used

ROUNDS, TIMES, LIMIT_US = 9, 20_000, 2.0


class Empty:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def bare():
    return None


@pandaprobe.trace
def traced():
    return None


@pandaprobe.span
def spanned():
    return None


@pandaprobe.session("conversation-0123456789")
def scoped():
    return None


def use_empty():
    with Empty():
        pass


def use_session():
    with pandaprobe.session("conversation-0123456789"):
        pass


def use_user():
    with pandaprobe.user("user-0123456789"):
        pass


def use_trace():
    with pandaprobe.start_trace("work") as opened, opened.span("step") as step:
        step.set_output("done")


def use_set_session():
    pandaprobe.set_session("conversation-0123456789")


def use_score():
    pandaprobe.score("id", "quality", 1)


NAMES = {
    "with session(...)": (use_session, use_empty),
    "with user(...)": (use_user, use_empty),
    "with start_trace(...), span(...)": (use_trace, use_empty),
    "set_session(...)": (use_set_session, bare),
    "score(...)": (use_score, bare),
    "flush()": (pandaprobe.flush, bare),
    "@trace": (traced, bare),
    "@span": (spanned, bare),
    "@session(...)": (scoped, bare),
}


def time_us(function):
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(TIMES):
            function()
        rounds.append((time.perf_counter() - started) / TIMES * 1e6)
    return statistics.median(rounds)


def main():
    over = []
    for name, (function, empty) in NAMES.items():
        cost_us, empty_us = time_us(function), time_us(empty)
        over += [name] if cost_us - empty_us >= LIMIT_US else []
        print(f"{name:<34} {cost_us:6.2f} µs, {cost_us - empty_us:6.2f} µs over nothing ({empty_us:.2f} µs)")
    sys.exit(f"2 µs or more: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
