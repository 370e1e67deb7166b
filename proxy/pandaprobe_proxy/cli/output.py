"""Printing: data to standard output, talk to standard error, and nothing captured may steer a terminal."""

import math
import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

import click
import msgspec

from pandaprobe_proxy.store.errors import Refused, StoreError

T = TypeVar("T")
NOT_FOUND, STORE_UNAVAILABLE = 3, 4
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?")


class Failure(click.ClickException):
    """Ends a command with one sentence on standard error and an exit code."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]  # click, too, reads it from the error itself


def not_found(what: str, hint: str) -> NoReturn:
    raise Failure(f"{what}; {hint}.", NOT_FOUND)


def from_store(read: Callable[[], T]) -> T:
    """What the store says; its refusal as a failure."""
    try:
        return read()
    except Refused as error:
        raise Failure(str(error), 1) from error
    except StoreError as error:
        raise Failure(str(error), STORE_UNAVAILABLE) from error


def print_json(value: Any) -> None:
    """One document."""
    click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def print_line(value: Any) -> None:
    """One document a line."""
    click.echo(msgspec.json.encode(value, enc_hook=str).decode())


def clean(text: str) -> str:
    """Captured text that is safe on a terminal: no escape sequences, no control characters but new lines and tabs."""
    text = _ESCAPES.sub("", text)
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))


def one_line(text: str, width: int) -> str:
    """Captured text on one line of at most `width` characters."""
    flat = " ".join(clean(text).split())
    return flat if len(flat) <= width else f"{flat[: max(0, width - 1)]}…"


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell."""
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    for i, row in enumerate([heads, *rows]):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        click.echo(click.style(line, bold=True) if i == 0 else line, color=_color())


def heading(text: str) -> None:
    click.echo(click.style(clean(text), bold=True), color=_color())


def faint(text: str) -> str:
    return click.style(clean(text), dim=True)


def echo(text: str = "") -> None:
    click.echo(text, color=_color())


def _color() -> bool | None:
    """None lets click decide by the terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def say(text: str) -> None:
    """Talk, on standard error."""
    click.echo(text, err=True)


def duration(ns: int | None) -> str:
    """A duration as people read it."""
    if ns is None:
        return "-"
    ms = ns / 1e6
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def size(count: int) -> str:
    """Bytes as people read them."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def dollars(cost: float) -> str:
    """US dollars as people read them: cents, and of what is less than a dollar three digits that count."""
    if cost == 0 or cost >= 1:
        return f"${cost:,.2f}"
    decimals = max(2, 2 - math.floor(math.log10(cost)))
    text = f"{cost:.{decimals}f}"
    whole, _, rest = text.partition(".")
    return f"${whole}.{rest.rstrip('0').ljust(2, '0')}"
