"""Where settings come from: flags, the environment, files, defaults, in that order; and where each value came from.

Files are `./pandaprobe.toml`, `[tool.pandaprobe]` in `./pyproject.toml`, and the user's own `config.toml`. What a file
or a flag names and nobody knows is an error; the environment is shared with the shim and the SDK, so there only what
looks like a misspelling is told, as a warning.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs
from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from pandaprobe_proxy.settings import Settings, SettingsError, flag_of

PREFIX = "PANDAPROBE_"
FOREIGN = frozenset(
    "API_KEY BATCH_SIZE DEBUG ENABLED ENDPOINT ENVIRONMENT FLUSH_INTERVAL JUDGE_KEY MAX_QUEUE_SIZE PARENT_SESSION"  # noqa: SIM905
    " PROJECT_NAME PROXY REFLECT_WORKSPACE RELEASE SESSION TRACE USER".split()
)
"""Names after the prefix that belong to the shim or the SDK, or hold a secret of ours."""

_Found = dict[str, tuple[Any, str]]
"""Values by setting, each with its origin."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where each came from, and what was odd on the way."""

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()


class _Shape(BaseSettings, Settings):
    """The settings as their sources see them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")


class _Environment(EnvSettingsSource):
    """The variables of a given environment; all values are texts, which Settings reads."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = {name.lower(): text for name, text in environ.items()}
        super().__init__(_Shape)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return self._environ

    def prepare_field_value(self, field_name: str, field: Any, value: Any, value_is_complex: bool) -> Any:
        return value


def load(flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path) -> Loaded:
    """Settings from all sources; a flag that is None or empty was not given. Raises SettingsError."""
    found: _Found = dict.fromkeys(Settings.model_fields, (None, "default"))
    found |= _read_file(Path(platformdirs.user_config_dir("pandaprobe")) / "config.toml")
    found |= _read_file(cwd / "pyproject.toml", ("tool", "pandaprobe"))
    found |= _read_file(cwd / "pandaprobe.toml")
    found |= _read_environment(environ) | _read_secrets(environ) | _read_flags(flags)
    origins = {name: origin for name, (_, origin) in found.items()}
    values = {name: value for name, (value, origin) in found.items() if origin != "default"}
    return Loaded(_validate(values, origins), origins, tuple(_misspelled(environ)))


def _read_file(path: Path, table: tuple[str, ...] = ()) -> _Found:
    try:
        data = TomlConfigSettingsSource(_Shape, path, table).toml_data
    except KeyError:  # the file has no such table
        return {}
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read as TOML ({error}); correct it or move it away.") from error
    for name in data:
        if name not in Settings.model_fields:
            raise SettingsError(f"{path} sets {name!r}, which is not a setting{_guess(name)}.")
    return {name: (value, f"file {path}") for name, value in data.items()}


def _guess(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, 1)
    return f"; did you mean {near[0]!r}?" if near else "; `pandaprobe-proxy config show` lists them all"


def _read_environment(environ: Mapping[str, str]) -> _Found:
    return {name: (value, f"environment {PREFIX}{name.upper()}") for name, value in _Environment(environ)().items()}


def _read_secrets(environ: Mapping[str, str]) -> _Found:
    """`PANDAPROBE_<SETTING>_FILE` names a file that holds the value."""
    found: _Found = {}
    for name in Settings.model_fields:
        variable = f"{PREFIX}{name.upper()}_FILE"
        if variable in environ:
            found[name] = (_read_secret(variable, environ[variable]), f"environment {variable}")
    return found


def _read_secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{variable} names {path}, which cannot be read ({error}).") from error


def _misspelled(environ: Mapping[str, str]) -> list[str]:
    known = {*Settings.model_fields, *(f"{name}_file" for name in Settings.model_fields)}
    ours = [name for name in sorted(environ) if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in FOREIGN]
    odd = [(name, name.removeprefix(PREFIX).lower()) for name in ours]
    return [
        f"{variable} is not a setting{_guess(name)}"
        for variable, name in odd
        if name not in known and difflib.get_close_matches(name, Settings.model_fields, 1, 0.7)
    ]


def _read_flags(flags: Mapping[str, Any]) -> _Found:
    found: _Found = {}
    for name, value in flags.items():
        if value is None or value == ():
            continue
        if name not in Settings.model_fields:
            raise SettingsError(f"{name!r} is not a setting{_guess(name)}.")
        found[name] = (value, f"flag {flag_of(name)}")
    return found


def _validate(values: Mapping[str, Any], origins: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        why = str(first["msg"]).removeprefix("Value error, ")
        given = _shorten(str(first["input"]))
        raise SettingsError(f"{name} = {given} ({origins.get(name, 'unknown')}) cannot be used: {why}.") from error


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 100 else f"{text[:100]}…")
