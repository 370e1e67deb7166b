"""Session hooks as settings name them: a URL is posted to, anything else is a command."""

import ipaddress
import shlex
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pandaprobe_proxy.settings import Settings, is_url

if TYPE_CHECKING:  # the relay only checks them
    from pandaprobe_proxy.app.hooks import Hook

DEFAULT_PORTS = {"http": 80, "https": 443}


def check_hooks(settings: Settings, own: Iterable[tuple[str, int]]) -> None:
    """Raises ValueError if they cannot be used. `own` are the addresses of the sidecar, which records itself never."""
    _read_secret(settings)
    ports = {port for _, port in own}
    hosts = {host for host, _ in own}
    for text in filter(is_url, settings.session_hooks):
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        if port in ports and (host in hosts or _is_here(host)):
            raise ValueError(f"the session hook on {host}:{port} is the sidecar itself; name another --session-hook.")


def _is_here(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def make_hooks(settings: Settings, environ: Mapping[str, str]) -> "list[Hook]":
    """Those that settings name, each once. Raises ValueError as above."""
    secret = _read_secret(settings)
    return [_make_hook(text, settings, secret, environ) for text in dict.fromkeys(settings.session_hooks)]


def _make_hook(text: str, settings: Settings, secret: bytes, environ: Mapping[str, str]) -> "Hook":
    """Loads what it needs, and a client for HTTP, which takes 8 MB, only for a URL."""
    if is_url(text):
        from pandaprobe_proxy.app.webhook import Webhook

        return Webhook(text, secret)
    from pandaprobe_proxy.app.hook_command import CommandHook

    return CommandHook(shlex.split(text), settings.data_dir, environ)


def _read_secret(settings: Settings) -> bytes:
    path = settings.session_hook_secret_file
    if path is None:
        return b""
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror}); --session-hook-secret-file names the file of the secret."
        ) from error
    if not secret:
        raise ValueError(f"{path} is empty; put the secret of session hooks into it.")
    return secret
