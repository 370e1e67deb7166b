"""Who authenticates a request: what stays the same while a credential is renewed or signs each request anew.

An access key of AWS rather than the signature, the subject of a JSON Web Token rather than the token. Nothing of it is
stored but a keyed fingerprint.
"""

import base64
import re

from pandaprobe_proxy.capture.redact import find_credentials
from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.model.exchange import Headers, find_header

_NAMES = (b"authorization", b"x-api-key", b"api-key", b"x-goog-api-key")
_AWS = re.compile(rb"AWS4-[A-Z0-9-]+ Credential=([^/,\s]+)/")
_SUBJECTS = ("iss", "sub", "oid", "appid", "azp", "client_id")


def find_principal(headers: Headers, target: bytes = b"") -> bytes:
    """Some bytes that all requests of one principal share; empty for a request that authenticates with nothing."""
    value = next((found for name in _NAMES if (found := find_header(headers, name))), b"")
    signed = _AWS.match(value)
    if signed:
        return b"aws:" + signed[1]
    token = value.rpartition(b" ")[2]
    subject = _read_subject(token)
    if subject:
        return subject
    return token or next(iter(reversed(find_credentials(headers, target))), b"")


def _read_subject(token: bytes) -> bytes:
    """Who a JSON Web Token is of (RFC 7519 §4.1); empty if it is none, or does not say."""
    parts = token.split(b".")
    if len(parts) != 3 or not parts[1].startswith(b"eyJ"):
        return b""
    try:
        claims = parse_json(base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4)))
    except ValueError:
        return b""
    if not isinstance(claims, dict) or not claims.get("sub"):
        return b""
    said = (f"{name}={claims[name]}" for name in _SUBJECTS if isinstance(claims.get(name), str))
    return b"jwt:" + "\n".join(said).encode("utf-8", "replace")
