"""Deletes and corrects sessions, through whoever holds the one writer."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from pandaprobe_proxy.app.stores import open_only_writer
from pandaprobe_proxy.app.web_port import find_address, request
from pandaprobe_proxy.model.correction import Corrected, Correction
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.base import Writer
from pandaprobe_proxy.store.session_rows import SessionRow
from pandaprobe_proxy.store.shapes import session_json


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


def close_session(settings: Settings, session_id: str) -> dict[str, Any] | None:
    """Says that a session is over; the session as JSON, None if it is not there. Raises StoreError."""
    address = find_address(settings)
    if address:
        return request(address, "POST", f"/sessions/{quote(session_id, safe='')}/close")
    return _live(settings, lambda writer: writer.close_session(session_id))


def reopen_session(settings: Settings, session_id: str) -> dict[str, Any] | None:
    """Opens a session again; the session as JSON, None if it is not there. Raises StoreError."""
    address = find_address(settings)
    if address:
        return request(address, "POST", f"/sessions/{quote(session_id, safe='')}/reopen")
    return _live(settings, lambda writer: writer.reopen_session(session_id))


def _live(settings: Settings, work: Callable[[Writer], SessionRow | None]) -> dict[str, Any] | None:
    """Does that with a writer of our own. No sidecar runs, so nobody else tells what follows from it."""
    writer = open_only_writer(settings)
    try:
        work(writer)
        while writer.sweep(settings.session_gap_s * 1_000_000_000):
            pass
        row = work(writer)
    finally:
        writer.close()
    return session_json(row) if row else None


def correct(settings: Settings, correction: Correction) -> Corrected | None:
    """Makes a correction. Raises StoreError, Refused if it makes no sense. None if the sidecar knows of none."""
    address = find_address(settings)
    if address:
        return _read(request(address, "POST", "/corrections", msgspec.to_builtins(correction)))
    writer = open_only_writer(settings)
    try:
        return writer.correct(correction)
    finally:
        writer.close()


def undo(settings: Settings) -> Corrected | None:
    """Takes back the newest correction that stands; None if there is none. Raises StoreError."""
    address = find_address(settings)
    if address:
        return _read(request(address, "DELETE", "/corrections/newest"))
    writer = open_only_writer(settings)
    try:
        return writer.undo()
    finally:
        writer.close()


def _read(answer: dict[str, Any] | None) -> Corrected | None:
    return None if answer is None else msgspec.convert(answer, Corrected)
