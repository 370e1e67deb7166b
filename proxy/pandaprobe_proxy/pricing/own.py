"""Prices of your own: US dollars per million tokens, by model. From a table, its JSON text, or a file that holds it."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Price(BaseModel):
    """US dollars per million tokens. What is not said costs as much as the `input` or `output` that it is part of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Dollars
    output: Dollars
    cached: Dollars | None = None
    cache_written: Dollars | None = None
    reasoning: Dollars | None = None
    audio_input: Dollars | None = None
    audio_output: Dollars | None = None


def read_prices(value: Any) -> dict[str, Price]:
    """Prices by `MODEL`, `UPSTREAM/MODEL`, or the beginning of either and `*`. Raises ValueError with one sentence."""
    table = _read_text(str(value)) if isinstance(value, str | Path) and str(value) else value or {}
    if not isinstance(table, Mapping):
        raise ValueError("prices are a table of models, or the name of a TOML or JSON file that holds one")
    return {str(name): _read_price(str(name), price) for name, price in table.items()}


def _read_text(text: str) -> Any:
    """A table as JSON text, or the name of a file that holds one."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"this is no JSON ({error})") from error
    path = Path(text)
    try:
        text = path.read_text()
        return json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be read as {'JSON' if path.suffix == '.json' else 'TOML'} ({error})"
        ) from error


def _read_price(name: str, value: Any) -> Price:
    if isinstance(value, Price):
        return value
    try:
        return Price.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = f"{first['loc'][0]!r} of " if first["loc"] else ""
        raise ValueError(f"{where}the price of {name!r}: {_lower(str(first['msg']))}") from error


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def find_price(prices: Mapping[str, Price], upstream: str, models: tuple[str, ...]) -> tuple[str, Price] | None:
    """The price that fits best, with its name: an upstream's before any's, whole names before the longest `…*`."""
    names = [name for model in models for name in (f"{upstream}/{model}", model)]
    for name in names:
        if name in prices:
            return name, prices[name]
    begun = [key for key in prices if key.endswith("*") and any(name.startswith(key[:-1]) for name in names)]
    longest = max(begun, key=len, default=None)
    return (longest, prices[longest]) if longest is not None else None
