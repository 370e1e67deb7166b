"""Chat calls to a sidecar as an app makes them, by nothing but the standard library."""

import json
import urllib.error
import urllib.request

KEY = "sk-canary-0123456789abcdefABCDEF"


def ask(base, session, text, *, check=True, headers=None, **more):
    """The answer's status and body. `more` goes into the request's body, `messages` in place of the text, too."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}
    request = urllib.request.Request(
        f"{base}/chat/completions",
        json.dumps(body).encode(),
        {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {KEY}",
            "X-PandaProbe-Session": session,
            **(headers or {}),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        if check:
            raise
        return error.code, error.read()
