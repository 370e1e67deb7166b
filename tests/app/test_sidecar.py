"""Setting a sidecar up: sockets, upstreams, and what is refused in one sentence."""

import resource
import socket
import subprocess
import sys

import pytest
from pandaprobe_proxy.app.listening import Misuse, ServeError, bind
from pandaprobe_proxy.app.sidecar import Sidecar
from pandaprobe_proxy.settings import Settings


def settings(tmp_path, **more):
    return Settings(data_dir=tmp_path, **{"port": 0, "web_port": 0, **more})


def test_both_ports_are_taken_before_anything_runs(tmp_path):
    sockets = bind(settings(tmp_path))
    ports = {sock.getsockname()[1] for sock in (sockets.relay, sockets.web)}
    assert len(ports) == 2 and 0 not in ports
    sockets.relay.close()
    sockets.web.close()


@pytest.mark.parametrize(("name", "flag"), [("port", "--port"), ("web_port", "--web-port")])
def test_a_taken_port_is_told_with_its_flag_and_no_socket_is_left(tmp_path, name, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} on .* choose another with {flag}"):
            bind(settings(tmp_path, **{name: port}))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_told_with_its_flag(tmp_path, host):
    with pytest.raises(Misuse, match=f"{host} is no address of this machine .* choose another with --host"):
        bind(settings(tmp_path, host=host))


@pytest.mark.parametrize("words", [("--upstream", "a=ftp://x"), ("--default-upstream", "zzz"), ("--host", "192.0.2.1")])
def test_settings_that_can_never_serve_are_misuse(tmp_path, words):
    command = [sys.executable, "-m", "pandaprobe_proxy", "serve", "--port", "0", "--web-port", "0", *words]
    done = subprocess.run([*command, "--data-dir", str(tmp_path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n"), done.stderr[:7]) == (2, 1, "Error: ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "127.evil.example"])
def test_the_web_port_stays_on_loopback_unless_told(tmp_path, host):
    with pytest.raises(ServeError, match="--unsafe-web-bind"):
        bind(settings(tmp_path, web_host=host))


def test_told_so_it_listens_everywhere(tmp_path):
    sockets = bind(settings(tmp_path, web_host="0.0.0.0", unsafe_web_bind=True))
    assert sockets.web.getsockname()[0] == "0.0.0.0"
    sockets.relay.close()
    sockets.web.close()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"default_upstream": "mine"}, "add it with --upstream mine=URL"),
        ({"upstreams": {"a": "ftp://x"}}, "ftp://x"),
        ({"upstreams": {"v1": "http://x"}}, "v1"),
    ],
)
def test_upstreams_that_cannot_be_are_told(tmp_path, more, said):
    with pytest.raises(ServeError, match=said):
        Sidecar(settings(tmp_path, **more))


def test_serving_takes_as_many_descriptors_as_it_may_have(tmp_path):
    words = ("serve", "--port", "0", "--web-port", "0", "--data-dir", str(tmp_path))
    before = "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 2000)); "
    program = f"{before}from pandaprobe_proxy.cli import main; sys.argv[1:] = {words!r}; main()"
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE) as process:
        assert b"relaying on" in process.stderr.readline()
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (2000, 2000)
        process.terminate()
