"""Bodies written for tests: Gemini's embeddings, and Vertex's."""

import json

from exchanges import make_exchange

MODEL = "/v1beta/models/gemini-embedding-001"
BATCH = {"requests": [{"model": "models/e", "content": {"parts": [{"text": text}]}} for text in ("a", "b")]}
VERTEX = {"predictions": [{"embeddings": {"values": [0.5, 0.25], "statistics": {"token_count": 4}}}]}

SAMPLES = [
    (
        "one",
        make_exchange(
            b'{"content": {"parts": [{"text": "a"}]}}',
            b'{"embedding": {"values": [0.5, 0.25]}, "usageMetadata": {"promptTokenCount": 1}}',
            path=f"{MODEL}:embedContent",
        ),
    ),
    (
        "batch",
        make_exchange(
            json.dumps(BATCH).encode(),
            b'{"embeddings": [{"values": [0.5]}, {"values": [0.25]}]}',
            path=f"{MODEL}:batchEmbedContents",
        ),
    ),
    (
        "Vertex",
        make_exchange(
            b'{"instances": [{"content": "a", "task_type": "RETRIEVAL_QUERY"}]}',
            json.dumps(VERTEX).encode(),
            path="/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-001:predict",
        ),
    ),
]
