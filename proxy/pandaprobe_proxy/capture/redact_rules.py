"""What a secret looks like: names of headers and fields, and the shapes of known keys. Data; `redact` applies it."""

import re
from dataclasses import dataclass

import re2

KEPT_HEADERS = frozenset(
    """
    accept accept-encoding accept-language age alt-svc apim-request-id azureml-model-deployment cache-control cf-ray
    connection content-disposition content-encoding content-language content-length content-type date etag expect
    expires host keep-alive last-modified location openai-beta openai-model openai-processing-ms openai-version
    anthropic-beta anthropic-version request-id retry-after retry-after-ms sec-websocket-extensions
    sec-websocket-protocol sec-websocket-version server server-timing te traceparent tracestate traceresponse baggage
    trailer transfer-encoding upgrade user-agent vary via x-request-id x-should-retry idempotency-key
    amz-sdk-invocation-id amz-sdk-request x-ms-region x-ms-deployment-name
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
KEPT_PREFIXES = ("x-ratelimit-", "anthropic-ratelimit-", "x-stainless-", "x-pandaprobe-", "x-amzn-bedrock-")
CREDENTIALS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "set-cookie"}
)
CREDENTIAL_NAME = re.compile(r"(?:.*[-_])?(?:auth|authorization|(?:api)?key|token|secret|password|signature)")
"""What gateways and clouds call the headers that they are authenticated with."""
NO_CREDENTIALS = frozenset({"idempotency-key", "x-idempotency-key", "sec-websocket-key"})
SUBPROTOCOL = "sec-websocket-protocol"
SUBPROTOCOL_KEY = re.compile(rb"api-key\.([^\s,]+)")  # where a browser, which cannot set headers, puts its key
SECRET_QUERY = frozenset(
    """
    key api-key api_key apikey subscription-key sig signature code token access_token id_token refresh_token auth
    password client_secret x-amz-security-token x-amz-signature x-amz-credential x-goog-signature x-goog-credential
    """.split()  # noqa: SIM905 - a list of words reads better as words
)

FIELD_NAMES = (
    r"api[_-]?keys?|authorization(?:[_-]?token)?|(?:access|refresh|id|auth|session|bearer)[_-]?token|secret(?:[_-]?(?:access[_-]?)?key)?"
    r"|private[_-]?key|passw(?:or)?d|passphrase|cookie"
)
FIELD_ANCHORS = tuple(
    word + quote
    for word in (b"key", b"keys", b"authorization", b"token", b"secret", b"password", b"passwd", b"phrase", b"cookie")
    for quote in (b'"', b"\\")
)
"""One of these is in any lower-cased text that names such a field."""

# Matched against lower-cased text. JSON within a JSON string (tool arguments) has its quotes escaped.
FIELD = re.compile(
    rb"(?:" + FIELD_NAMES.encode() + rb')"\s*:\s*"(?P<value>(?:[^"\\]|\\.){4}[^"\\]*+(?:\\.[^"\\]*+)*+)"'
)
FIELD_END = re.compile(rb"(?:" + FIELD_NAMES.encode() + rb")[\"\\]\Z")
FIELD_END_BYTES = 64
"""What is longer than any of these names."""
ESCAPED_FIELD = re.compile(rb"(?:" + FIELD_NAMES.encode() + rb')\\+"\s*:\s*\\+"(?P<value>[^"\\]{4,})\\+"')
FIELD_NAME = re.compile(r"(?i)(?:.*[^a-z])?(?:" + FIELD_NAMES + ")")


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of key. `anchor` is in every one of them, and `pattern` starts with it.

    Searching must take time in proportion to the text, whatever the text is. So a pattern that needs something after a
    run of any length takes the whole run, and says in a group of the name `whole` whether that came; and it never looks
    beyond what the next search would start from.
    """

    name: str
    anchor: bytes
    pattern: re.Pattern[bytes]


def _options() -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # any bytes are text
    options.never_capture = True
    return options


def _shape(name: str, anchor: str, rest: str, bounded: bool = True) -> Shape:
    """`bounded`: it is one only where no letter or digit stands before it."""
    before = "(?<![A-Za-z0-9])" if bounded else ""
    return Shape(name, anchor.encode(), re.compile((before + re.escape(anchor) + rest).encode()))


_PEM = r"[A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[^-]++|-(?!----)){0,16384}+-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----"
_JWT = r"[A-Za-z0-9_-]{8,}+(?P<whole>\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,})?"
_BEARER = r"[A-Za-z0-9._~+/=-]{16,}"
SHAPES = (
    _shape("private_key", "-----BEGIN ", _PEM, bounded=False),
    _shape("api_key", "sk-", r"[A-Za-z0-9_-]{16,}"),
    _shape("pandaprobe_key", "sk_pp_", r"[A-Za-z0-9]{16,}"),
    *(
        _shape("stripe_key", f"{kind}_{mode}_", r"[A-Za-z0-9]{16,}")
        for kind in ("sk", "rk")
        for mode in ("live", "test")
    ),
    _shape("aws_key_id", "AKIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _shape("aws_key_id", "ASIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _shape("google_key", "AIza", r"[A-Za-z0-9_-]{35}"),
    _shape("google_token", "ya29.", r"[A-Za-z0-9_-]{20,}"),
    *(_shape("github_token", f"gh{kind}_", r"[A-Za-z0-9]{36,}") for kind in "pousr"),
    _shape("github_token", "github_pat_", r"[A-Za-z0-9_]{40,}"),
    _shape("gitlab_token", "glpat-", r"[A-Za-z0-9_-]{20,}"),
    _shape("slack_token", "xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
    _shape("huggingface_token", "hf_", r"[A-Za-z0-9]{30,}"),
    _shape("groq_key", "gsk_", r"[A-Za-z0-9]{20,}"),
    _shape("xai_key", "xai-", r"[A-Za-z0-9]{20,}"),
    _shape("perplexity_key", "pplx-", r"[A-Za-z0-9]{20,}"),
    _shape("replicate_token", "r8_", r"[A-Za-z0-9]{30,}"),
    _shape("npm_token", "npm_", r"[A-Za-z0-9]{36}"),
    _shape("pypi_token", "pypi-", r"[A-Za-z0-9_-]{40,}"),
    _shape("sendgrid_key", "SG.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _shape("jwt", "eyJ", _JWT),
    _shape("bearer", "Bearer ", _BEARER),
    _shape("bearer", "bearer ", _BEARER),
    _shape("url_password", "://", r"[^\s:/@\"'\\]{1,256}:[^\s:/@\"'\\]{1,256}(?=@)", bounded=False),
)


def _write_hint() -> str:
    """Of fields a name with its quote; of shapes the anchor and the least that follows."""
    beginnings = [re.escape(shape.anchor.decode()) + _LEAST.get(shape.name, _KEY) for shape in SHAPES]
    return "|".join((rf'(?i:(?:{FIELD_NAMES})["\\])', *dict.fromkeys(beginnings)))


_KEY = r"[A-Za-z0-9._~+/=-]{8}"
_LEAST = {"private_key": "", "url_password": r"[^\s/@\"'\\]+@"}
HINT = re2.compile(_write_hint().encode(), _options())
"""Is in any bytes that hold a secret by these rules, and in few others. Looked for first, since it takes one pass, in
RE2: a tenth of the time that looking for each anchor takes."""
