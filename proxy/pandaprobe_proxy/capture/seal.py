"""Seals what must lie on disk before it has been searched for secrets. The key lives in shared memory only. Pure.

AES-256 in counter mode (NIST SP 800-38A §6.5). Whoever has the disk without the running sidecar's memory has nothing;
when the sidecar is gone, so is what was sealed. Only a call that takes longer than one turn of the recorder is sealed,
and the cipher takes 6 MB, so it is loaded when there is one.
"""

NONCE_BYTES = 16
KEY_BYTES = 32


def seal(data: bytes, key: bytes, nonce: bytes) -> bytes:
    """The nonce and `data` unreadable. A nonce of 16 bytes, drawn at random, serves once per key."""
    return nonce + _cross(data, key, nonce)


def unseal(sealed: bytes, key: bytes) -> bytes:
    """What was sealed under this key."""
    return _cross(sealed[NONCE_BYTES:], key, sealed[:NONCE_BYTES])


def _cross(data: bytes, key: bytes, nonce: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    return Cipher(algorithms.AES256(key), modes.CTR(nonce)).encryptor().update(data)
