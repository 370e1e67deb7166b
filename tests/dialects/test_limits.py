"""The provider's side of an answer, from its headers."""

import pytest
from pandaprobe_proxy.dialects.limits import MAX_LIMITS, read_limits, read_request_id


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ((), None),
        (((b"X-Request-ID", b"req_1"),), "req_1"),
        (((b"cf-ray", b"ray"), (b"request-id", b"req_2")), "req_2"),
        (((b"x-request-id", b""), (b"cf-ray", b"ray")), "ray"),
        (((b"x-request-id", b"r" * 1000),), "r" * 255),
    ],
)
def test_the_id_is_the_providers_own_before_anybody_elses(headers, found):
    assert read_request_id(headers) == found


def test_limits_are_kept_as_sent():
    headers = (
        (b"X-RateLimit-Remaining-Tokens", b"99"),
        (b"anthropic-ratelimit-requests-reset", b"2026-01-01T00:00:00Z"),
        (b"Retry-After", b"3"),
        (b"content-type", b"application/json"),
    )
    assert read_limits(headers) == {
        "x-ratelimit-remaining-tokens": "99",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
        "retry-after": "3",
    }


def test_limits_are_bounded():
    assert len(read_limits(tuple((b"x-ratelimit-%d" % at, b"1") for at in range(1000)))) == MAX_LIMITS
