"""OpenAI files and uploads: `…/files`, `/files/{id}`, `/files/{id}/content`, `/uploads/…`, and a container's files.

A file is told by its type, size and hash; of the output of a batch also how many answers of which status it holds.
"""

import re
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.base import Answered, Asked, Blob, Dialect
from pandaprobe_proxy.dialects.errors import read_error
from pandaprobe_proxy.dialects.openai_batch_lines import count_lines, is_batch_output
from pandaprobe_proxy.dialects.openai_blobs import without_blobs
from pandaprobe_proxy.dialects.openai_fields import without_nulls
from pandaprobe_proxy.dialects.openai_foreign import is_foreign
from pandaprobe_proxy.model.exchange import Headers
from pandaprobe_proxy.wire.stream import StreamEvent

Json = Any
_PATH = re.compile(r"(?:^|/)(?:files(?:/[^/]+(?:/content)?)?|uploads(?:/[^/]+/(?:parts|complete|cancel))?)/?$")
_STORES = re.compile(r"(?:^|/)vector_stores/")


def matches(method: str, path: str, headers: Headers) -> bool:
    """The files of a vector store are its own."""
    known = method in {"GET", "POST", "DELETE"} and _PATH.search(path) is not None
    return known and _STORES.search(path) is None and not is_foreign(path, headers)


def asked(body: Json, path: str) -> Asked:
    return Asked(parameters=without_blobs(body))


def answered(body: Json) -> Answered:
    if isinstance(body, Blob):
        lines = count_lines(body.data.splitlines()) if is_batch_output(body.data) else {}
        return Answered(extra={"file": body.describe()} | lines)
    if "custom_id" in body:
        return Answered(extra={"lines": 1} | body)
    rest = without_nulls(body)
    error = rest.get("error")
    return Answered(error=read_error(error) if error else None, extra=rest)


def streamed(events: Iterable[StreamEvent]) -> Answered:
    """A file of lines that says that it is one."""
    return Answered(extra=count_lines(event.data for event in events))


DIALECT = Dialect(
    "openai_files",
    1,
    "files",
    matches,
    asked,
    answered,
    streamed,
    counts_tokens=False,
    blobs=True,
    endpoints=(
        "GET /v1/files",
        "POST /v1/files",
        "GET /v1/files/{id}",
        "DELETE /v1/files/{id}",
        "GET /v1/files/{id}/content",
        "POST /v1/uploads",
        "POST /v1/uploads/{id}/parts",
        "POST /v1/uploads/{id}/complete",
        "POST /v1/uploads/{id}/cancel",
        "GET /v1/containers/{id}/files",
        "POST /v1/containers/{id}/files",
        "GET /v1/containers/{id}/files/{id}/content",
    ),
)
