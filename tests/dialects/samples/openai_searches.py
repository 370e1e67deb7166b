from exchanges import make_exchange

SAMPLES = [
    (
        "one piece",
        make_exchange(
            b'{"query": "return policy"}',
            b'{"object": "vector_store.search_results.page", "has_more": false, "data": [{"file_id": "file-1",'
            b' "filename": "a.md", "score": 0.8, "content": [{"type": "text", "text": "30 days"}]}]}',
            path="/v1/vector_stores/vs_1/search",
        ),
    ),
]
