"""What a Gemini or Vertex path says: `…/models/{model}:{method}`, the model and what is to be done with it."""

import re
from urllib.parse import unquote

_PATH = re.compile(r"/([^/:]+)(?::|%3[Aa])(\w+)/?$")


def read_method(path: str) -> str | None:
    """The method at the end of the path."""
    found = _PATH.search(path)
    return found[2] if found else None


def read_model(path: str) -> str | None:
    """The model, or the endpoint that serves it; None where the body names it (`/v1internal:…`)."""
    found = _PATH.search(path)
    return unquote(found[1]) if found and "internal" not in found[1] else None


def bare_model(name: str | None) -> str | None:
    """A model without the `models/` before it."""
    return name.removeprefix("models/") if isinstance(name, str) else None
