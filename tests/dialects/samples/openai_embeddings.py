from exchanges import make_exchange

SAMPLES = [
    (
        "base64",
        make_exchange(
            b'{"model": "m", "input": ["a"], "encoding_format": "base64"}',
            b'{"object": "list", "model": "m", "data": [{"index": 0, "embedding": "AACAPwAAAEA="}],'
            b' "usage": {"prompt_tokens": 1, "total_tokens": 1}}',
            path="/v1/embeddings",
        ),
    ),
]
