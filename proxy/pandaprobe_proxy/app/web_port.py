"""Asks the running sidecar's web port to do what only its recorder may, since it has the one writer."""

import http.client
import json
from dataclasses import dataclass, field
from typing import Any

from pandaprobe_proxy.app.control import ask
from pandaprobe_proxy.app.web_tokens import read_token
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.errors import Refused, StoreError

TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class WebPort:
    """Where a sidecar's web port is, and what opens it."""

    address: str
    token: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.address


def find_address(settings: Settings) -> WebPort | None:
    """The web port of the sidecar that runs on these settings; None if none runs."""
    running = ask(settings, {"ask": "status"})
    return WebPort(running["web"]["address"], read_token(settings)) if running else None


def request(port: WebPort, method: str, path: str, body: Any = None) -> dict[str, Any] | None:
    """The answer; None for 404. Raises StoreError with what the sidecar says, or that it does not."""
    connection = http.client.HTTPConnection(port.address, timeout=TIMEOUT_S)
    sent = None if body is None else json.dumps(body)
    headers = {"Authorization": f"Bearer {port.token}"} if port.token else {}
    try:
        connection.request(method, path, sent, headers | ({} if sent is None else {"Content-Type": "application/json"}))
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise StoreError(f"the sidecar's web port {port} does not answer; try again in a moment.") from error
    finally:
        connection.close()
    if response.status == 404:
        return None
    if response.status == 409:
        raise Refused(str(answer.get("detail", "the sidecar refused.")))
    if not 200 <= response.status < 300:
        raise StoreError(str(answer.get("detail", "the sidecar refused.")))
    return dict(answer)
