"""Everything that can be set, as one frozen value. Where the values come from is the matter of `sources`."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, field_validator

from pandaprobe_proxy.intercept.hosts import parse_host
from pandaprobe_proxy.pricing.own import Price, read_prices
from pandaprobe_proxy.sessions.visible import read_visible

MIB = 1024 * 1024

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_ADDRESS = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_FLAGS = {
    "upstreams": "--upstream",
    "session_headers": "--session-header",
    "session_hooks": "--session-hook",
    "intercept_hosts": "--intercept-host",
    "judge_rubrics": "--rubric",
    "judge_votes": "--votes",
    "judge_budget_usd": "--budget-usd",
    "judge_budget_tokens": "--budget-tokens",
    "judge_concurrency": "--concurrency",
    "judge_per_minute": "--per-minute",
    "evaluators": "--evaluator",
    "web_names": "--web-name",
}
JUDGING = "judge_"
"""How the names of settings begin that are not for `serve` but for `eval run`."""


def flag_of(name: str) -> str:
    """The flag of a setting: one that may be given again has the name of one of its values."""
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")


def is_url(hook: str) -> bool:
    """Whether a session hook is posted to, not run."""
    return hook.startswith(("http://", "https://"))


class SettingsError(Exception):
    """These settings cannot be used. One sentence: which, from where, why."""


class Settings(BaseModel):
    """Everything that can be set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address that the relay listens on.")
    port: Port = Field(4100, description="Port that the relay listens on; 0 takes a free one.")
    web_host: str = Field("127.0.0.1", description="Address of the web port.")
    web_port: Port = Field(4101, description="The web port: viewer, API and trace ingest; 0 takes a free one.")
    web_names: tuple[str, ...] = Field((), description="Further host names by which the web port is asked.")
    web_token_file: Path | None = Field(
        None, description="File of the token that opens the web port; one is made in the data directory otherwise."
    )
    metrics_address: str = Field(
        "", description="HOST:PORT for metrics and probes alone, where others may reach them; empty for none."
    )
    unsafe_web_bind: bool = Field(False, description="Let the web port listen beyond loopback, unguarded.")
    forward: Port | None = Field(
        None, description="Port of the forward proxy for apps whose base URL cannot be changed; 0 takes a free one."
    )
    transparent: Port | None = Field(
        None, description="Port, on loopback, that rules redirect connections to: see the command of that name."
    )
    wireguard: Annotated[int, Field(gt=0, le=65535)] | None = Field(
        None, description="UDP port of a WireGuard tunnel, for devices: `transparent tunnel` prints their side."
    )
    intercept_hosts: tuple[str, ...] = Field(
        (), description="Hosts that are decrypted besides those of the upstreams; * for any part."
    )
    data_dir: Path = Field(
        Path(platformdirs.user_data_dir("pandaprobe")), description="Directory that recorded calls are kept in."
    )
    upstreams: dict[str, str] = Field({}, description="Upstreams by name, beside or instead of the known ones.")
    default_upstream: str = Field("openai", description="The upstream that /v1 belongs to.")
    default_session: str = Field("new", description="Where calls without a session go: new, client, or an id.")
    session_headers: tuple[str, ...] = Field(
        (), description="Own names of headers that carry a session id, strongest first."
    )
    session_gap_s: int = Field(
        1800, ge=1, description="Quiet seconds after which a session is idle, and `client` begins a new one."
    )
    session_hooks: tuple[str, ...] = Field(
        (), description="Commands to run, and URLs to post to, when the state of a session changes."
    )
    session_hook_secret_file: Path | None = Field(
        None, description="File of the secret that posts to URLs are signed with."
    )
    capture: Literal["full", "metadata", "off"] = Field("full", description="What is kept of a call that does not say.")
    ring_bytes: int | None = Field(
        None,
        ge=MIB // 4,
        description="Size of the memory between relay and recorder; 128 MiB, but at most a quarter of all, if unset.",
    )
    max_body_bytes: int = Field(64 * MIB, ge=0, description="Of each body, that much is kept.")
    max_held_bytes: int | None = Field(
        None,
        ge=MIB,
        description="Of all bodies that are not stored yet, that much is held; of more, the beginning."
        " 256 MiB, but at most a quarter of all memory, if unset.",
    )
    keep_days: int = Field(30, ge=0, description="Days after which a quiet session is removed; 0 for never.")
    keep_bytes: int = Field(2048 * MIB, ge=0, description="Bytes that the store may take; 0 for no limit.")
    recorder_silence_s: Seconds = Field(
        30.0, description="Seconds without a sign of life after which the recorder is started again."
    )
    inject_usage: bool = Field(
        False, description="Ask for a stream's usage where the app left it open; it does not see the extra chunk."
    )
    redact: tuple[str, ...] = Field((), description="Own patterns of secrets, as regular expressions.")
    prices: dict[str, Price] = Field({}, description="Own prices by model: a TOML or JSON file, or a table of them.")
    judge_url: str = Field("", description="OpenAI-compatible endpoint that judges sessions; empty for no judge.")
    judge_model: str = Field("", description="Model that judges.")
    judge_key_env: str = Field(
        "PANDAPROBE_JUDGE_KEY", description="Variable that has the judge's key; what is in it is stored nowhere."
    )
    judge_rubrics: tuple[Path, ...] = Field((), description="Files with rubrics of your own, in plain words.")
    judge_votes: int = Field(1, ge=1, le=9, description="Times that each question is asked; the median counts.")
    judge_budget_usd: float = Field(0, ge=0, description="US dollars that a run may cost; 0 for no limit.")
    judge_budget_tokens: int = Field(0, ge=0, description="Tokens that a run may take; 0 for no limit.")
    judge_concurrency: int = Field(4, ge=1, le=64, description="Requests to the judge at the same time.")
    judge_per_minute: int = Field(0, ge=0, description="Requests to the judge in a minute; 0 for no limit.")
    evaluators: tuple[Path, ...] = Field((), description="Python files with evaluators of your own, for `eval`.")
    connect_timeout_s: Seconds = Field(10.0, description="Seconds to reach an upstream.")
    head_timeout_s: Seconds = Field(15.0, description="Seconds for a client to send a request's head.")
    body_timeout_s: Seconds = Field(60.0, description="Seconds between two pieces of a request's body.")
    idle_timeout_s: Seconds = Field(600.0, description="Seconds that an upstream may be silent.")
    drain_s: float = Field(25.0, ge=0, description="Seconds that running calls may take after SIGTERM.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_format: Literal["auto", "console", "json"] = Field("auto", description="How it is logged.")

    @field_validator("upstreams", mode="before")
    @classmethod
    def _read_pairs(cls, value: Any) -> Any:
        """A mapping; or `NAME=URL` texts, in a sequence or joined by commas."""
        if isinstance(value, Mapping):
            return value
        parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)
        pairs = [(str(part), *str(part).partition("=")) for part in parts if part]
        for part, name, _, url in pairs:
            if not name or not url:
                raise ValueError(f"{part!r} is not an upstream; write NAME=URL")
        return {name: url for _, name, _, url in pairs}

    @field_validator("redact", "session_hooks", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """A sequence of texts; or one text, one of them a line."""
        return tuple(line for line in value.splitlines() if line) if isinstance(value, str) else value

    @field_validator("session_hooks")
    @classmethod
    def _check_hooks(cls, hooks: tuple[str, ...]) -> tuple[str, ...]:
        for hook in hooks:
            if is_url(hook):
                parts = urlsplit(hook)  # raises ValueError by itself, and so does an odd port
                if not parts.hostname or parts.port == 0:
                    raise ValueError("a URL of a hook has a host, such as https://example.com/hook")
            elif not shlex.split(hook):
                raise ValueError("a hook is a command or a URL, and not empty")
        return hooks

    @field_validator("judge_url")
    @classmethod
    def _check_judge(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None):
            raise ValueError("it is a URL such as https://api.openai.com/v1, without a name or password in it")
        return url

    @field_validator("session_headers", "intercept_hosts", "web_names", "evaluators", "judge_rubrics", mode="before")
    @classmethod
    def _read_names(cls, value: Any) -> Any:
        """A sequence of names; or one text, with commas between them."""
        return tuple(part for name in value.split(",") if (part := name.strip())) if isinstance(value, str) else value

    @field_validator("session_headers")
    @classmethod
    def _check_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a header")
        return names

    @field_validator("intercept_hosts")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            parse_host(host)
        return hosts

    @field_validator("prices", mode="before")
    @classmethod
    def _read_prices(cls, value: Any) -> Any:
        """A table of prices by model; or the name of a file that holds one, or its JSON text."""
        return read_prices(value)

    @field_validator("redact")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern.encode())
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return patterns

    @field_validator("metrics_address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        if value and not (_ADDRESS.fullmatch(value) and 0 < int(value.rsplit(":", 1)[1]) < 65536):
            raise ValueError(f"{value!r} is not an address; write HOST:PORT, or [HOST]:PORT for IPv6")
        return value

    @field_validator("default_session")
    @classmethod
    def _check_session(cls, value: str) -> str:
        if read_visible(value) is None:
            raise ValueError("a session id is 1 to 255 characters of visible text")
        return value
