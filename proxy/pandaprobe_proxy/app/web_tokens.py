"""The token that opens the web port: made once per installation, 0600, beside the store; or in a file of the user's."""

import secrets
from pathlib import Path

import structlog

from pandaprobe_proxy.app.own_files import write_own
from pandaprobe_proxy.settings import Settings

log = structlog.get_logger("recorder")
NAME = "web-token"


def keep_token(settings: Settings) -> str:
    """The token, made if there is none yet. Empty where the user has said that something else guards the port."""
    if settings.unsafe_web_bind and settings.web_token_file is None:
        return ""
    found = read_token(settings)
    return found or _make(settings.data_dir / NAME)


def read_token(settings: Settings) -> str:
    """The token; empty if it was not made yet, or cannot be read."""
    try:
        return (settings.web_token_file or settings.data_dir / NAME).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _make(path: Path) -> str:
    """A new one; if it cannot be kept it holds for this run, and nobody is let in who does not know it."""
    token = secrets.token_urlsafe(32)
    try:
        write_own(path, token.encode())
    except OSError as error:
        log.error("the token of the web port cannot be kept, so nobody can open the port", why=error.strerror)
    return token
