"""A demonstration without keys or network: a scripted provider, and a small agent that uses a tool.

`provider` answers like OpenAI, from a script; `agent` asks three questions in one session, over plain HTTP.
"""
