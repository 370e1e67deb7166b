from exchanges import make_exchange

SAMPLES = [
    (
        "a job",
        make_exchange(
            b'{"model": "sora-2", "prompt": "a cat", "seconds": "4"}',
            b'{"id": "video_1", "object": "video", "model": "sora-2", "status": "queued", "progress": 0}',
            path="/v1/videos",
        ),
    ),
    (
        "its content",
        make_exchange(
            b"",
            b"\x00\x00\x00\x18ftyp",
            method="GET",
            path="/v1/videos/video_1/content",
            headers=((b"content-type", b"video/mp4"),),
        ),
    ),
]
