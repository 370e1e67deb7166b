"""Mistral's reading of documents: `…/ocr`. Each page is a part of the answer, as Markdown."""

import re
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Dialect, refuse_stream
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_fields import pop_typed, without_nulls
from pandaprobe_proxy.model.call import Message, Usage
from pandaprobe_proxy.model.exchange import Headers

Json = Any
_PATH = re.compile(r"(?:^|/)ocr/?$")


def matches(method: str, path: str, headers: Headers) -> bool:
    return method == "POST" and _PATH.search(path) is not None


def asked(body: Json, path: str) -> Asked:
    rest = dict(body)
    document = pop_typed(rest, "document", dict)
    messages = (Message("user", [document]),) if document is not None else ()
    return Asked(model=pop_typed(rest, "model", str), messages=messages, parameters=rest)


def answered(body: Json) -> Answered:
    rest = without_nulls(body)
    pages = pop_typed(rest, "pages", list)
    error = rest.get("error")
    usage = pop_typed(rest, "usage_info", dict)
    return Answered(
        model=pop_typed(rest, "model", str),
        messages=(Message("assistant", [_read_page(page) for page in pages]),) if pages else (),
        usage=Usage(raw=usage or {}),
        error=read_error(error) if error else None,
        extra=rest,
        lossy=pages is None and not error,
    )


def _read_page(page: Json) -> Json:
    if not isinstance(page, dict) or not isinstance(page.get("markdown"), str):
        return page
    return {"type": "page", "text": page["markdown"]} | {key: page[key] for key in page if key != "markdown"}


DIALECT = Dialect(
    "mistral_ocr",
    1,
    "ocr",
    matches,
    asked,
    answered,
    refuse_stream,
    counts_tokens=False,  # pages are counted, not tokens
    endpoints=("POST /v1/ocr",),
)
