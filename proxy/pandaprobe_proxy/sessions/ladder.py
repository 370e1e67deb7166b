"""Where a call may name its session, strongest first. Data only; `clues` and `body_clues` read by it.

What a name promises decides its place. Ours come first, then what a standard names, then names that one program has to
itself, then names that anybody may use for anything. An id of one request is no session, however it is called, and a
cache key is shared by conversations that are not the same.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from pandaprobe_proxy.model.session import Source


class Where(StrEnum):
    """The place that a name is looked for in."""

    HEADER = "header"
    BAGGAGE = "baggage"
    BODY = "body"


class Form(StrEnum):
    """Which values can be a session id. All are 1 to 255 characters of visible text, and none but ANY is SHARED."""

    ANY = "any text"
    TEXT = "text"
    ID = "8 or more of `A-Z a-z 0-9 _ -`"
    UUID = "a UUID"
    HINT = "none: it is shown, and never used"


@dataclass(frozen=True, slots=True)
class Rung:
    """One name."""

    name: str
    """Of a header, of a baggage entry, or the path of a field in a body."""
    source: Source
    where: Where
    confidence: float
    """0 to 1."""
    senders: str
    """Who sends it, for a reader."""
    form: Form = Form.TEXT
    field: str = ""
    """The value is a JSON object, and the id is this field of it."""


def _header(name: str, confidence: float, senders: str, form: Form = Form.TEXT, field: str = "") -> Rung:
    return Rung(name, Source.AGENT, Where.HEADER, confidence, senders, form, field)


def _body(name: str, confidence: float, senders: str, form: Form = Form.TEXT, field: str = "") -> Rung:
    return Rung(name, Source.BODY, Where.BODY, confidence, senders, form, field)


VENDOR = "x-VENDOR-session-id"
"""Stands for every header whose name is_vendor_name, and that has no rung of its own."""
_VENDOR_NAME = re.compile(r"x-(?:[a-z0-9]+-)+session-id")
_NO_VENDORS = frozenset({"auth", "browser", "device", "login", "oauth", "parent", "request", "sso", "user"})
"""Such a session is another one: that of who is logged in, or of whoever asked for this one."""

OURS = (
    Rung("X-PandaProbe-Session", Source.HEADER, Where.HEADER, 1.0, "the shim, or you", Form.ANY),
    Rung("X-PandaProbe-Session-Id", Source.HEADER, Where.HEADER, 1.0, "you", Form.ANY),
)
STANDARD = (
    Rung("session.id", Source.BAGGAGE, Where.BAGGAGE, 0.98, "OpenTelemetry, OpenInference"),
    Rung("gen_ai.conversation.id", Source.BAGGAGE, Where.BAGGAGE, 0.98, "OpenTelemetry"),
)
NAMESPACED = (
    _header("X-Claude-Code-Session-Id", 0.97, "Claude Code"),
    _header("X-OpenCode-Session", 0.97, "OpenCode"),
    _header("X-Qwen-Code-Session-Id", 0.97, "Qwen Code"),
    _header("X-Hermes-Session-Id", 0.97, "Hermes"),
    _header("X-KiloCode-TaskId", 0.97, "Kilo Code"),
    _header("X-Coder-Chat-Id", 0.97, "Coder"),
    _header("X-Grok-Conv-Id", 0.97, "Grok"),
    _header("Helicone-Session-Id", 0.97, "users of Helicone"),
    _header("X-Mux-Workspace-Id", 0.95, "Mux"),
    _header("X-Codex-Turn-Metadata", 0.95, "Codex", Form.ID, "session_id"),
    _header("X-Codex-Turn-Metadata", 0.95, "Codex", Form.ID, "thread_id"),
    _header("X-LiteLLM-Trace-Id", 0.95, "users of LiteLLM"),
    _header("X-LiteLLM-Session-Id", 0.95, "users of LiteLLM"),
    _header("X-BF-Session-Id", 0.95, "users of Bifrost"),
    _header("X-Cylestio-Session-Id", 0.95, "users of Cylestio"),
    _header("X-AgentWeave-Session-Id", 0.95, "AgentWeave"),
    _header("X-Portkey-Trace-Id", 0.9, "users of Portkey"),
    _header(VENDOR, 0.9, "any other program", Form.ID),
)
COMMON = (
    _header("Agent-Session-Id", 0.9, "users of Envoy AI Gateway"),
    _header("X-Agent-Session-Id", 0.9, "Hermes"),
    _header("X-Client-Session-Id", 0.85, "Copilot"),
    _header("Session-Id", 0.85, "Codex", Form.ID),
    _header("session_id", 0.85, "Codex, pi", Form.ID),
    _header("X-Session-Id", 0.85, "OpenCode, OpenRouter, and others"),
    _header("conversation_id", 0.85, "Codex", Form.ID),
    _header("X-Conversation-Id", 0.85, "several programs"),
    _header("Thread-Id", 0.8, "Codex", Form.ID),
    _header("X-Session-Affinity", 0.75, "OpenCode, pi"),
    _header("X-Interaction-Id", 0, "Copilot: one question, not one conversation", Form.HINT),
)
IN_BODIES = (
    _body("metadata.user_id", 0.95, "Claude Code", Form.UUID, "session_id"),
    _body("litellm_session_id", 0.95, "users of LiteLLM"),
    _body("metadata.litellm_session_id", 0.95, "users of LiteLLM"),
    _body("litellm_metadata.session_id", 0.95, "users of LiteLLM"),
    _body("metadata.langfuse_session_id", 0.95, "users of Langfuse"),
    _body("tensorzero::episode_id", 0.95, "users of TensorZero"),
    _body("client_metadata.session_id", 0.95, "Codex", Form.ID),
    _body("conversation", 0.95, "who lets the provider hold the conversation or thread"),
    _body("conversation.id", 0.95, "likewise"),
    _body("metadata.session_id", 0.9, "several programs"),
    _body("metadata.conversation_id", 0.9, "several programs"),
    _body("metadata.thread_id", 0.85, "several programs"),
    _body("session_id", 0.85, "users of OpenRouter, and others"),
    _body("conversation_id", 0.85, "several programs"),
    _body("client_metadata.thread_id", 0.85, "Codex", Form.ID),
    _body("prompt_cache_key", 0, "conversations that share a cache, which need not be one", Form.HINT),
)
IN_HEADERS = (*STANDARD, *NAMESPACED, *COMMON)
RUNGS = (*OURS, *IN_HEADERS, *IN_BODIES)

NEVER = frozenset(
    """
    amz-sdk-invocation-id apim-request-id cf-ray helicone-request-id idempotency-key request-id traceparent tracestate
    vscode-sessionid x-agent-task-id x-agentweave-parent-session-id x-amzn-requestid x-amzn-trace-id x-b3-traceid
    x-bt-parent x-claude-code-agent-id x-claude-code-parent-agent-id x-client-request-id x-cloud-trace-context
    x-codex-parent-thread-id x-correlation-id x-goog-request-id x-litellm-call-id x-ms-client-request-id
    x-opencode-request x-parent-session-id x-request-id x-request-session-id x-stainless-retry-count x-task-id
    x-trace-id
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
"""Headers that look like a session's and are one request's, one trace's, or another session's."""

SHARED = frozenset(
    {
        "-", "0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous", "auto", "default", "false",
        "global", "n/a", "na", "nan", "nil", "none", "null", "true", "undefined", "unknown",
    }
)  # fmt: skip
"""Values, in lower case, that many programs send where they have no session: together they would be one."""

_LISTED = frozenset(rung.name.lower() for rung in RUNGS if rung.where is Where.HEADER)


@lru_cache(1024)
def is_vendor_name(name: str) -> bool:
    """Whether a header's name, in lower case, is `x-`, a vendor's, and `-session-id`, and nothing that is known."""
    if name in NEVER or name in _LISTED or not _VENDOR_NAME.fullmatch(name):
        return False
    return _NO_VENDORS.isdisjoint(name.split("-"))
