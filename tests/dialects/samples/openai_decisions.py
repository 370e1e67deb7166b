from exchanges import make_exchange

SAMPLES = [
    (
        "a predicate",
        make_exchange(
            b'{"model": "m", "input": "It rains.", "questions": [{"type": "predicate", "name": "wet"}]}',
            b'{"model": "m", "answers": [{"type": "predicate", "name": "wet", "probability": 0.9}],'
            b' "usage": {"input_tokens": 7, "output_tokens": 1, "total_tokens": 8}}',
            path="/v1/decisions",
        ),
    ),
]
