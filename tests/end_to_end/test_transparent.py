"""The transparent mode, in a network namespace: apps without any setting are captured; all is as before after it."""

import json
import shutil
import subprocess

import pytest
from intercepting import make_origins
from namespaces import (
    APP_USER,
    ORIGIN4,
    ask,
    namespaces,
    needs_namespaces,
    origin_answering,
    redirecting_sidecar,
    run,
    settled,
    tunnelled,
)
from sidecar import wait_until

pytestmark = needs_namespaces
LISTED = ("api.openai.com", "six.api.test")
OTHER = "other.test"
ASKED = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Capital of France?"}]})
STREAMED = json.dumps({"model": "m", "stream": True, "messages": [{"role": "user", "content": "Capital of France?"}]})
PYTHON = """
import json, sys, urllib.request
asked = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), {"content-type": "application/json"})
print(json.load(urllib.request.urlopen(asked, timeout=20))["choices"][0]["message"]["content"])
"""
ANSWER = """
import socket, sys
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 9999))
while True:
    sock.sendto(b"back", sock.recvfrom(99)[1])
"""
ECHO = """
import socket, sys
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.settimeout(2)
for _ in range(5):
    sock.sendto(b"there", (sys.argv[1], 9999))
    try:
        print(sock.recv(99).decode(), end="")
        break
    except TimeoutError:
        continue
"""
SHOWN = """
import socket, ssl, sys
name = sys.argv[1]
with ssl.create_default_context().wrap_socket(socket.create_connection((name, 443), 20), server_hostname=name) as tls:
    print(dict(part[0] for part in tls.getpeercert()["issuer"]).get("organizationName"), end="")
"""


@pytest.fixture(scope="module")
def origins(tmp_path_factory):
    return make_origins(tmp_path_factory.mktemp("origins"))


@pytest.fixture
def spaces(tmp_path, origins):
    tmp_path.chmod(0o755)
    (tmp_path / "origins.pem").write_bytes(origins.path.read_bytes())
    with namespaces(tmp_path) as made:
        yield made


@pytest.fixture
def asked(spaces, origins):
    with origin_answering(spaces, origins, (*LISTED, OTHER)) as told:
        yield told


@pytest.fixture
def data(tmp_path, spaces, origins, asked):
    """The data directory of a running sidecar."""
    with redirecting_sidecar(spaces, origins, tmp_path / "data", "--intercept-host", "six.api.test"):
        yield tmp_path / "data"


def url(host):
    return f"https://{host}/v1/chat/completions"


def curl(host, body=ASKED, *words):
    return ("curl", "-sS", "--max-time", "20", "-H", "content-type: application/json", *words, "-d", body, url(host))


def issuer(spaces, host, ca):
    done = spaces.app_runs("/usr/bin/python3", "-c", SHOWN, host, ca=ca)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_app_with_no_settings_at_all_is_captured_and_after_undo_the_rules_are_as_before(spaces, data, asked):
    spaces.inside("iptables", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "--dport", "81", "-j", "ACCEPT")
    spaces.inside("ip6tables", "-A", "INPUT", "-p", "tcp", "--dport", "82", "-j", "DROP")
    before = spaces.saved()
    spaces.transparent("apply", "--user", "root")
    assert spaces.saved() != before
    by_curl = spaces.app_runs(*curl(LISTED[0]), ca=data)
    assert '"content": "Paris."' in by_curl.stdout, by_curl.stderr
    streamed = spaces.app_runs(*curl(LISTED[0], STREAMED, "-H", "X-PandaProbe-Session: trip"), ca=data)
    assert streamed.stdout.endswith("data: [DONE]\n\n"), streamed.stderr
    by_python = spaces.app_runs("/usr/bin/python3", "-c", PYTHON, url(LISTED[1]), ASKED, ca=data)
    assert by_python.stdout == "Paris.\n", by_python.stderr
    status = settled(data, 3)
    assert (status["adds_up"], status["relayed"], status["recorded"]) == (True, 3, 3)
    calls = ask(data, "calls", "ls")["items"]
    assert {(call["upstream"], call["outcome"]) for call in calls} == {("openai", "ok"), ("six.api.test", "ok")}
    assert sum(call["session_id"] == "trip" for call in calls) == 1
    assert not any(name.lower().startswith("x-pandaprobe") for _, headers in asked() for name in headers)
    spaces.transparent("undo")
    assert spaces.saved() == before
    after = spaces.app_runs(*curl(LISTED[0]))
    assert '"content": "Paris."' in after.stdout, after.stderr
    assert settled(data, 3)["relayed"] == 3


