"""What a Bedrock path says: the model, its colons percent-encoded, and what is asked of it."""

import re
from urllib.parse import unquote

_PATH = re.compile(r"(?:^|/)model/(.+)/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)/?$")


def read_path(path: str) -> tuple[str | None, str]:
    """(model, verb); the verb is empty if the path is none of Bedrock's."""
    found = _PATH.search(path)
    return (unquote(found[1]), found[2]) if found else (None, "")
