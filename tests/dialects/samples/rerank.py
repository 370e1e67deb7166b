"""Bodies written for tests: reranking by Cohere and by Voyage."""

from exchanges import make_exchange

SAMPLES = [
    (
        "Cohere",
        make_exchange(
            b'{"model": "rerank-v3.5", "query": "capital", "documents": ["Paris", "Rome"], "top_n": 1}',
            b'{"id": "k1", "results": [{"index": 1, "relevance_score": 0.5}],'
            b' "meta": {"billed_units": {"search_units": 1}}}',
            path="/v2/rerank",
        ),
    ),
    (
        "Voyage",
        make_exchange(
            b'{"model": "rerank-2", "query": "capital", "documents": ["Paris", "Rome"], "top_k": 1}',
            b'{"object": "list", "data": [{"index": 1, "relevance_score": 0.5}], "model": "rerank-2",'
            b' "usage": {"total_tokens": 43}}',
            path="/v1/rerank",
        ),
    ),
]
