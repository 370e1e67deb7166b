"""One frozen Settings, and where each of its values came from: flag, environment, file or default, in that order.

Files are `./pandaprobe.toml`, `[tool.pandaprobe]` in `./pyproject.toml`, and the user's own `config.toml`. What a file
or a flag names and nobody knows is an error; the environment is shared with the shim and the SDK, so there only what
looks like a misspelling is told, as a warning.
"""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pandaprobe_proxy.sessions.clues import read_visible

PREFIX = "PANDAPROBE_"
MIB = 1024 * 1024
FOREIGN = frozenset(
    {
        *(
            "API_KEY",
            "PROJECT_NAME",
            "ENDPOINT",
            "ENVIRONMENT",
            "RELEASE",
            "ENABLED",
            "SESSION",
            "USER",
            "TRACE",
            "PROXY",
        ),
        *("BATCH_SIZE", "FLUSH_INTERVAL", "MAX_QUEUE_SIZE", "DEBUG", "REFLECT_WORKSPACE"),
    }
)
"""Names after the prefix that belong to the shim or the SDK."""

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class SettingsError(Exception):
    """These settings cannot be used. One sentence: which, from where, why."""


class Settings(BaseModel):
    """Everything that can be set."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="Address that the relay listens on.")
    port: Port = Field(4100, description="Port that the relay listens on; 0 takes a free one.")
    web_host: str = Field("127.0.0.1", description="Address of the web port.")
    web_port: Port = Field(4101, description="The web port: API and trace ingest; 0 takes a free one.")
    unsafe_web_bind: bool = Field(False, description="Let the web port listen beyond loopback, unguarded.")
    data_dir: Path = Field(
        Path(platformdirs.user_data_dir("pandaprobe")), description="Directory that recorded calls are kept in."
    )
    upstreams: dict[str, str] = Field({}, description="Upstreams by name, beside or instead of the known ones.")
    default_upstream: str = Field("openai", description="The upstream that /v1 belongs to.")
    default_session: str = Field("new", description="Where calls without a session go: new, client, or an id.")
    session_gap_s: int = Field(1800, ge=1, description="Idle seconds after which `client` begins a new session.")
    capture: Literal["full", "metadata", "off"] = Field("full", description="What is kept of a call that does not say.")
    ring_bytes: int = Field(64 * MIB, ge=MIB // 4, description="Size of the memory between relay and recorder.")
    max_body_bytes: int = Field(64 * MIB, ge=0, description="Of each body, that much is kept.")
    keep_days: int = Field(30, ge=0, description="Days after which a quiet session is removed; 0 for never.")
    keep_bytes: int = Field(2048 * MIB, ge=0, description="Bytes that the store may take; 0 for no limit.")
    redact: tuple[str, ...] = Field((), description="Own patterns of secrets, as regular expressions.")
    connect_timeout_s: Seconds = Field(10.0, description="Seconds to reach an upstream.")
    head_timeout_s: Seconds = Field(15.0, description="Seconds for a client to send a request's head.")
    body_timeout_s: Seconds = Field(60.0, description="Seconds between two pieces of a request's body.")
    idle_timeout_s: Seconds = Field(600.0, description="Seconds that an upstream may be silent.")
    drain_s: float = Field(25.0, ge=0, description="Seconds that running calls may take after SIGTERM.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged.")
    log_format: Literal["auto", "console", "json"] = Field("auto", description="How it is logged.")

    @field_validator("redact")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern.encode())
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error
        return patterns

    @field_validator("default_session")
    @classmethod
    def _check_session(cls, value: str) -> str:
        if read_visible(value) is None:
            raise ValueError("a session id is 1 to 255 characters of visible text")
        return value


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where each came from, and what was odd on the way."""

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def load(flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path) -> Loaded:
    """Settings from all sources; a flag that is None was not given. Raises SettingsError."""
    values: dict[str, Any] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    warnings: list[str] = []
    user_file = Path(platformdirs.user_config_dir("pandaprobe")) / "config.toml"
    sources = [
        _read_file(user_file, ()),
        _read_file(cwd / "pyproject.toml", ("tool", "pandaprobe")),
        _read_file(cwd / "pandaprobe.toml", ()),
        _read_environment(environ, warnings),
        _read_flags(flags),
    ]
    for source in sources:
        for name, (value, origin) in source.items():
            values[name] = value
            origins[name] = origin
    return Loaded(_validate(values, origins), origins, tuple(warnings))


_Source = dict[str, tuple[Any, str]]


def _read_file(path: Path, table: Sequence[str]) -> _Source:
    try:
        data: Any = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as TOML ({error}); correct it or move it away.") from error
    for name in table:
        data = data.get(name, {})
    for name in data:
        if name not in Settings.model_fields:
            raise SettingsError(f"{path} sets {name!r}, which is not a setting{_guess(name)}.")
    return {name: (value, f"file {path}") for name, value in data.items()}


def _guess(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, 1)
    return f"; did you mean {near[0]!r}?" if near else "; `pandaprobe-proxy config show` lists them all"


def _read_environment(environ: Mapping[str, str], warnings: list[str]) -> _Source:
    found: _Source = {}
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX)
        if name.lower() in Settings.model_fields:
            found[name.lower()] = (_parse(name.lower(), text), f"environment {variable}")
        elif name.endswith("_FILE") and name.removesuffix("_FILE").lower() in Settings.model_fields:
            field = name.removesuffix("_FILE").lower()
            found[field] = (_parse(field, _read_secret(variable, text)), f"environment {variable}")
        elif name not in FOREIGN and difflib.get_close_matches(name.lower(), Settings.model_fields, 1, 0.8):
            warnings.append(f"{variable} is not a setting{_guess(name.lower())}")
    return found


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{variable} names {path}, which cannot be read ({error.strerror}).") from error


def _parse(name: str, text: str) -> Any:
    """An environment variable's text: lists by comma, dictionaries as `name=value`."""
    if name == "upstreams":
        return parse_pairs([part for part in text.split(",") if part.strip()], f"{PREFIX}UPSTREAMS")
    if name == "redact":
        return tuple(part for part in text.split(",") if part)
    return text


def parse_pairs(parts: Sequence[str], origin: str) -> dict[str, str]:
    """`name=URL` texts as a dictionary. Raises SettingsError."""
    pairs = {}
    for part in parts:
        name, mark, url = part.strip().partition("=")
        if not mark or not name or not url:
            raise SettingsError(f"{origin} has {part!r}; write an upstream as NAME=URL.")
        pairs[name] = url
    return pairs


def _read_flags(flags: Mapping[str, Any]) -> _Source:
    found: _Source = {}
    for name, value in flags.items():
        if value is None or value == ():
            continue
        if name not in Settings.model_fields:
            raise SettingsError(f"{name!r} is not a setting{_guess(name)}.")
        flag = "--upstream" if name == "upstreams" else f"--{name.replace('_', '-')}"
        is_list = name == "upstreams" and not isinstance(value, Mapping)
        found[name] = (parse_pairs(value, flag) if is_list else value, f"flag {flag}")
    return found


def _validate(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        why = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(
            f"{name} = {first['input']!r} ({origins.get(name, 'unknown')}) cannot be used: {why}."
        ) from error
