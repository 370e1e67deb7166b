"""All cases: importing this registers them."""

from faults import on_recorder, on_store, on_upstream

__all__ = ["on_recorder", "on_store", "on_upstream"]
