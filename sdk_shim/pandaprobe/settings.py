"""What the environment says of the sidecar and of the traces to post. Read once; `init` reads it again."""

import os
import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

DEFAULT_RELAY_PORT = 4100
DEFAULT_ENDPOINT = "http://127.0.0.1:4101"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LOOPBACK_IP = re.compile(r"127(?:\.\d{1,3}){3}")
BASE_URLS = (
    *("OPENAI_BASE_URL", "OPENAI_API_BASE", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL", "ANTHROPIC_API_BASE"),
    *("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_BASE", "GROQ_BASE_URL", "TOGETHER_BASE_URL", "OPENROUTER_API_BASE"),
    *("MISTRAL_API_BASE", "DEEPSEEK_API_BASE", "HOSTED_VLLM_API_BASE"),
)
Origin = tuple[str, int]
"""Host in lower case, with all names of loopback as `loopback`; and port."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the sidecar is, and what traces say of this app."""

    origins: frozenset[Origin]
    """The relay's: only requests to these carry headers of ours."""
    endpoint: str
    """Where traces are posted; empty for nowhere."""
    api_key: str = ""
    project_name: str = ""
    environment: str | None = None
    release: str | None = None
    max_queue_size: int = 1000
    debug: bool = False

    @property
    def enabled(self) -> bool:
        return bool(self.endpoint)


def origin_of(url: str) -> Origin | None:
    """The origin of an http or https URL; None for anything else."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "ws", "wss") or not host:
        return None
    return to_origin(host, port or (443 if parts.scheme in ("https", "wss") else 80))


def to_origin(host: str, port: int) -> Origin:
    host = host.lower().strip("[]")
    return ("loopback" if host in LOOPBACK or _LOOPBACK_IP.fullmatch(host) else host, port)


def read(proxy: str | None = None, endpoint: str | None = None, **given: object) -> Settings:
    """Settings from parameters, then the environment. Never raises: what cannot be read is as if it were not there."""
    env = os.environ
    proxy = proxy or env.get("PANDAPROBE_PROXY")
    found = [origin for url in (proxy, *_loopback_urls()) if url and (origin := origin_of(url))]
    in_sight = bool(found)
    origins = frozenset([*found, ("loopback", DEFAULT_RELAY_PORT)])
    endpoint = endpoint or env.get("PANDAPROBE_ENDPOINT") or (DEFAULT_ENDPOINT if in_sight else "")
    if given.get("enabled") is False or _is_off(env.get("PANDAPROBE_ENABLED")):
        endpoint = ""
    made = Settings(
        origins,
        endpoint.rstrip("/") if origin_of(endpoint) else "",
        env.get("PANDAPROBE_API_KEY", ""),
        env.get("PANDAPROBE_PROJECT_NAME", ""),
        env.get("PANDAPROBE_ENVIRONMENT") or None,
        env.get("PANDAPROBE_RELEASE") or None,
        _number(env.get("PANDAPROBE_MAX_QUEUE_SIZE"), 1000),
        (env.get("PANDAPROBE_DEBUG") or "").lower() in ("1", "true", "yes"),
    )
    known = {name: value for name, value in given.items() if value is not None and name in Settings.__slots__}
    return replace(made, **known)  # type: ignore[arg-type]


def _loopback_urls() -> list[str]:
    """Base URLs of clients that lead to this machine: with a sidecar, they lead to it."""
    urls = [os.environ.get(name, "") for name in BASE_URLS]
    return [url for url in urls if url and (origin := origin_of(url)) and origin[0] == "loopback"]


def _is_off(text: str | None) -> bool:
    return text is not None and text.strip().lower() not in ("true", "1", "yes", "")


def _number(text: str | None, default: int) -> int:
    try:
        return max(1, int(text)) if text else default
    except ValueError:
        return default


_current: Settings | None = None


def current() -> Settings:
    """The settings in force."""
    global _current  # noqa: PLW0603 - the one place that holds them
    if _current is None:
        _current = read()
    return _current


def use(settings: Settings) -> None:
    """From now on these."""
    global _current  # noqa: PLW0603
    _current = settings


def add_origin(origin: Origin) -> None:
    """The relay is at this origin too."""
    settings = current()
    if origin not in settings.origins:
        use(replace(settings, origins=settings.origins | {origin}, endpoint=settings.endpoint or DEFAULT_ENDPOINT))
