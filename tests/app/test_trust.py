"""What has runtimes trust the authority: files that hold what was trusted before, and the authority."""

import os
import stat
from pathlib import Path

import pytest
from pandaprobe_proxy.app.intercept import certificate_path, trusted_path
from pandaprobe_proxy.app.trust import VARIABLES, TrustError, certificate, install, trust_variables
from pandaprobe_proxy.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "data")


def test_the_certificate_is_made_where_it_is_said_to_be(settings):
    assert certificate(settings) == certificate_path(settings)
    assert b"BEGIN CERTIFICATE" in certificate_path(settings).read_bytes()


def test_every_variable_names_the_authority_and_those_that_replace_the_machines_own_too(settings):
    found = trust_variables(settings, {})
    authority = certificate(settings).read_text()
    machine = trusted_path().read_text().strip() if trusted_path() else ""
    assert set(found) == {variable.name for variable in VARIABLES}
    for variable in VARIABLES:
        text = Path(found[variable.name]).read_text()
        assert authority in text
        assert variable.adds or machine in text


def test_what_a_variable_named_before_is_trusted_all_the_same(settings, tmp_path):
    before = tmp_path / "corp.pem"
    before.write_text("the corporation's\n")
    found = trust_variables(settings, {"NODE_EXTRA_CA_CERTS": str(before), "SSL_CERT_FILE": str(before)})
    authority = certificate(settings).read_text()
    assert Path(found["NODE_EXTRA_CA_CERTS"]).read_text() == "the corporation's\n" + authority
    assert found["SSL_CERT_FILE"] == found["NODE_EXTRA_CA_CERTS"]


def test_what_names_the_authority_already_stays(settings):
    once = trust_variables(settings, {})
    assert trust_variables(settings, once) == once


def test_a_variable_that_names_no_file_is_taken_as_unset(settings, tmp_path):
    assert trust_variables(settings, {"SSL_CERT_FILE": str(tmp_path / "none")}) == trust_variables(settings, {})


def test_files_that_cannot_be_written_are_told(tmp_path):
    (tmp_path / "data").touch()
    with pytest.raises(TrustError, match="cannot be read"):
        trust_variables(Settings(data_dir=tmp_path / "data"), {})


@pytest.fixture
def store(tmp_path, monkeypatch):
    """(a machine's store, its command), which counts what lies in it."""
    place = tmp_path / "anchors"
    place.mkdir()
    command = tmp_path / "bin" / "read-anew"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\nls {place} > {tmp_path}/read\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    return place, command.name


def test_the_machines_store_takes_it_and_gives_it_back(settings, store, tmp_path):
    assert "is trusted" in install(settings, stores=[store])
    installed = store[0] / "pandaprobe-ca.crt"
    assert installed.read_bytes() == certificate(settings).read_bytes()
    assert stat.S_IMODE(installed.stat().st_mode) == 0o644
    assert (tmp_path / "read").read_text() == "pandaprobe-ca.crt\n"
    assert "is removed" in install(settings, remove=True, stores=[store])
    assert (tmp_path / "read").read_text() == ""


def test_a_machine_without_a_known_store_is_told_what_to_do(settings):
    with pytest.raises(TrustError, match=r"add .*pandaprobe-ca.pem to it by hand"):
        install(settings, stores=[])


def test_a_command_that_fails_is_told(settings, store, tmp_path):
    (tmp_path / "bin" / "read-anew").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(TrustError, match="read-anew failed"):
        install(settings, stores=[store])
