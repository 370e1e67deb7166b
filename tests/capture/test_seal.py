from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.capture.seal import KEY_BYTES, NONCE_BYTES, seal, unseal

KEY = bytes(range(KEY_BYTES))


@given(st.binary(max_size=300), st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_what_is_sealed_is_unsealed_with_the_same_key(data, nonce):
    assert unseal(seal(data, KEY, nonce), KEY) == data


def test_a_sealed_secret_cannot_be_read_without_the_key():
    secret = b"sk-canary-0123456789" * 20
    sealed = seal(secret, KEY, b"n" * NONCE_BYTES)
    assert b"canary" not in sealed
    assert unseal(sealed, b"x" * KEY_BYTES) != secret


def test_the_same_data_under_two_nonces_shares_nothing():
    first, second = (seal(b"a" * 64, KEY, nonce * NONCE_BYTES) for nonce in (b"1", b"2"))
    assert first[NONCE_BYTES:] != second[NONCE_BYTES:]
