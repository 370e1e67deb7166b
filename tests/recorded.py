"""Recorded bodies of real providers, where the folder beside the project is present; elsewhere there are none."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pandaprobe_proxy.model.exchange import Ended, Exchange, Headers, Outcome, RequestHead, ResponseHead

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "wire"
_TYPES = {
    ".sse": "text/event-stream",
    ".ndjson": "application/x-ndjson",
    ".eventstream.bin": "application/vnd.amazon.eventstream",
    ".json": "application/json",
}


def names(contains: str = "") -> list[str]:
    """The recordings, by the name that their files share, which says provider, endpoint, transport, status, tags."""
    found = (path.name.removesuffix(".meta.json") for path in FOLDER.glob("*.meta.json"))
    return sorted(name for name in found if contains in name)


def exchange(name: str) -> Exchange:
    """A recording as an exchange. Its times are not known, so its body arrived at once."""
    meta = json.loads((FOLDER / f"{name}.meta.json").read_text())
    request, response = _body(name, "request"), _body(name, "response")
    uri = urlsplit(meta["uri"])
    target = (uri.path or "/") + (f"?{uri.query}" if uri.query else "")
    body = response[1]
    return Exchange(
        head=RequestHead(
            exchange=name,
            at_ns=1000,
            wall_ns=0,
            client="127.0.0.1:1",
            upstream=meta["provider"],
            url=meta["uri"],
            method=meta["method"],
            target=target.encode(),
            headers=_headers(meta["request_headers"]),
        ),
        request_body=request[1],
        response=ResponseHead(name, 1500, meta["status"], b"", _typed(_headers(meta["response_headers"]), response[0])),
        response_body=body,
        chunks=((700, len(body)),) if body else (),
        ended=Ended(name, 1900, Outcome.OK if meta["status"] < 400 else Outcome.UPSTREAM_ERROR, sent_ns=1200),
    )


def _body(name: str, side: str) -> tuple[str, bytes]:
    """(how its file ends, bytes); bodies that the recorder left compressed are uncompressed."""
    found = sorted(FOLDER.glob(f"{name}.{side}.*"))
    if not found:
        return "", b""
    data = found[0].read_bytes()
    return found[0].name.removeprefix(f"{name}.{side}"), gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _headers(lines: list[list[str]]) -> Headers:
    kept = [(key.encode("latin-1"), value.encode("utf-8")) for key, value in lines]
    return tuple((key, value) for key, value in kept if key.lower() not in {b"content-encoding", b"content-length"})


def _typed(headers: Headers, suffix: str) -> Headers:
    """The recorder did not always keep the content type."""
    known = any(key.lower() == b"content-type" for key, _ in headers)
    return headers if known or suffix not in _TYPES else (*headers, (b"content-type", _TYPES[suffix].encode()))


def sessions() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Whole recorded runs: (name, calls with `request` and `response`)."""
    for path in sorted(FOLDER.glob("session_*.jsonl")):
        yield path.stem, [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def clients() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """What agents and SDKs were seen to send: (name, requests), without what was answered."""
    for path in sorted(FOLDER.glob("client_*.requests.jsonl")):
        yield path.stem, [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def call_exchange(call: dict[str, object], call_id: str, at_ns: int) -> Exchange:
    """A call of a recorded run, or a request that was answered by nothing, as if it had begun then."""
    uri = urlsplit(str(call.get("uri") or f"https://provider{call['target']}"))
    target = uri.path + (f"?{uri.query}" if uri.query else "")
    request, response = (_write(call.get(name)) for name in ("request_body", "response_body"))
    lines = call.get("request_headers") or call["headers"]
    upstream = str(call.get("provider") or "openai")
    answered = _headers(call.get("response_headers") or [])
    return Exchange(
        RequestHead(
            call_id, 0, at_ns, "127.0.0.1:1", upstream, uri.geturl(), str(call["method"]), target.encode(),
            _headers(lines),
        ),
        request or _write(call.get("body")),
        response=ResponseHead(call_id, 1500, int(call.get("status") or 200), b"", answered),
        response_body=response,
        chunks=((1700, len(response)),) if response else (),
        ended=Ended(call_id, 1900, Outcome.OK, sent_ns=1200),
    )  # fmt: skip


def _write(body: object) -> bytes:
    if body is None:
        return b""
    return (body if isinstance(body, str) else json.dumps(body)).encode()
