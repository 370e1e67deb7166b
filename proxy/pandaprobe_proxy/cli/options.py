"""Options that many commands share, and the settings that they make."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pandaprobe_proxy.cli.output import Failure, from_store, not_found, say

if TYPE_CHECKING:
    from pandaprobe_proxy.store.base import Reader

F = TypeVar("F", bound=Callable[..., Any])

data_dir = click.option("--data-dir", metavar="DIR", help="Directory that calls are kept in (PANDAPROBE_DATA_DIR).")
as_json = click.option("--json", "json", is_flag=True, help="Print one JSON document.")


def limit(default: int) -> Callable[[F], F]:
    return click.option(
        "--limit", "-n", type=click.IntRange(1, 10_000), default=default, show_default=True, help="At most so many."
    )


def load_settings(**flags: Any) -> Any:
    """Settings with these flags; an error in them ends the command."""
    return load_all(**flags).settings


def load_all(**flags: Any) -> Any:
    """The same, with where each came from."""
    from pandaprobe_proxy.settings import SettingsError
    from pandaprobe_proxy.sources import load

    try:
        loaded = load(flags, os.environ, Path.cwd())
    except SettingsError as error:
        raise Failure(str(error), 2) from error
    for warning in loaded.warnings:
        say(f"Warning: {warning}")
    return loaded


@contextmanager
def reading(data_dir: str | None) -> "Iterator[Reader]":
    """A reader of the store; a store that cannot be read ends the command."""
    from pandaprobe_proxy import app

    settings = load_settings(data_dir=data_dir)
    reader = from_store(lambda: app.reader(settings))
    try:
        yield reader
    finally:
        reader.close()


def whole_id(given: str, find: Callable[[str, int], list[str]], what: str) -> str:
    """The id that `given` is, or begins; ends the command if there is none or more than one."""
    found = from_store(lambda: find(given, 10))
    if given in found:
        return given
    if not found:
        not_found(f"there is no {what} {given!r}", f"`pandaprobe-proxy {what}s ls` lists them")
    if len(found) > 1:
        raise Failure(f"{given!r} begins {len(found)} or more {what}s ({', '.join(found[:3])}, …); give more of it.", 2)
    return found[0]
