"""Deletes a session, through whoever holds the one writer."""

import http.client
import json
from urllib.parse import quote

from pandaprobe_proxy.app.control import ask
from pandaprobe_proxy.app.stores import open_writer
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import StoreBusy, StoreError


def delete_session(settings: Settings, session_id: str) -> int | None:
    """How many calls went, None if there is no such session. Raises StoreError."""
    running = ask(settings, {"ask": "status"})
    if running:
        return _ask_sidecar(running["web"]["address"], session_id)
    try:
        writer = open_writer(settings)
    except StoreBusy as error:
        raise StoreError(f"{error} Its sidecar does not answer; try again when it does.") from error
    try:
        return writer.delete_session(session_id)
    finally:
        writer.close()


def _ask_sidecar(address: str, session_id: str) -> int | None:
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("DELETE", f"/sessions/{quote(session_id, safe='')}")
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise StoreError(f"the sidecar's web port {address} does not answer; try again in a moment.") from error
    finally:
        connection.close()
    if response.status == 404:
        return None
    if response.status != 200:
        raise StoreError(str(answer.get("detail", "the sidecar refused to delete the session.")))
    return int(answer["deleted"])
