"""What is kept of embedding vectors: how many there are and how many numbers each has, not the numbers."""

from typing import Any

Json = Any


def describe_vectors(vectors: Json) -> tuple[dict[str, Json], bool]:
    """({count, dimensions}, whether each is a vector): lists of numbers, or base64 of little-endian float32."""
    listed = vectors if isinstance(vectors, list) else []
    lengths = [_length(vector) for vector in listed]
    known = sorted({length for length in lengths if length is not None})
    placed = isinstance(vectors, list) and None not in lengths
    return {"count": len(listed), "dimensions": known[0] if len(known) == 1 else known}, placed


def _length(vector: Json) -> int | None:
    if isinstance(vector, list):
        return len(vector)
    return len(vector.rstrip("=")) * 3 // 4 // 4 if isinstance(vector, str) else None
