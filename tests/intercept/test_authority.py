"""The authority: made once, its owner's only, and good enough for the strictest verification."""

import datetime
import ssl
import stat
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pandaprobe_proxy.intercept.authority import AuthorityError, issue, open_authority


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ca" / "pandaprobe-ca.pem"


def test_it_is_made_once_and_then_the_same(path):
    first, second = open_authority(path), open_authority(path)
    assert first.certificate == second.certificate
    assert first.key.private_numbers() == second.key.private_numbers()


def test_nobody_else_can_read_it(path):
    open_authority(path)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert {file.name for file in path.parent.iterdir()} == {"pandaprobe-ca.pem", "pandaprobe-ca.key"}


def test_two_installations_have_two(path, tmp_path):
    assert open_authority(path).certificate != open_authority(tmp_path / "other" / "ca.pem").certificate


def test_many_that_open_it_at_once_have_the_same(path):
    made = []
    threads = [threading.Thread(target=lambda: made.append(open_authority(path).certificate)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1


def test_it_has_what_strict_verification_asks_for(path):
    extensions = open_authority(path).certificate.extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).critical
    assert extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    own = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    issuer = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert own.digest == issuer.key_identifier


def test_what_it_issues_is_accepted_strictly_for_its_host_and_for_no_other(path, tmp_path):
    shown = tmp_path / "shown.pem"
    shown.write_bytes(issue(open_authority(path), "localhost"))
    assert shake(path, shown, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shake(path, shown, "other.test")


def shake(path, shown, host):
    """A handshake in memory, as Python 3.13 verifies by default."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(shown)
    client = ssl.create_default_context(cafile=path)
    client.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=host), server.wrap_bio(there, back, server_side=True)]
    for _ in range(3):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return ends[0].version()


def test_one_that_cannot_be_read_is_told_with_what_to_do(path):
    open_authority(path)
    path.write_text("no certificate")
    with pytest.raises(AuthorityError, match=r"cannot be read .* move it and .* away"):
        open_authority(path)


def test_a_key_that_is_not_its_own_is_refused(path, tmp_path):
    open_authority(path)
    other = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.with_suffix(".key").write_bytes(other.private_bytes(*form))
    with pytest.raises(AuthorityError, match="is not the key of"):
        open_authority(path)


def test_one_that_has_expired_is_refused(path):
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=4000)
    open_authority(path)
    with pytest.raises(AuthorityError, match="has expired"):
        open_authority(path, now=lambda: later)


def test_a_directory_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(AuthorityError, match="cannot be read"):
        open_authority(tmp_path / "file" / "ca.pem")
