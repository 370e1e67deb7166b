"""Exchanges that show what the dialect offers."""

import json

from exchanges import make_exchange
from pandaprobe_proxy.model.exchange import Exchange
from responding import USAGE

_ANSWER = {
    "id": "resp_2",
    "object": "response.compaction",
    "output": [{"id": "cmp_1", "type": "compaction", "encrypted_content": "gAAA"}],
    "usage": USAGE,
}
SAMPLES: list[tuple[str, Exchange]] = [
    (
        "a conversation made shorter",
        make_exchange(
            b'{"model":"gpt-4o-mini","input":"2+2?"}', json.dumps(_ANSWER).encode(), path="/v1/responses/compact"
        ),
    )
]
