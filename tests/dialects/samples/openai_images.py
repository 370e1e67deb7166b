import base64
import json

from exchanges import SSE, make_exchange, sse

PNG = base64.b64encode(b"\x89PNG\r\n").decode()
USAGE = {"input_tokens": 8, "output_tokens": 100, "total_tokens": 108}
FORM = (
    b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na hat\r\n'
    b'--b\r\nContent-Disposition: form-data; name="image[]"; filename="cat.png"\r\nContent-Type: image/png\r\n\r\n'
    b"\x89PNG\r\n\r\n--b--\r\n"
)

SAMPLES = [
    (
        "generations",
        make_exchange(
            b'{"model": "gpt-image-1", "prompt": "a cat"}',
            json.dumps({"created": 1, "data": [{"b64_json": PNG}], "usage": USAGE}).encode(),
            path="/v1/images/generations",
        ),
    ),
    (
        "edits, a form",
        make_exchange(
            FORM,
            json.dumps({"created": 1, "data": [{"url": "https://x.test/1.png"}]}).encode(),
            path="/v1/images/edits",
            request_headers=((b"Content-Type", b"multipart/form-data; boundary=b"),),
        ),
    ),
    (
        "generations, SSE",
        make_exchange(
            b'{"model": "gpt-image-1", "prompt": "a cat", "stream": true}',
            sse(
                [
                    {"type": "image_generation.partial_image", "b64_json": PNG, "partial_image_index": 0},
                    {"type": "image_generation.completed", "b64_json": PNG, "usage": USAGE},
                ],
                done=False,
            ),
            path="/v1/images/generations",
            headers=SSE,
        ),
    ),
]
