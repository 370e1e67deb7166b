"""Ids made from a given time and given randomness: UUIDv7 in canonical text, so that ids sort by time."""


def make_id(wall_ns: int, entropy: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7) of `wall_ns` nanoseconds since 1970; `entropy` is at least 10 random bytes."""
    if len(entropy) < 10:
        raise ValueError("an id needs 10 bytes of entropy")
    raw = bytearray((wall_ns // 1_000_000 & 0xFFFF_FFFF_FFFF).to_bytes(6) + entropy[:10])
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