def test_a_host_that_is_not_listed_is_never_decrypted(spaces, data, asked):
    directly = issuer(spaces, OTHER, data)
    spaces.transparent("apply", "--user", "root")
    assert issuer(spaces, OTHER, data) == directly == "trustme v1.2.1"
    assert issuer(spaces, LISTED[0], data) == "PandaProbe"
    passed = spaces.app_runs(*curl(OTHER, ASKED, "-H", "X-PandaProbe-Session: trip"))
    assert "Paris." in passed.stdout, passed.stderr
    assert asked()[-1][1]["X-PandaProbe-Session"] == "trip"
    assert settled(data, 0)["relayed"] == 0
    wait_until(lambda: ask(data, "ca", "hosts").get(f"{OTHER}:443", {"passed": 0})["passed"] > 1)  # a moment later
    hosts = ask(data, "ca", "hosts")
    assert (hosts[f"{OTHER}:443"]["passed"], hosts[f"{OTHER}:443"]["decrypted"]) == (2, 0)
    assert hosts[f"{LISTED[0]}:443"]["decrypted"] == 1


def test_rules_that_redirect_the_sidecars_own_connections_end_in_no_loop(spaces, tmp_path, origins, asked):
    with redirecting_sidecar(spaces, origins, tmp_path / "data") as log:
        spaces.transparent("apply", "--user", str(APP_USER + 1))
        failed = spaces.app_runs(*curl(LISTED[0]), ca=tmp_path / "data")
        # It is told in the call's dialect if it has been read by then; else the connection ends, as at a dead origin.
        assert "cannot be reached" in failed.stdout or failed.returncode in (35, 52, 56), failed
        assert not asked()
        assert log().count("redirect the proxy's own connections to it") == 1
        spaces.transparent("apply", "--user", "root")
        mended = spaces.app_runs(*curl(LISTED[0]), ca=tmp_path / "data")
        assert "Paris." in mended.stdout, mended.stderr


def test_an_upstream_that_is_not_there_is_told_at_once(spaces, data):
    spaces.transparent("apply", "--user", "root")
    (spaces.directory / "hosts").write_text("93.184.216.1 api.openai.com\n")
    failed = spaces.app_runs(*curl(LISTED[0]), ca=data)
    assert failed.returncode in (35, 52, 56), failed


def test_whoever_comes_to_its_port_without_a_rule_gets_nothing(spaces, data):
    done = spaces.inside("curl", "-sS", "--max-time", "5", "http://127.0.0.1:4103/", check=False)
    assert done.returncode in (52, 56), done


@pytest.mark.skipif(not all(map(shutil.which, ("wg", "wireguard-go"))), reason="wireguard-go is not installed")
def test_what_comes_by_a_wireguard_tunnel_is_captured_and_what_is_not_listed_passes(spaces, tmp_path, origins, asked):
    run("ip", "-n", spaces.origin, "addr", "add", "93.184.217.9/32", "dev", "lo")
    answering = ("ip", "netns", "exec", spaces.origin, "/usr/bin/python3", "-c", ANSWER, "93.184.217.9")
    (tmp_path / "hosts").write_text(f"93.184.217.9 {LISTED[0]} {OTHER}\n")
    flags = ("--wireguard", "51820", "--host", "0.0.0.0")
    with (
        redirecting_sidecar(spaces, origins, tmp_path / "data", *flags, where=spaces.origin),
        subprocess.Popen(answering) as answerer,
    ):
        configuration = ask(tmp_path / "data", "transparent", "tunnel", f"{ORIGIN4}:51820")["configuration"]
        with tunnelled(spaces, configuration):
            by_curl = spaces.app_runs(*curl(LISTED[0]), ca=tmp_path / "data")
            assert '"content": "Paris."' in by_curl.stdout, by_curl.stderr
            assert issuer(spaces, OTHER, tmp_path / "data") == "trustme v1.2.1"
            assert spaces.inside("/usr/bin/python3", "-c", ECHO, "93.184.217.9").stdout == "back"
        answerer.terminate()
        status = settled(tmp_path / "data", 1)
        assert (status["adds_up"], status["relayed"], status["recorded"]) == (True, 1, 1)
