"""Connections that show what the dialect offers."""

from responding import call, events_of, message, text
from talking import make_connection

SAMPLES = [
    (
        "two turns, of which one calls a tool",
        make_connection(
            "/v1/responses",
            ({"type": "response.create", "model": "gpt-4o-mini", "input": "How is the weather?"},),
            *events_of(call()),
            (
                {
                    "type": "response.create",
                    "model": "gpt-4o-mini",
                    "input": "And now?",
                    "previous_response_id": "resp_1",
                },
            ),
            *events_of(message(text("Cold.")), id="resp_2"),
        ),
    ),
]
