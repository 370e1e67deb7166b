from exchanges import make_exchange

SAMPLES = [
    (
        "a stored chat completion",
        make_exchange(
            b"",
            b'{"id": "chatcmpl-1", "object": "chat.completion", "choices": []}',
            method="GET",
            path="/v1/chat/completions/chatcmpl-1",
        ),
    ),
    (
        "a conversation",
        make_exchange(
            b'{"items": [{"type": "message", "role": "user", "content": "hi"}]}',
            b'{"id": "conv_1", "object": "conversation", "metadata": {}}',
            path="/v1/conversations",
        ),
    ),
    (
        "a batch",
        make_exchange(
            b'{"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}',
            b'{"id": "batch_1", "object": "batch", "status": "validating", "usage": {"input_tokens": 5}}',
            path="/v1/batches",
        ),
    ),
    (
        "a vector store",
        make_exchange(b'{"name": "s"}', b'{"id": "vs_1", "object": "vector_store"}', path="/v1/vector_stores"),
    ),
]
