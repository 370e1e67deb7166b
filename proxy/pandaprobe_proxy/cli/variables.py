"""Which variables point LLM clients at the sidecar, and what each of them expects in it. Pure.

Some clients want `/v1` in their base URL and some add it themselves; the table says which. A variable that names
another server already is kept: that server becomes an upstream of the sidecar, under a name of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Variable:
    """A base-URL variable: which upstream it is for, and the path that the client wants to find in it."""

    name: str
    upstream: str
    path: str
    always: bool = True
    """Set even where it was not; others are only replaced where somebody uses them."""


VARIABLES = (
    Variable("OPENAI_BASE_URL", "openai", "/v1"),
    Variable("OPENAI_API_BASE", "openai", "/v1"),
    Variable("ANTHROPIC_BASE_URL", "anthropic", ""),
    Variable("ANTHROPIC_API_URL", "anthropic", "", always=False),
    Variable("ANTHROPIC_API_BASE", "anthropic", "", always=False),
    Variable("GOOGLE_GEMINI_BASE_URL", "gemini", ""),
    Variable("GEMINI_API_BASE", "gemini", "", always=False),
    Variable("GROQ_BASE_URL", "groq", ""),
    Variable("TOGETHER_BASE_URL", "together", ""),
    Variable("OPENROUTER_API_BASE", "openrouter", "/api/v1"),
    Variable("DEEPSEEK_API_BASE", "deepseek", "", always=False),
    Variable("MISTRAL_API_BASE", "mistral", "/v1", always=False),
    Variable("HOSTED_VLLM_API_BASE", "vllm", "/v1", always=False),
    Variable("OLLAMA_HOST", "ollama", "", always=False),
    Variable("OLLAMA_API_BASE", "ollama", "", always=False),
)
HEADER_VARIABLES = (
    "OPENAI_CUSTOM_HEADERS",
    "ANTHROPIC_CUSTOM_HEADERS",
    "GROQ_CUSTOM_HEADERS",
    "TOGETHER_CUSTOM_HEADERS",
)
"""Newline-separated `Name: value`; the official clients add them to every request, with no shim at all."""
SESSION_HEADER = "X-PandaProbe-Session"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command's environment gets, and the upstreams that the sidecar needs for it."""

    variables: Mapping[str, str]
    upstreams: Mapping[str, str]


def plan(environ: Mapping[str, str], relay: str, web: str, session: str | None) -> Plan:
    """The plan for an environment; `relay` and `web` are the sidecar's `host:port`."""
    variables = {"PANDAPROBE_PROXY": f"http://{relay}", "PANDAPROBE_ENDPOINT": f"http://{web}"}
    upstreams: dict[str, str] = {}
    for variable in VARIABLES:
        kept = environ.get(variable.name, "")
        if kept and _is_at(kept, relay):
            continue
        if kept:
            name = f"{variable.upstream}-{blake2b(kept.encode(), digest_size=3).hexdigest()}"
            upstreams[name] = _as_url(kept)
            variables[variable.name] = f"http://{relay}/{name}"
        elif variable.always:
            variables[variable.name] = f"http://{relay}{_prefix(variable)}{variable.path}"
    if session:
        variables["PANDAPROBE_SESSION"] = session
        variables |= {name: _with_header(environ.get(name, ""), session) for name in HEADER_VARIABLES}
    return Plan(variables, upstreams)


def _prefix(variable: Variable) -> str:
    """OpenAI's and Anthropic's paths are known without a name in front."""
    return "" if variable.upstream in ("openai", "anthropic") else f"/{variable.upstream}"


def _is_at(url: str, address: str) -> bool:
    host, _, port = address.rpartition(":")
    parts = urlsplit(_as_url(url))
    names = {host.strip("[]"), "localhost", "127.0.0.1", "::1"}
    return parts.hostname in names and str(parts.port or 80) == port


def _as_url(value: str) -> str:
    """A base URL; some variables may hold a bare `host:port`."""
    return value if "://" in value else f"http://{value}"


def _with_header(text: str, session: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    kept = [line for line in lines if line.split(":", 1)[0].strip().lower() != SESSION_HEADER.lower()]
    return "\n".join([*kept, f"{SESSION_HEADER}: {session}"])


def strays(environ: Mapping[str, str], relay: str) -> list[str]:
    """Base-URL variables that are set and do not point at the sidecar."""
    set_ones = [(variable.name, environ[variable.name]) for variable in VARIABLES if environ.get(variable.name)]
    return [name for name, url in set_ones if not _is_at(url, relay)]
