"""Deletes a session, through whoever holds the one writer."""

from urllib.parse import quote

from pandaprobe_proxy.app.stores import open_only_writer
from pandaprobe_proxy.app.web_port import find_address, request
from pandaprobe_proxy.settings import Settings


def delete_session(settings: Settings, session_id: str) -> int | None:
    """How many calls went, None if there is no such session. Raises StoreError."""
    address = find_address(settings)
    if address:
        answer = request(address, "DELETE", f"/sessions/{quote(session_id, safe='')}")
        return None if answer is None else int(answer["deleted"])
    writer = open_only_writer(settings)
    try:
        return writer.delete_session(session_id)
    finally:
        writer.close()
