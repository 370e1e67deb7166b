"""What the path of a request says beyond the operation."""

import re
from urllib.parse import unquote

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")


def read_deployment(path: str) -> str | None:
    """The model of an Azure path, `/openai/deployments/{deployment}/…`, where no body names one."""
    found = _DEPLOYMENT.search(path)
    return unquote(found[1]) if found else None
