"""All cases: importing this registers them."""

from faults import on_recorder

__all__ = ["on_recorder"]
