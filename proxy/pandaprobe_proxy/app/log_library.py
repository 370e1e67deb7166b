"""Imports structlog without `rich`, which it loads wherever that is installed: 5 MB and 0.1 s of each process, unused.

Logs are the same without it. Who imports `rich` later gets it.
"""

import sys

_held = sys.modules.get("rich")
if _held is None:
    sys.modules["rich"] = None  # type: ignore[assignment]  # which makes its import fail
try:
    import structlog  # noqa: F401
finally:
    if _held is None:
        del sys.modules["rich"]
