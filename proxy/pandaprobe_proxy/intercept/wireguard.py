"""A WireGuard tunnel as a way in: mitmproxy's own, in user space, with the keys of this installation.

Whoever has the client's key reaches what this machine reaches, so the file is its owner's only.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers import UDPLayer
from mitmproxy_rs.wireguard import genkey, pubkey

CLIENT = "10.0.0.1"
"""The client's address in the tunnel, and below the name server that mitmproxy answers for there."""
NAMES = "10.0.0.53"


class KeysError(Exception):
    """The keys cannot be read or made. One sentence."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Both private keys, in base64."""

    server: str
    client: str

    @property
    def client_public(self) -> str:
        return pubkey(self.client)

    def configuration(self, endpoint: str) -> str:
        """What the client's WireGuard reads; `endpoint` is the `host:port` at which it finds the server."""
        return (
            f"[Interface]\nPrivateKey = {self.client}\nAddress = {CLIENT}/32\nDNS = {NAMES}\n\n"
            f"[Peer]\nPublicKey = {pubkey(self.server)}\nAllowedIPs = 0.0.0.0/0\nEndpoint = {endpoint}\n"
        )


class Datagrams:
    """An addon. UDP passes as it is, HTTP/3 too. What asks the tunnel's own name server is answered by mitmproxy."""

    def next_layer(self, nextlayer: NextLayer) -> None:
        """What a connection speaks is to be decided."""
        context = nextlayer.context
        if context.client.transport_protocol == "udp" and context.server.address != (NAMES, 53):
            nextlayer.layer = UDPLayer(context, ignore=True)


def open_keys(path: Path) -> Keys:
    """The keys that a file holds, 0600; made if there is none. Raises KeysError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        keys = Keys(**json.loads(path.read_text()))
        pubkey(keys.server), pubkey(keys.client)
    except (OSError, ValueError, TypeError) as error:
        raise KeysError(
            f"the keys of the tunnel, {path}, cannot be read ({error}); move it away to have new ones."
        ) from error
    return keys


def _make(path: Path) -> None:
    """Whole or not at all; if two make it at once, the first one's hold."""
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(Keys(genkey(), genkey())), file)
    try:
        os.link(new, path)
    except FileExistsError:
        return
    finally:
        new.unlink()
