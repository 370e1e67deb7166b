import base64
import json

import pytest
from pandaprobe_proxy.capture.principals import find_principal


def token(signature=b"sig", **claims):
    parts = (b'{"alg":"none"}', json.dumps(claims).encode(), signature)
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)


def bearer(value):
    return find_principal(((b"Authorization", b"Bearer " + value),))


def test_a_key_is_its_own_principal():
    assert bearer(b"sk-one") == bearer(b"sk-one") != bearer(b"sk-two")
    assert find_principal(((b"x-api-key", b"sk-one"),)) == bearer(b"sk-one")


def test_a_signed_request_is_of_its_access_key():
    def signed(key, signature):
        return find_principal(
            (
                (
                    b"authorization",
                    b"AWS4-HMAC-SHA256 Credential=%b/20260101/eu/bedrock, Signature=%b" % (key, signature),
                ),
            )
        )

    assert signed(b"AKIA1", b"aa") == signed(b"AKIA1", b"bb") != signed(b"AKIA2", b"aa")


def test_a_renewed_token_is_of_the_same_subject():
    assert bearer(token(b"one", iss="i", sub="s", exp=1)) == bearer(token(b"two", iss="i", sub="s", exp=2))
    assert bearer(token(iss="i", sub="s")) != bearer(token(iss="i", sub="t")) != bearer(token(iss="j", sub="t"))


@pytest.mark.parametrize("odd", [token(iss="i"), b"a.eyJ!.c", b"a.eyJhIjox.c", b"a.e30.c", token(sub=7)[:-3] + b"x.y"])
def test_a_token_that_names_nobody_is_itself(odd):
    assert bearer(odd) == odd


def test_a_secret_in_the_query_or_a_cookie_serves_too():
    assert find_principal((), b"/v1?key=AIza-0123456789") == b"AIza-0123456789"
    assert find_principal(((b"Cookie", b"session=0123456789"),)) == b"session=0123456789"


def test_without_credentials_there_is_none():
    assert find_principal(()) == b""
