"""The intercepting process: the forward proxy on a socket of the relay's, and the pipe to the relay.

Started by `serve` with what it needs on standard input. It drains and ends when the relay says so by closing its
direction of the pipe, or is gone.
"""

import asyncio
import gc
import json
import os
import signal
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from pandaprobe_proxy.app import logs
from pandaprobe_proxy.app.memory import choose_ring, read_memory
from pandaprobe_proxy.app.pulse import beat
from pandaprobe_proxy.capture.pipe import PipeWriter
from pandaprobe_proxy.intercept.hosts import Hosts, parse_host
from pandaprobe_proxy.settings import Settings

if TYPE_CHECKING:
    from pandaprobe_proxy.intercept.forward import Forward

log = structlog.get_logger("intercept")

MISSING = (
    "interception needs mitmproxy, which is not installed; install the extra, pandaprobe-proxy[intercept],"
    " or on Python 3.11 what requirements-intercept.lock names (README says how)."
)
BUNDLES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))


def is_possible() -> bool:
    """Whether what interception needs is installed."""
    return all(util.find_spec(name) is not None for name in ("mitmproxy", "cryptography"))


def certificate_path(settings: Settings) -> Path:
    """The certificate that apps must trust."""
    return settings.data_dir.absolute() / "ca" / "pandaprobe-ca.pem"


def keys_path(settings: Settings) -> Path:
    """The keys of the WireGuard tunnel."""
    return certificate_path(settings).with_name("wireguard.json")


def trusted_path() -> Path | None:
    """The certificates that this machine trusts, as one file; None if there is no such file."""
    named = ssl.get_default_verify_paths().cafile
    found = (path for path in ((Path(named),) if named else ()) + BUNDLES if path.is_file())
    return next(found, None)


def intercept_main() -> int:
    """The process's whole life. Standard input holds what `Interceptor` gives."""
    given = json.load(sys.stdin)
    settings = Settings.model_validate(given["settings"])
    logs.set_up(settings.log_level, settings.log_format)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the relay
    return _runner()(_intercept(settings, given))


def _runner() -> Callable[[Coroutine[Any, Any, int]], int]:
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _intercept(settings: Settings, given: Mapping[str, Any]) -> int:
    from pandaprobe_proxy.intercept.authority import AuthorityError, open_authority
    from pandaprobe_proxy.intercept.flows import Clocks
    from pandaprobe_proxy.intercept.forward import Forward, Plan

    try:
        authority = open_authority(certificate_path(settings))
    except AuthorityError as error:
        log.error("nothing can be intercepted", why=str(error))
        return 1
    pipe = socket.socket(fileno=given["pipe_fd"])
    writer = PipeWriter(pipe, choose_ring(settings, read_memory()))
    plan = Plan(
        hosts=_read_hosts(given["hosts"]),
        authority=authority,
        trusted=trusted_path(),
        barred=tuple((host, port) for host, port in given["barred"]),
        idle_s=settings.idle_timeout_s,
    )
    forward = Forward(plan, writer.tap, Clocks(time.monotonic_ns, time.time_ns, os.urandom))
    redirected = [socket.socket(fileno=fd) for fd in given["redirected_fds"]]
    await forward.start(socket.socket(fileno=given["listen_fd"]), redirected)
    if settings.wireguard is not None and not await _tunnel(forward, settings):
        return 1
    beating = asyncio.create_task(beat(given["pulse_fd"]))
    gc.collect()
    gc.freeze()  # what there is now stays; a collection then looks at flows only, and takes no time that is felt
    async for hosts in _told(pipe):
        forward.list(_read_hosts(hosts))
    await forward.drain(settings.drain_s)
    writer.close()
    beating.cancel()
    return 0


async def _tunnel(forward: "Forward", settings: Settings) -> bool:
    """Opens the tunnel; whether it could be."""
    from pandaprobe_proxy.intercept.wireguard import KeysError, open_keys

    try:
        await forward.start_tunnel(settings.host, settings.wireguard or 0, open_keys(keys_path(settings)))
    except (KeysError, OSError) as error:
        log.error("the WireGuard tunnel cannot be opened", port=settings.wireguard, why=str(error))
        return False
    return True


def _read_hosts(pairs: Iterable[tuple[str, str]]) -> Hosts:
    return Hosts(parse_host(text, name) for text, name in pairs)


async def _told(pipe: socket.socket) -> AsyncIterator[list[tuple[str, str]]]:
    """The hosts anew, whenever the relay tells them, until it closes its direction of the pipe."""
    loop = asyncio.get_running_loop()
    rest = b""
    while data := await loop.sock_recv(pipe, 65536):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield json.loads(line)
