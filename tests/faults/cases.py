"""All cases: importing this registers them."""

from faults import on_client, on_content, on_limits, on_recorder, on_start, on_store, on_upstream

__all__ = ["on_client", "on_content", "on_limits", "on_recorder", "on_start", "on_store", "on_upstream"]
