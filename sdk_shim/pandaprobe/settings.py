"""What the environment says of the sidecar and of the traces to post. Read once; `init` reads it again."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
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
TRANSPARENT: Origin = ("transparent", 0)


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
    is_off: bool = False
    """Nothing is posted, whatever comes in sight."""
    is_named: bool = False
    """The relay's address was said; no other is taken for it."""
    interceptor: Origin | None = None
    """The forward proxy that decrypts calls of this process; TRANSPARENT if they are redirected to it unseen."""
    intercepted: tuple[re.Pattern[str], ...] = ()
    """Of `host:port`: what it decrypts. Only there, and only by way of it, headers of ours go besides `origins`."""
    process_sessions: frozenset[str] = frozenset()
    """What `*_CUSTOM_HEADERS` make clients say on every request: the session of the process, not of a call."""

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
    if parts.scheme not in ("http", "https", "ws", "wss") or not host or " " in host:
        return None
    return to_origin(host, port or (443 if parts.scheme in ("https", "wss") else 80))


def to_origin(host: str, port: int) -> Origin:
    host = host.lower().strip("[]")
    return ("loopback" if host in LOOPBACK or _LOOPBACK_IP.fullmatch(host) else host, port)


def read(proxy: str | None = None, endpoint: str | None = None, **given: object) -> Settings:
    """Settings from parameters, then the environment. Never raises: what cannot be read is as if it were not there."""
    env = os.environ
    named = origin_of(str(proxy or env.get("PANDAPROBE_PROXY") or ""))
    found = [named] if named else [origin for url in _loopback_urls() if (origin := origin_of(url))]
    endpoint = str(endpoint or env.get("PANDAPROBE_ENDPOINT") or (DEFAULT_ENDPOINT if found else ""))
    is_off = given.get("enabled") is False or _is_off(env.get("PANDAPROBE_ENABLED"))
    made = Settings(
        frozenset(found if named else [*found, ("loopback", DEFAULT_RELAY_PORT)]),
        endpoint.rstrip("/") if origin_of(endpoint) and not is_off else "",
        env.get("PANDAPROBE_API_KEY", ""),
        env.get("PANDAPROBE_PROJECT_NAME", ""),
        env.get("PANDAPROBE_ENVIRONMENT") or None,
        env.get("PANDAPROBE_RELEASE") or None,
        _number(env.get("PANDAPROBE_MAX_QUEUE_SIZE"), 1000),
        (env.get("PANDAPROBE_DEBUG") or "").lower() in ("1", "true", "yes"),
        is_off,
        named is not None,
        _interceptor(env.get("PANDAPROBE_INTERCEPTED_BY", "")),
        tuple(_patterns(env.get("PANDAPROBE_INTERCEPTED", ""))),
        frozenset(_process_sessions()),
    )
    return replace(made, **_known(given))


def _known(given: Mapping[str, object]) -> dict[str, Any]:
    """What was given by hand and can be used."""
    words = ("api_key", "project_name", "environment", "release")
    known: dict[str, Any] = {name: str(given[name]) for name in words if given.get(name) is not None}
    if given.get("max_queue_size") is not None:
        known["max_queue_size"] = _number(str(given["max_queue_size"]), 1000)
    return known | ({"debug": bool(given["debug"])} if given.get("debug") is not None else {})


def _interceptor(text: str) -> Origin | None:
    return TRANSPARENT if text == TRANSPARENT[0] else origin_of(text)


def _patterns(text: str) -> Iterator[re.Pattern[str]]:
    """Of `HOST[:PORT]`, with commas between; `*` stands for any part of a host."""
    for entry in filter(None, (part.strip() for part in text.split(","))):
        named = entry if re.search(r":\d+$", entry) else f"{entry}:443"
        yield re.compile(r"[^:/]*".join(map(re.escape, named.split("*"))), re.IGNORECASE)


def _process_sessions() -> Iterator[str]:
    texts = [text for name, text in os.environ.items() if name.endswith("_CUSTOM_HEADERS")]
    for line in "\n".join(texts).splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in ("x-pandaprobe-session", "x-pandaprobe-session-id"):
            yield value.strip()


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
    """The relay is at this origin too, if nobody said where it is."""
    settings = current()
    if origin in settings.origins or settings.is_named:
        return
    endpoint = "" if settings.is_off else settings.endpoint or DEFAULT_ENDPOINT
    use(replace(settings, origins=settings.origins | {origin}, endpoint=endpoint))
