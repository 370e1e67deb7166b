"""A URL that each change of a session is posted to, as JSON, signed if there is a secret.

It is asked directly, by no proxy, and no redirect is followed: what is configured is what is told.
"""

import hashlib
import hmac
from urllib.parse import urlsplit

import aiohttp

from pandaprobe_proxy import __version__
from pandaprobe_proxy.app.hooks import HookFailed
from pandaprobe_proxy.model.lifecycle import Change
from pandaprobe_proxy.store.shapes import encode_change

TIMEOUT_S = 10.0
LATER = frozenset({408, 425, 429})
"""Answers that say: not now."""


class Webhook:
    """See hooks.Hook. An answer of 2xx has taken the change."""

    def __init__(self, url: str, secret: bytes = b"", timeout_s: float = TIMEOUT_S) -> None:
        self._url = url
        self._secret = secret
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self.name = f"{address} ({hashlib.sha256(url.encode()).hexdigest()[:8]})"

    async def tell(self, change: Change) -> None:
        """Posts it once. Raises HookFailed."""
        status = await self._post(encode_change(change))
        if not 200 <= status < 300:
            raise HookFailed(f"it answered {status}", refused=status < 500 and status not in LATER)

    async def _post(self, body: bytes) -> int:
        headers = {"Content-Type": "application/json", "User-Agent": f"pandaprobe-proxy/{__version__}"}
        if self._secret:
            digest = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
            headers["X-PandaProbe-Signature"] = f"sha256={digest}"
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout, trust_env=False) as session,
                session.post(self._url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                return response.status
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:  # no text: it has the URL
            raise HookFailed(f"it cannot be reached ({type(error).__name__})", refused=False) from error
