"""Endpoints whose bodies carry credentials: keys, client secrets, tokens. Data; `keep` withholds their bodies whole.

Paths are matched after any prefix, whatever the host: `/v1/organization/…`, `/openai/v1/organization/…`.
"""

from urllib.parse import unquote

from pandaprobe_proxy.model.exchange import RequestHead

WITHHELD = "credentials"
"""Why such a body is not kept."""

WHOLE = (
    "realtime/client_secrets",
    "realtime/sessions",
    "realtime/transcription_sessions",
    "realtime/translations/client_secrets",
    "realtimeapi/sessions",
    "chatkit/sessions",
    "auth_tokens",
    "vaults",
)
"""Themselves, and what is below them."""
BELOW = frozenset({"organization", "organizations", "projects"})
"""What is below them."""
BEGUN = ("webhook_endpoints",)
"""Whatever has a segment that begins so."""
GENERATION = (
    "/chat/completions",
    "/completions",
    "/responses",
    "/messages",
    "/messages/count_tokens",
    "/embeddings",
    "/converse",
    "/converse-stream",
)
"""Ends of paths that are no one's credentials, behind a prefix that only sounds like one of BELOW."""


def find_path(head: RequestHead) -> str:
    """The path that the upstream is asked for, which has no upstream's name in front."""
    return "/".join(head.url.split("/")[3:]) if "://" in head.url else head.target.decode("latin-1")


def is_credential_path(path: str) -> bool:
    """Whether the bodies of a request for this path, which may have a query, can carry credentials."""
    segments = [segment for segment in unquote(path.partition("?")[0]).lower().split("/") if segment]
    plain = f"/{'/'.join(segments)}/"
    if any(f"/{end}/" in plain for end in WHOLE) or any(segment.startswith(BEGUN) for segment in segments):
        return True
    first = next((at for at, segment in enumerate(segments[:-1]) if segment in BELOW), None)
    if first is None or plain.removesuffix("/").endswith(GENERATION):
        return False
    return not _is_googles(segments[first:])


def _is_googles(segments: list[str]) -> bool:
    """`projects/{project}/locations/…`, which is Vertex's."""
    return segments[0] == "projects" and segments[2:3] == ["locations"]
