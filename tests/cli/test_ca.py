"""`ca`: where the certificate is, and what has each runtime trust it."""

import json
import subprocess
import sys

from sidecar import clean_environment


def ca(tmp_path, *words):
    command = [sys.executable, "-m", "pandaprobe_proxy", "ca", *words, "--data-dir", str(tmp_path / "data")]
    return subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=60)


def test_the_path_is_printed_and_the_certificate_is_there(tmp_path):
    done = ca(tmp_path, "path")
    assert done.stdout == f"{tmp_path}/data/ca/pandaprobe-ca.pem\n"
    assert (tmp_path / "data" / "ca" / "pandaprobe-ca.pem").exists()
    assert json.loads(ca(tmp_path, "path", "--json").stdout) == {"path": done.stdout.strip()}


def test_what_is_printed_for_trust_is_what_a_shell_reads(tmp_path):
    done = ca(tmp_path, "trust")
    shown = subprocess.run(
        ["sh", "-c", f"{done.stdout}\necho $NODE_EXTRA_CA_CERTS $SSL_CERT_FILE"], capture_output=True, text=True
    )
    variables = json.loads(ca(tmp_path, "trust", "--json").stdout)
    assert shown.stdout.split() == [variables["NODE_EXTRA_CA_CERTS"], variables["SSL_CERT_FILE"]]
    assert "keytool -importcert" in done.stderr


def test_one_that_cannot_be_read_is_told(tmp_path):
    ca(tmp_path, "path")
    (tmp_path / "data" / "ca" / "pandaprobe-ca.pem").write_text("x")
    done = ca(tmp_path, "path")
    assert done.returncode == 1 and "move it and" in done.stderr


def test_what_was_decrypted_is_listed(tmp_path):
    assert json.loads(ca(tmp_path, "hosts", "--json").stdout) == {}
    entry = {"decrypted": 2, "passed": 0, "refused": 1, "first": "2026-01-01T00:00:00+00:00", "last": "2026-01-02"}
    (tmp_path / "data" / "ca").mkdir(parents=True)
    (tmp_path / "data" / "ca" / "destinations.json").write_text(json.dumps({"api.openai.com:443": entry}))
    assert ca(tmp_path, "hosts").stdout.split()[-5:] == ["api.openai.com:443", "2", "0", "1", "2026-01-02"]
    assert json.loads(ca(tmp_path, "hosts", "--json").stdout) == {"api.openai.com:443": entry}
    (tmp_path / "data" / "ca" / "destinations.json").write_text("{")
    assert "cannot be read" in ca(tmp_path, "hosts").stderr
