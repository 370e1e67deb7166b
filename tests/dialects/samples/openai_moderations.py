from exchanges import make_exchange

SAMPLES = [
    (
        "texts",
        make_exchange(
            b'{"model": "omni", "input": ["a", "b"]}',
            b'{"id": "modr-1", "model": "omni", "results": [{"flagged": true}, {"flagged": false}]}',
            path="/v1/moderations",
        ),
    ),
]
