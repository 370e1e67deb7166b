"""`transparent`: what is asked for is said plainly, and what cannot be is a usage error."""

import json

import pytest


def test_the_rules_are_printed_and_nothing_is_changed(terminal):
    result = terminal.run("transparent", "rules", "--user", "1000", "--port", "443", "--port", "8443", "--to", "4200")
    assert result.exit_code == 0
    assert "-A PANDAPROBE -m owner --uid-owner 1000 -j RETURN" in result.stdout
    assert "--dport 8443 -j REDIRECT --to-ports 4200" in result.stdout


def test_a_program_gets_them_by_family(terminal):
    found = json.loads(terminal.run("transparent", "rules", "--json").stdout)
    assert set(found) == {"IPv4", "IPv6"}
    assert found["IPv6"][-1] == "-A PANDAPROBE -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 4103"


def test_a_user_may_be_named(terminal):
    assert "--uid-owner 0 " in terminal.run("transparent", "rules", "--user", "root").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--user", "nobody-of-that-name"), "there is no user 'nobody-of-that-name' here"),
        (("--port", "4103"), "port 4103 is the sidecar's own"),
        (("--port", "0"), "0 is not in the range"),
    ],
)
def test_what_cannot_be_asked_for_is_a_usage_error(terminal, words, said):
    result = terminal.run("transparent", "rules", *words)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_iptables_it_is_told_in_one_sentence(terminal, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    for words in (("apply",), ("undo",)):
        result = terminal.run("transparent", *words)
        assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
        assert "is not installed; install iptables" in result.stderr
