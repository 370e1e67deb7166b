"""`wrap_openai` and its kin. The sidecar records the calls of any client that leads to it, so there is little to wrap:
the client is given back as it is, and if its base URL leads to this machine, that is where the sidecar is.
"""

from typing import Any, TypeVar

from pandaprobe import settings

T = TypeVar("T")


def wrap_openai(client: T) -> T:
    """The same client; its calls carry the session if they go to the sidecar. Wrapping again changes nothing."""
    origin = _origin(client)
    if origin is not None and origin[0] == "loopback":
        settings.add_origin(origin)
    return client


def _origin(client: Any) -> settings.Origin | None:
    try:
        url = getattr(client, "base_url", None) or getattr(client, "_base_url", None)
        return settings.origin_of(str(url)) if url else None
    except Exception:
        return None


wrap_anthropic = wrap_gemini = wrap_mistral = wrap_litellm = wrap_bedrock = wrap_openai

__all__ = ["wrap_anthropic", "wrap_bedrock", "wrap_gemini", "wrap_litellm", "wrap_mistral", "wrap_openai"]
