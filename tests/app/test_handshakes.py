"""Who trusts the authority is found out by asking them."""

import shutil

import pytest
from pandaprobe_proxy.app.handshakes import shake_hands
from pandaprobe_proxy.app.trust import trust_variables
from pandaprobe_proxy.settings import Settings
from sidecar import clean_environment

TRUSTING = ("SSL_", "REQUESTS_CA", "CURL_CA", "NODE_EXTRA")


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def environment():
    return {name: value for name, value in clean_environment().items() if not name.startswith(TRUSTING)}


def test_nobody_trusts_it_by_themselves(settings, environment):
    hands = shake_hands(settings, environment)
    assert {hand.runtime: hand.trusts for hand in hands}["Python"] is False
    assert not any(hand.trusts for hand in hands)


def test_everybody_does_with_the_variables(settings, environment):
    hands = shake_hands(settings, {**environment, **trust_variables(settings, environment)})
    assert all(hand.trusts for hand in hands), hands
    programs = {"Python": "python3", "Node": "node", "curl": "curl"}
    assert {hand.runtime for hand in hands} >= {name for name, program in programs.items() if shutil.which(program)}


def test_who_lacks_a_variable_is_named_with_it(settings, environment):
    variables = trust_variables(settings, environment)
    del variables["SSL_CERT_FILE"]
    hands = {hand.runtime: hand for hand in shake_hands(settings, {**environment, **variables})}
    assert (hands["Python"].trusts, hands["Python"].variable) == (False, "SSL_CERT_FILE")
