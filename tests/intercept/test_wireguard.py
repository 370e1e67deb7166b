"""The keys of the tunnel: made once, their owner's only."""

import stat

import pytest
from mitmproxy_rs.wireguard import pubkey
from pandaprobe_proxy.intercept.wireguard import KeysError, open_keys


def test_they_are_made_once_and_nobody_else_may_read_them(tmp_path):
    path = tmp_path / "ca" / "wireguard.json"
    made = open_keys(path)
    assert open_keys(path) == made and made.server != made.client
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["wireguard.json"]


def test_a_clients_configuration_has_its_own_key_and_the_servers_public_one(tmp_path):
    keys = open_keys(tmp_path / "wireguard.json")
    lines = keys.configuration("192.168.1.5:51820").splitlines()
    assert f"PrivateKey = {keys.client}" in lines
    assert f"PublicKey = {pubkey(keys.server)}" in lines
    assert "Endpoint = 192.168.1.5:51820" in lines
    assert not any(keys.server in line for line in lines)


@pytest.mark.parametrize("text", ["", "{}", '{"server": "x", "client": "y"}', "[1]"])
def test_a_file_that_holds_none_is_told_and_kept(tmp_path, text):
    path = tmp_path / "wireguard.json"
    path.write_text(text)
    with pytest.raises(KeysError, match="move it away to have new ones"):
        open_keys(path)
    assert path.read_text() == text
