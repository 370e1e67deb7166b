"""Bodies written for tests: Gemini's cached contents."""

import json

from exchanges import make_exchange

CREATE = {"model": "models/gemini-2.5-flash", "contents": [{"parts": [{"text": "a book"}]}], "ttl": "300s"}
CREATED = {"name": "cachedContents/1", "model": "models/gemini-2.5-flash", "usageMetadata": {"totalTokenCount": 9}}

SAMPLES = [
    ("create", make_exchange(json.dumps(CREATE).encode(), json.dumps(CREATED).encode(), path="/v1beta/cachedContents")),
    ("delete", make_exchange(b"", b"{}", method="DELETE", path="/v1beta/cachedContents/1")),
]
