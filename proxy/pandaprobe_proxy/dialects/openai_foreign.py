"""Whether a path that OpenAI's state endpoints share with other providers is of another one, or is never to be read."""

import re

from pandaprobe_proxy.model.exchange import Headers, find_header

_FOREIGN = re.compile(r"/v1(?:alpha|beta)\d*/|/organization/|/projects/|/messages/batches|/upload/|(?:^|/)mistral/")


def is_foreign(path: str, headers: Headers) -> bool:
    """Anthropic is known by its header, Google by its version, Mistral by its upstream or its client, and OpenAI's
    administration by its folder.
    """
    client = (find_header(headers, b"user-agent") or b"").lower()
    anthropic = find_header(headers, b"anthropic-version") is not None
    return _FOREIGN.search(path) is not None or anthropic or client.startswith(b"mistral-client")
