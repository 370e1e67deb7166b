"""The rules of the transparent mode, written and undone in a network namespace; and why they cannot be."""

import os
import stat

import pytest
from namespaces import namespaces, needs_namespaces, run
from pandaprobe_proxy.app.rules import FAMILIES, Redirection, RulesError, apply, told, undo, unwritten, written

ASKED = Redirection(65532, (443, 8443), 4103)
IPV4, IPV6 = FAMILIES


def test_the_sidecars_own_connections_and_those_to_loopback_go_on_as_they_are():
    assert ASKED.rules(IPV4) == [
        "-A PANDAPROBE -m owner --uid-owner 65532 -j RETURN",
        "-A PANDAPROBE -d 127.0.0.0/8 -j RETURN",
        "-A PANDAPROBE -p tcp -m tcp --dport 443 -j REDIRECT --to-ports 4103",
        "-A PANDAPROBE -p tcp -m tcp --dport 8443 -j REDIRECT --to-ports 4103",
    ]
    assert "-A PANDAPROBE -d ::1/128 -j RETURN" in ASKED.rules(IPV6)


def test_what_is_written_is_a_chain_of_its_own_and_one_jump_and_both_are_undone():
    lines = written(ASKED.rules(IPV4)).splitlines()
    assert (lines[:2], lines[-2:]) == (
        ["*nat", ":PANDAPROBE - [0:0]"],
        ["-A OUTPUT -p tcp -j PANDAPROBE", "COMMIT"],
    )
    assert unwritten().splitlines() == [
        "*nat",
        "-D OUTPUT -p tcp -j PANDAPROBE",
        "-F PANDAPROBE",
        "-X PANDAPROBE",
        "COMMIT",
    ]


def test_a_reader_is_told_what_each_family_gets_and_how_it_is_undone():
    lines = list(told(ASKED))
    assert all(any(f"`{family.program}-restore --noflush`" in line for line in lines) for family in FAMILIES)
    assert any("port 443, 8443 are redirected to port 4103" in line for line in lines)
    assert sum(line == "# undo: -D OUTPUT -p tcp -j PANDAPROBE" for line in lines) == 2


@pytest.fixture
def spaces(tmp_path):
    with namespaces(tmp_path) as made:
        yield made


@needs_namespaces
@pytest.mark.parametrize("used", [False, True], ids=["unused", "used"])
def test_applied_again_nothing_changes_and_undone_all_is_as_before(spaces, used):
    if used:
        spaces.inside("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "80", "-j", "ACCEPT")
        spaces.inside("ip6tables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE")
        spaces.inside("iptables", "-A", "INPUT", "-p", "udp", "-j", "DROP")
    before = spaces.saved()
    assert bool(before) is used
    assert "are redirected to port 4103" in spaces.transparent("apply").stderr
    applied = spaces.saved()
    assert applied.count("-A OUTPUT -p tcp -j PANDAPROBE") == 2
    assert "as they were before" in spaces.transparent("apply").stderr
    assert spaces.saved() == applied
    spaces.transparent("apply", "--port", "443", "--port", "8443", "--to", "4200")
    again = spaces.saved()
    assert again.count("-A OUTPUT -p tcp -j PANDAPROBE") == 2
    assert sum("--to-ports 4200" in line for line in again) == 4 and not any("4103" in line for line in again)
    assert "as before" in spaces.transparent("undo").stderr
    assert spaces.saved() == before
    assert "no rules of ours" in spaces.transparent("undo").stderr


@needs_namespaces
def test_rules_that_others_add_after_ours_stay_when_ours_go(spaces):
    spaces.transparent("apply")
    spaces.inside("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "80", "-j", "ACCEPT")
    spaces.transparent("undo")
    assert "-A OUTPUT -p tcp -m tcp --dport 80 -j ACCEPT" in spaces.saved()
    assert not any("PANDAPROBE" in line for line in spaces.saved())


@needs_namespaces
def test_what_rules_prints_can_be_given_to_the_programs_as_it_is(spaces):
    text = spaces.transparent("rules").stdout
    four, _, six = text.partition("# IPv6")
    for program, part in (("iptables-restore", four), ("ip6tables-restore", f"#{six}")):
        run("ip", "netns", "exec", spaces.app, program, "--noflush", input=part)
    assert sum("--dport 443 -j REDIRECT --to-ports 4103" in line for line in spaces.saved()) == 2


@needs_namespaces
def test_without_the_right_to_write_rules_it_is_told_who_has_it(spaces):
    powerless = ("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin")
    done = spaces.inside(*powerless, *spaces.command("apply"), check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "run this as root, with CAP_NET_ADMIN" in done.stderr
    assert spaces.saved() == []


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """A directory that is the whole PATH; `add(name, script)` adds a program."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def add(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return add


def test_without_iptables_it_is_told_what_to_install(programs):
    with pytest.raises(RulesError, match=r"iptables-save is not installed; install iptables, or apply what"):
        apply(ASKED)


def test_if_the_rules_of_one_family_cannot_be_written_those_of_the_other_are_undone(programs, tmp_path):
    programs("iptables-save", f"/bin/cat {tmp_path}/rules 2>/dev/null || :")
    programs("iptables-restore", f"/bin/cat > {tmp_path}/given; /bin/cp {tmp_path}/given {tmp_path}/rules")
    programs("iptables", "echo iptables v1.8.9 legacy")
    programs("ip6tables-save", "echo no such thing >&2; exit 3")
    with pytest.raises(RulesError, match=r"the IPv6 rules cannot be read or written \(no such thing\)"):
        apply(ASKED, FAMILIES, speaks=lambda family: True)
    assert (tmp_path / "given").read_text() == unwritten()


def test_a_machine_without_ipv6_has_no_rules_of_it(programs, tmp_path):
    programs("iptables-save", ":")
    programs("iptables-restore", "/bin/cat > /dev/null")
    assert apply(ASKED, speaks=lambda family: family is IPV4)
    assert not undo(speaks=lambda family: family is IPV4)
    assert os.environ["PATH"] == str(tmp_path)
