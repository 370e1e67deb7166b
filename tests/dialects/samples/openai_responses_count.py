"""Exchanges that show what the dialect offers."""

from exchanges import make_exchange
from pandaprobe_proxy.model.exchange import Exchange

SAMPLES: list[tuple[str, Exchange]] = [
    (
        "a count",
        make_exchange(
            b'{"model":"gpt-4o-mini","input":"Hi"}',
            b'{"object":"response.input_tokens","input_tokens":18}',
            path="/v1/responses/input_tokens",
        ),
    )
]
