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
    twin: str = ""
    """Another name of it. Clients differ in which of the two wins, so where only the twin is set, this one is not."""
    port: int | None = None
    """The port of an address that names none, where it is not that of http."""


VARIABLES = (
    Variable("OPENAI_BASE_URL", "openai", "/v1", twin="OPENAI_API_BASE"),
    Variable("OPENAI_API_BASE", "openai", "/v1", twin="OPENAI_BASE_URL"),
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
    Variable("OLLAMA_HOST", "ollama", "", always=False, port=11434),
    Variable("OLLAMA_API_BASE", "ollama", "", always=False),
    Variable("AZURE_OPENAI_ENDPOINT", "azure", "", always=False),
    Variable("AZURE_API_BASE", "azure", "", always=False),
    Variable("ANTHROPIC_FOUNDRY_BASE_URL", "foundry", "", always=False),
    Variable("ANTHROPIC_VERTEX_BASE_URL", "vertex", "", always=False),
    Variable("GOOGLE_VERTEX_BASE_URL", "vertex", "", always=False),
    Variable("CO_API_URL", "cohere", "", always=False),
    Variable("HF_INFERENCE_ENDPOINT", "huggingface", "", always=False),
)
# Those of AWS are not here: its clients sign the host that they call, so a call through a relay would be refused.
HTTP_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
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
        if kept and not _is_at(kept, relay):
            name = f"{variable.upstream}-{blake2b(kept.encode(), digest_size=3).hexdigest()}"
            upstreams[name] = _as_url(kept, variable.port)
            variables[variable.name] = f"http://{relay}/{name}"
        elif not kept and variable.always and _is_free(environ.get(variable.twin, ""), relay):
            variables[variable.name] = f"http://{relay}{_prefix(variable)}{variable.path}"
    if any(environ.get(name) for name in HTTP_PROXIES):
        variables |= no_proxy(environ, relay.rpartition(":")[0].strip("[]"))
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


def _is_free(twin: str, relay: str) -> bool:
    return not twin or _is_at(twin, relay)


def no_proxy(environ: Mapping[str, str], host: str) -> dict[str, str]:
    """A proxy is not asked for this host: the relay, which it could not reach."""
    before = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [part.strip() for part in before.split(",") if part.strip()]
    text = ",".join(hosts if host in hosts or "*" in hosts else [*hosts, host])
    return {"NO_PROXY": text, "no_proxy": text}


def _as_url(value: str, port: int | None = None) -> str:
    """A base URL; some variables may hold a bare `host:port`, or the address that a server of theirs listens on."""
    if "://" in value:
        return value
    parts = urlsplit(f"http://{value}")
    if port is None or parts.port is not None:
        return f"http://{value}".replace("//0.0.0.0", "//127.0.0.1")
    host = parts.netloc.replace("0.0.0.0", "127.0.0.1") or "127.0.0.1"  # noqa: S104 - it is what we do not call
    return f"http://{host}:{port}{parts.path}"


def _with_header(text: str, session: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    kept = [line for line in lines if line.split(":", 1)[0].strip().lower() != SESSION_HEADER.lower()]
    return "\n".join([*kept, f"{SESSION_HEADER}: {session}"])


def strays(environ: Mapping[str, str], relay: str) -> list[str]:
    """Base-URL variables that are set and do not point at the sidecar."""
    set_ones = [(variable.name, environ[variable.name]) for variable in VARIABLES if environ.get(variable.name)]
    return [name for name, url in set_ones if not _is_at(url, relay)]
