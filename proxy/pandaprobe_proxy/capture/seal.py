"""Seals what must lie on disk before it has been searched for secrets. The key lives in shared memory only. Pure.

A keystream of SHAKE-256 over key and nonce (FIPS 202, an extendable-output function used as a stream cipher). Whoever
has the disk without the running sidecar's memory has nothing; when the sidecar is gone, so is what was sealed.
"""

from hashlib import shake_256

NONCE_BYTES = 16
KEY_BYTES = 32


def seal(data: bytes, key: bytes, nonce: bytes) -> bytes:
    """The nonce and `data` unreadable. A nonce of 16 bytes serves once per key."""
    return nonce + _cross(data, key, nonce)


def unseal(sealed: bytes, key: bytes) -> bytes:
    """What was sealed under this key."""
    return _cross(sealed[NONCE_BYTES:], key, sealed[:NONCE_BYTES])


def _cross(data: bytes, key: bytes, nonce: bytes) -> bytes:
    stream = shake_256(key + nonce).digest(len(data))
    return (int.from_bytes(data) ^ int.from_bytes(stream)).to_bytes(len(data))
