"""What a web port needs of the rest, for tests: a real store, and answers in a few words."""

import json

from pandaprobe_proxy.store.sqlite import open_reader
from pandaprobe_proxy.web.sidecar import Sidecar

NOW_NS = 1_700_000_100_000_000_000


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
