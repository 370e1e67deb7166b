"""Bodies written for tests: Ollama's embeddings."""

from exchanges import make_exchange

SAMPLES = [
    (
        "many",
        make_exchange(
            b'{"model": "all-minilm", "input": ["a", "b"]}',
            b'{"model": "all-minilm", "embeddings": [[0.5, 0.25], [1, 2]], "prompt_eval_count": 8, "load_duration": 5}',
            path="/api/embed",
        ),
    ),
    (
        "one",
        make_exchange(b'{"model": "all-minilm", "prompt": "a"}', b'{"embedding": [0.5, 0.25]}', path="/api/embeddings"),
    ),
]
