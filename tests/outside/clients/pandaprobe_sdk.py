# /// script
# dependencies = ["pandaprobe", "openai"]
# ingests = true
# ///
"""The official pandaprobe SDK: a session of traced calls through its OpenAI wrapper, decorators, and a score.

It owns the import name that our shim has, so it is never in one environment with it.
"""

import pandaprobe
from openai import OpenAI
from pandaprobe.wrappers import wrap_openai
from telling import tell

client = wrap_openai(OpenAI())


@pandaprobe.span(name="look up", kind="TOOL")
def look_up(city):
    return f"12 degrees in {city}"


@pandaprobe.trace(name="agent")
def agent(question):
    asked = [{"role": "user", "content": question}]
    first = client.chat.completions.create(model="m", messages=asked).choices[0].message.content
    found = look_up("Paris")
    stream = client.chat.completions.create(
        model="m", messages=[*asked, {"role": "user", "content": found}], stream=True
    )
    return first + "".join(chunk.choices[0].delta.content or "" for chunk in stream)


with pandaprobe.session("sdk-session"):
    tell("answers", [agent(question) for question in ("one", "two")])
trace = pandaprobe.start_trace("by hand", session_id="sdk-session", user_id="u-1", tags=["a"])
with trace, trace.span("step", kind="RETRIEVER") as span:
    span.set_output({"found": 3})
pandaprobe.score(trace.trace_id, "quality", "0.5", reason="so so")
pandaprobe.flush()
pandaprobe.shutdown()
