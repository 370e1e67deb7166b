"""Bodies written for tests: Mistral's reading of documents."""

from exchanges import make_exchange

SAMPLES = [
    (
        "two pages",
        make_exchange(
            b'{"model": "mistral-ocr-latest", "document": {"type": "document_url", "document_url": "https://a/b.pdf"}}',
            b'{"model": "mistral-ocr-2505", "pages": [{"index": 0, "markdown": "# A", "images": []},'
            b' {"index": 1, "markdown": "b"}], "usage_info": {"pages_processed": 2}}',
            path="/v1/ocr",
        ),
    ),
]
