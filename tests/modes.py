"""In which mode the relay of a running test works: the usual one, or one that stands in its place (see forwarding)."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Mode:
    """What differs from the usual."""

    relaying: Callable | None = None
    """Makes what stands in the relay's place, from the same arguments as `relaying.relaying`."""
    tls: ssl.SSLContext | None = None
    """What scripted upstreams speak if a test asks for nothing else."""


current = Mode()
