from exchanges import SSE, make_exchange, sse

SAMPLES = [
    (
        "audio",
        make_exchange(
            b'{"model": "tts", "input": "Good morning", "voice": "alloy"}',
            b"ID3\x04\x00",
            path="/v1/audio/speech",
            headers=((b"content-type", b"audio/mpeg"),),
        ),
    ),
    (
        "SSE",
        make_exchange(
            b'{"model": "tts", "input": "Good morning", "voice": "alloy", "stream_format": "sse"}',
            sse(
                [
                    {"type": "speech.audio.delta", "audio": "SUQzBA=="},
                    {"type": "speech.audio.done", "usage": {"input_tokens": 3, "output_tokens": 50}},
                ],
                done=False,
            ),
            path="/v1/audio/speech",
            headers=SSE,
        ),
    ),
]
