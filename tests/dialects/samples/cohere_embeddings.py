"""Bodies written for tests: Cohere's embeddings."""

from exchanges import make_exchange

SAMPLES = [
    (
        "by type",
        make_exchange(
            b'{"model": "embed-v4.0", "texts": ["a", "b"], "input_type": "search_query"}',
            b'{"id": "e1", "embeddings": {"float": [[0.5, 0.25], [1, 2]], "int8": [[5, 2], [1, 2]]},'
            b' "meta": {"billed_units": {"input_tokens": 4}}}',
            path="/v2/embed",
        ),
    ),
    (
        "first version",
        make_exchange(
            b'{"model": "embed-english-v3.0", "texts": ["a"], "images": ["data:image/png;base64,AA=="]}',
            b'{"id": "e2", "embeddings": [[0.5]], "meta": {"billed_units": {"input_tokens": 1}}}',
            path="/v1/embed",
        ),
    ),
]
