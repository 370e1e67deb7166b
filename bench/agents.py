"""Agents that talk to a model, made from a seed: what they send and get, when, and in which session it truly is.

A conversation is a generator of Turns; several run at once. Used by `grouping.py`.
"""

import base64
import json
import random
from dataclasses import dataclass, field

WORDS = (
    "agent tool result order customer refund policy airline flight seat booking payment status error retry file code "
    "function return value list index search page document query answer reason because therefore however step plan "
    "next check update delete create user account email address name number date time price total item product"
).split()
SYSTEM = {"role": "system", "content": "You are a careful assistant. Use the tools. Answer in one paragraph."}
GREETING = {"role": "user", "content": "Please look at my last order and tell me what went wrong with it."}


@dataclass
class Turn:
    """One call: what is asked, what comes back, and how."""

    messages: list
    answer: dict | None
    session: str
    status: int = 200
    tools: list = field(default_factory=list)
    client: str = "10.0.0.1:4711"
    key: str = "Bearer sk-the-key-of-the-one-team"
    retry: int | None = None
    broken: bool = False
    """The client left before the end of the stream, with what had come."""
    parent: str = ""
    """The session whose agent began this one."""


class Agent:
    """Makes the turns of one conversation of a difficulty class."""

    def __init__(self, name, number, seed):
        self.dice = random.Random(f"{seed}-{name}-{number}")
        self.name = name
        self.session = f"{name}-{number}"
        self.number = number
        self.system = SYSTEM
        self.tools = [{"type": "function", "function": {"name": f"tool_{i}", "parameters": {}}} for i in range(4)]

    def prose(self, low, high):
        words = [self.dice.choice(WORDS) for _ in range(self.dice.randint(low, high))]
        return " ".join(words) + f" {self.dice.randrange(10**6)}."

    def user(self, text=None):
        return {"role": "user", "content": text or self.prose(6, 20)}

    def says(self, text=None):
        return {"role": "assistant", "content": text or self.prose(8, 60)}

    def calls_tool(self, identifier=None, name="tool_1", **arguments):
        identifier = identifier or f"call_{self.dice.getrandbits(96):024x}"
        function = {"name": name, "arguments": json.dumps(arguments or {"query": self.prose(2, 3)})}
        call = {"id": identifier, "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}

    def result(self, answer, text=None):
        return {
            "role": "tool",
            "tool_call_id": answer["tool_calls"][0]["id"],
            "content": text or self.prose(10, 80),
        }

    def turn(self, messages, answer, **more):
        more = {"session": self.session, "tools": self.tools} | more
        return Turn([self.system, *messages], answer, **more)

    def chat(self, history, turns, **more):
        """Questions and answers that go on from a history, which grows."""
        for _ in range(turns):
            answer = self.says()
            yield self.turn(list(history), answer, **more)
            history += [answer, self.user()]

    def loop(self, history, steps, weak=False, **more):
        """Tools that are called and answered."""
        for step in range(steps):
            answer = self.calls_tool(f"call_{step}" if weak else None)
            yield self.turn(list(history), answer, **more)
            history += [answer, self.result(answer)]
        answer = self.says()
        yield self.turn(list(history), answer, **more)
        history += [answer, self.user()]


def plain(agent):
    yield from agent.chat([agent.user()], agent.dice.randint(3, 9))


def tool_loops(agent):
    history = [agent.user()]
    for _ in range(agent.dice.randint(1, 3)):
        yield from agent.loop(history, agent.dice.randint(2, 6))


def weak_tool_ids(agent):
    """Ids such as `call_0`, which every conversation has."""
    yield from agent.loop([agent.user()], agent.dice.randint(3, 8), weak=True)


def identical_starts(agent):
    """The same instructions and the same first message in all of them, at once."""
    history = [GREETING]
    yield from agent.chat(history, agent.dice.randint(3, 8))


def identical_answers(agent):
    """Pairs of conversations that the model answers alike at first, and then begin to differ."""
    pair = agent.number // 2
    history = [
        {"role": "user", "content": f"Is order {pair} on its way? Please check the status and tell me the date."}
    ]
    answer = agent.says(
        f"Order {pair} is on its way and will be there on Monday. Is there anything else to do for you?"
    )
    yield agent.turn(list(history), answer)
    history += [answer, agent.user()]
    yield from agent.chat(history, agent.dice.randint(5, 9))


def forks(agent):
    """Answers asked for again, and earlier messages edited."""
    history = [agent.user()]
    yield from agent.chat(history, 2)
    for _ in range(agent.dice.randint(1, 3)):
        yield agent.turn(list(history), agent.says())  # regenerated: the client goes on with the last one
    edited = [*history[:-1], agent.user()]
    yield from agent.chat(edited, 2)
    yield from agent.chat(history, 2)


def retries(agent):
    history = [agent.user()]
    for _ in range(agent.dice.randint(3, 6)):
        for attempt in range(agent.dice.randint(0, 2)):
            yield agent.turn(list(history), None, status=agent.dice.choice([429, 500, 503]), retry=attempt)
        yield from agent.chat(history, 1)


def compaction(agent):
    """A long history is summed up, and the agent goes on with the summary."""
    history = [agent.user()]
    yield from agent.loop(history, 4)
    summary = agent.says(f"Summary. {agent.prose(40, 60)}\nOpen points: {agent.prose(20, 30)}")
    yield agent.turn([*history[:-1], agent.user("Sum up the conversation so far in detail.")], summary, tools=[])
    begun = f"This session is continued from one that ran out of context.\n\n{summary['content']}\n\nGo on."
    yield from agent.loop([agent.user(begun)], 3)


def trimming(agent):
    """Only the newest messages are sent."""
    history = [agent.user()]
    for _ in range(agent.dice.randint(6, 10)):
        yield from agent.chat(history, 1)
        del history[:-5]


def cleared_results(agent):
    """Old tool results are replaced by a placeholder, so that no prefix stays the same."""
    history = [agent.user()]
    for _ in range(agent.dice.randint(5, 8)):
        answer = agent.calls_tool()
        yield agent.turn(list(history), answer)
        history += [answer, agent.result(answer)]
        for message in [message for message in history if message["role"] == "tool"][:-2]:
            history[history.index(message)] = message | {"content": "[cleared]"}
    yield agent.turn(list(history), agent.says())


def moving_instructions(agent):
    """The system prompt says the time."""
    for turn in agent.chat([agent.user()], agent.dice.randint(3, 8)):
        moment = {"role": "system", "content": f"{SYSTEM['content']} Now: {agent.dice.randrange(10**9)}."}
        yield Turn([moment, *turn.messages[1:]], turn.answer, turn.session, tools=turn.tools)


def sub_agents(agent):
    """An agent gives tasks to others, which begin with just that."""
    history = [agent.user()]
    yield from agent.loop(history, 1)
    for number in range(agent.dice.randint(1, 3)):
        prompt = agent.prose(12, 30)
        answer = agent.calls_tool(name="task", description="a task", prompt=prompt)
        yield agent.turn(list(history), answer)
        other = Agent("sub_agents", f"{agent.number}.{number}", agent.dice.random())
        other.system = {"role": "system", "content": "You are a sub-agent. Do the task and report."}
        other.tools = other.tools[:2]
        yield from other.loop([other.user(prompt)], 2, parent=agent.session)
        history += [answer, agent.result(answer, "the report of the sub-agent")]
        yield from agent.loop(history, 1)


def abandoned_streams(agent):
    """The client stops reading in the middle of an answer, and goes on with what it has."""
    history = [agent.user()]
    for _ in range(agent.dice.randint(3, 6)):
        whole = agent.says()
        cut = agent.says(whole["content"][: len(whole["content"]) // 2])
        yield agent.turn(list(history), cut, broken=True)
        history += [cut, agent.user()]


def replicas(agent):
    """Two copies of an app behind a load balancer."""
    for turn in agent.chat([agent.user()], agent.dice.randint(3, 8)):
        turn.client = f"10.0.0.{agent.dice.randint(2, 3)}:{agent.dice.randint(1024, 60000)}"
        yield turn


def renewed_tokens(agent):
    """The credential of one subject is another one each time."""
    claims = json.dumps({"iss": "login", "sub": f"app-{agent.number % 7}"}).encode()
    for turn in agent.chat([agent.user()], agent.dice.randint(3, 8)):
        parts = (b'{"alg":"none"}', claims, agent.dice.randbytes(16))
        turn.key = "Bearer " + ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
        yield turn


CLASSES = {
    "plain": (plain, 800),
    "tool loops": (tool_loops, 700),
    "weak tool ids": (weak_tool_ids, 400),
    "identical starts": (identical_starts, 700),
    "identical answers": (identical_answers, 60),
    "forks": (forks, 400),
    "retries": (retries, 400),
    "compaction": (compaction, 300),
    "trimming": (trimming, 400),
    "cleared results": (cleared_results, 300),
    "moving instructions": (moving_instructions, 300),
    "sub-agents": (sub_agents, 300),
    "abandoned streams": (abandoned_streams, 200),
    "replicas": (replicas, 200),
    "renewed tokens": (renewed_tokens, 200),
}
