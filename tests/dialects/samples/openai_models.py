from exchanges import make_exchange

SAMPLES = [
    ("the list", make_exchange(b"", b'{"object": "list", "data": [{"id": "m"}]}', method="GET", path="/v1/models")),
    ("one", make_exchange(b"", b'{"id": "m", "object": "model"}', method="GET", path="/v1/models/m")),
]
