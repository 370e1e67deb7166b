"""What a web port needs of the rest, for tests: a real store, and answers in a few words."""

import json

from pandaprobe_proxy.store.sqlite import open_reader
from pandaprobe_proxy.web.sidecar import Sidecar

NOW_NS = 1_700_000_100_000_000_000
SECOND_NS = 1_000_000_000
WEATHER = [
    {"role": "system", "content": "be kind"},
    {"role": "user", "content": "How is the weather?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}],
    },
    {"role": "tool", "tool_call_id": "c1", "content": "12 and rain"},
]
"""What an agent had said and heard before it answered."""


def make_sidecar(place, **more):
    async def submit(work):
        return work(place.writer)

    parts = {
        "reader": lambda: open_reader(place.path),
        "submit": submit,
        "status": lambda: {"relayed": 3},
        "relays": lambda: True,
        "metrics": lambda: b"a_total 1\n",
        "redact": lambda value: json.loads(json.dumps(value).replace("secret", "[redacted]")),
        "new_id": lambda: "new-id",
        "now_ns": lambda: NOW_NS,
    }
    return Sidecar(**{**parts, **more})


async def get(web, path, status=200, **params):
    """The JSON that is answered, which must have that status."""
    async with web.get(path, params=params) as response:
        assert response.status == status, await response.text()
        return await response.json()


async def get_text(web, path, **params):
    """The plain text that is answered."""
    async with web.get(path, params=params) as response:
        assert (response.status, response.content_type) == (200, "text/plain")
        return await response.text()
