"""The token that opens the web port: made once per installation, 0600, beside the store; or in a file of the user's."""

import os
import secrets
from pathlib import Path

import structlog

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
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f"{NAME}.new")  # whole or not at all: the disk may be full
        fd = os.open(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(fd, "w") as file:
            file.write(token)
        new.rename(path)
    except OSError as error:
        log.error("the token of the web port cannot be kept, so nobody can open the port", why=error.strerror)
    return token
