"""Ids made from a given time and given randomness: UUIDv7 in canonical text, so that ids sort by time."""


def make_id(wall_ns: int, entropy: bytes) -> str:
    """A UUIDv7 (RFC 9562 §5.7) of `wall_ns` nanoseconds since 1970; `entropy` is at least 10 random bytes."""
    if len(entropy) < 10:
        raise ValueError("an id needs 10 bytes of entropy")
    millis = (wall_ns // 1_000_000) & 0xFFFF_FFFF_FFFF
    high = 0x7000 | (int.from_bytes(entropy[:2]) & 0x0FFF)
    low = (0b10 << 62) | (int.from_bytes(entropy[2:10]) & 0x3FFF_FFFF_FFFF_FFFF)
    text = f"{(millis << 16) | high:016x}{low:016x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
