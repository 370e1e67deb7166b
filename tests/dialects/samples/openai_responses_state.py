"""Exchanges that show what the dialect offers."""

from exchanges import make_exchange
from pandaprobe_proxy.model.exchange import Exchange

SAMPLES: list[tuple[str, Exchange]] = [
    (
        "a deletion",
        make_exchange(
            b"",
            b'{"id":"resp_1","object":"response.deleted","deleted":true}',
            method="DELETE",
            path="/v1/responses/resp_1",
        ),
    ),
    (
        "what went in",
        make_exchange(
            b"",
            b'{"object":"list","data":[{"role":"user","content":"Hi"}],"has_more":false}',
            method="GET",
            path="/v1/responses/resp_1/input_items",
        ),
    ),
]
