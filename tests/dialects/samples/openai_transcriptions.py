from exchanges import SSE, make_exchange, sse

FORM = (
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-4o-transcribe\r\n'
    b'--b\r\nContent-Disposition: form-data; name="stream"\r\n\r\ntrue\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    b"RIFF\x00\x00\x00\x00WAVE\r\n--b--\r\n"
)
ASKED = ((b"Content-Type", b"multipart/form-data; boundary=b"),)
USAGE = {
    "type": "tokens",
    "input_tokens": 14,
    "output_tokens": 3,
    "total_tokens": 17,
    "input_token_details": {"audio_tokens": 14},
}

SAMPLES = [
    (
        "JSON",
        make_exchange(
            FORM,
            b'{"text": "Good day.", "usage": {"type": "duration", "seconds": 2}}',
            path="/v1/audio/transcriptions",
            request_headers=ASKED,
        ),
    ),
    (
        "a translation as srt",
        make_exchange(
            FORM,
            b"1\n00:00:00,000 --> 00:00:01,000\nGood day.\n",
            path="/v1/audio/translations",
            request_headers=ASKED,
            headers=((b"content-type", b"text/plain; charset=utf-8"),),
        ),
    ),
    (
        "SSE",
        make_exchange(
            FORM,
            sse(
                [
                    {"type": "transcript.text.delta", "delta": "Good "},
                    {"type": "transcript.text.delta", "delta": "day."},
                    {"type": "transcript.text.done", "text": "Good day.", "usage": USAGE},
                ]
            ),
            path="/v1/audio/transcriptions",
            request_headers=ASKED,
            headers=SSE,
        ),
    ),
]
