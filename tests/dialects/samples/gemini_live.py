"""Connections that show what the dialect offers."""

from talking import make_connection

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"

SAMPLES = [
    (
        "a turn that calls a tool",
        make_connection(
            PATH,
            ({"setup": {"model": "models/gemini-live", "tools": [{"functionDeclarations": [{"name": "weather"}]}]}},),
            {"setupComplete": {}},
            ({"clientContent": {"turns": [{"role": "user", "parts": [{"text": "Weather?"}]}], "turnComplete": True}},),
            {"toolCall": {"functionCalls": [{"id": "c1", "name": "weather", "args": {"city": "Paris"}}]}},
            ({"toolResponse": {"functionResponses": [{"id": "c1", "name": "weather", "response": {"sky": "fog"}}]}},),
            {"serverContent": {"modelTurn": {"parts": [{"text": "Fog."}]}}},
            {
                "serverContent": {"turnComplete": True},
                "usageMetadata": {"promptTokenCount": 10, "responseTokenCount": 5, "totalTokenCount": 15},
            },
        ),
    ),
]
