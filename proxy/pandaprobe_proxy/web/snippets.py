"""A call as something to run again: curl, or Python with the official client's way of asking. Pure.

Keys were never stored, so each stands as the name of a variable. What was withheld cannot be sent again, and is not.
"""

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pandaprobe_proxy.store.base import StoredCall
from pandaprobe_proxy.store.shapes import stored_call_json

_LEFT_OUT = frozenset(
    {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "content-encoding", "user-agent"}
)
_KEYS = {
    "authorization": "Bearer ${}",
    "x-api-key": "${}",
    "api-key": "${}",
    "x-goog-api-key": "${}",
}
_OURS = "x-pandaprobe-"
_VARIABLES = (("anthropic", "ANTHROPIC_API_KEY"), ("gemini", "GEMINI_API_KEY"), ("google", "GEMINI_API_KEY"))


def write_curl(stored: StoredCall) -> str:
    """A command for a shell. The body is text only where it was."""
    lines = [f"curl {shlex.quote(stored.url)}", f"-X {shlex.quote(stored.row.method)}"]
    lines += [f"-H {_quote_header(name, value)}" for name, value in _headers(stored)]
    body = _text(stored)
    if body:
        lines.append(f"--data-raw {shlex.quote(body)}")
    return " \\\n  ".join(lines) + "\n"


def _quote_header(name: str, value: str) -> str:
    """A variable must be read by the shell, so its header stands in double quotes."""
    return f'"{name}: {value}"' if "$" in value and name.lower() in _KEYS else shlex.quote(f"{name}: {value}")


def write_python(stored: StoredCall) -> str:
    """A script of the standard library."""
    headers = ", ".join(f"{json.dumps(name)}: {_python_value(name, value)}" for name, value in _headers(stored))
    body = _text(stored)
    return (
        "import os\nimport urllib.request\n\n"
        f"request = urllib.request.Request(\n    {stored.url!r},\n"
        f"    data={body.encode() if body else None!r},\n    headers={{{headers}}},\n"
        f"    method={stored.row.method!r},\n)\n"
        "with urllib.request.urlopen(request) as response:\n    print(response.read().decode())\n"
    )


def _python_value(name: str, value: str) -> str:
    if name.lower() not in _KEYS or "$" not in value:
        return repr(value)
    before, _, variable = value.partition("$")
    return f'"{before}" + os.environ["{variable}"]'


def write_json(stored: StoredCall) -> str:
    """The call as the API tells it."""
    return msgspec.json.format(msgspec.json.encode(stored_call_json(stored), enc_hook=str), indent=2).decode() + "\n"


def _headers(stored: StoredCall) -> list[tuple[str, str]]:
    """What was sent and matters, with the key's place held by a variable."""
    variable = next((name for word, name in _VARIABLES if word in stored.row.upstream), "OPENAI_API_KEY")
    told = []
    for name, value in stored.request_headers:
        low = name.lower()
        if low in _LEFT_OUT or low.startswith(_OURS):
            continue
        told.append((name, _KEYS[low].format(variable) if low in _KEYS else value))
    if stored.credential and not any(name.lower() in _KEYS for name, _ in told):
        told.append(("Authorization", f"Bearer ${variable}"))
    return told


def _text(stored: StoredCall) -> str:
    """The request's body as text; empty where it is none, or not whole."""
    body = stored.request
    if body.withheld or body.coding or not body.complete:
        return ""
    try:
        return body.data.decode()
    except UnicodeDecodeError:
        return ""


FORMS: Mapping[str, Callable[[StoredCall], Any]] = {"curl": write_curl, "python": write_python, "json": write_json}
