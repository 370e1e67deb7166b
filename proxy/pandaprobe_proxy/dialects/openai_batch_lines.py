"""The output of a batch: JSONL, `{custom_id, response{status_code, request_id, body}, error}` a line. Lines counted."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pandaprobe_proxy.dialects.json_values import parse_json

Json = Any


def is_batch_output(data: bytes) -> bool:
    """Whether a file begins like one, or like its input, which has a `custom_id` as well."""
    line = data.lstrip().partition(b"\n")[0]
    return line.startswith(b"{") and b'"custom_id"' in line


def count_lines(lines: Iterable[bytes | str]) -> dict[str, Json]:
    """How many lines there are and how many answers of which status; what is no answer is counted by what it is."""
    told = Counter(_read_status(line) for line in lines if line.strip())
    return {"lines": sum(told.values()), "statuses": dict(sorted(told.items()))}


def _read_status(line: bytes | str) -> str:
    try:
        value = parse_json(line)
    except ValueError:
        return "unreadable"
    answer = value.get("response") if isinstance(value, dict) else None
    status = answer.get("status_code") if isinstance(answer, dict) else None
    if isinstance(status, int):
        return str(status)
    if isinstance(value, dict) and value.get("error"):
        return "error"
    return "request" if isinstance(value, dict) and "url" in value else "other"
