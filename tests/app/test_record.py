"""The recorder's process: its key, and the store that it cannot open yet."""

import stat

from pandaprobe_proxy.app.record import installation_key


def test_the_key_is_made_once_and_read_by_nobody_else(tmp_path):
    key = installation_key(tmp_path / "data")
    path = tmp_path / "data" / "key"
    assert len(key) == 32
    assert installation_key(tmp_path / "data") == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_that_is_damaged_or_cannot_be_kept_is_one_for_this_run(tmp_path):
    (tmp_path / "key").write_bytes(b"short")
    assert len(installation_key(tmp_path)) == 32
    (tmp_path / "file").write_text("")
    assert len(installation_key(tmp_path / "file")) == 32
