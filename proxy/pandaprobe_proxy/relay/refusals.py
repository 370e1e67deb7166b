"""The answers that the relay gives itself, as bytes: a JSON error in the caller's dialect and one plain sentence. Pure.

Only for what cannot be relayed: a request that is refused, or an upstream that gives no answer.
"""

from http import HTTPStatus

from pandaprobe_proxy.model.refusal import Caller, Trouble, body

UNKNOWN = Caller()


def answer(trouble: Trouble, caller: Caller = UNKNOWN, close: bool = True) -> bytes:
    """The whole response."""
    told = body(trouble, caller)
    head = (
        f"HTTP/1.1 {trouble.status} {HTTPStatus(trouble.status).phrase}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(told)}\r\nx-pandaprobe-error: {trouble.code}\r\n"
        f"{'Connection: close' + chr(13) + chr(10) if close else ''}\r\n"
    )
    return head.encode("ascii") + (b"" if caller.method == "HEAD" else told)


def unknown_path(target: bytes, names: list[str]) -> Trouble:
    """For a path that is no upstream's."""
    path = target.split(b"?", 1)[0].decode("latin-1")[:100]
    return Trouble(
        404, "unknown_path", f"No upstream has the path {path}; use /v1/… or /<name>/… with one of: {', '.join(names)}."
    )
