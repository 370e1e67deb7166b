"""Network namespaces for tests: an app's, joined by a cable to that of its providers, with names and a trust store."""

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sidecar import clean_environment, wait_until

PROGRAMS = ("ip", "iptables", "ip6tables", "unshare", "setpriv", "curl", "update-ca-certificates")
MISSING = [name for name in PROGRAMS if shutil.which(name) is None]
needs_namespaces = pytest.mark.skipif(os.geteuid() != 0 or bool(MISSING), reason="needs root and iptables")
# Public addresses, as of a machine that has one, in a network that has nothing to do with the world's.
APP4, ORIGIN4, APP6, ORIGIN6 = "93.184.216.1", "93.184.216.2", "2606:2800::1", "2606:2800::2"
APP_USER = 65534
UPSTREAM = """
    import json, socket, ssl, sys
    from openai_upstream import Handler, ThreadingHTTPServer, Upstream

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6

    class Told(Handler):
        def _send(self, status, value):
            tell(self); super()._send(status, value)
        def _stream(self, asked, text):
            tell(self); super()._stream(asked, text)

    def tell(handler):
        print(json.dumps([handler.path, dict(handler.headers.items())]), flush=True)

    Handler.upstream = Upstream("")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    server = Server(("::", 443), Told)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()
"""


def run(*words, check=True, **options):
    return subprocess.run([str(word) for word in words], check=check, capture_output=True, text=True, **options)


@dataclass
class Namespaces:
    """Two joined network namespaces, by name."""

    app: str
    origin: str
    directory: Path

    def saved(self):
        """The app's rules, all of them, without the time at which they were read."""
        texts = [self.inside(program).stdout for program in ("iptables-save", "ip6tables-save")]
        return [line for text in texts for line in text.splitlines() if not line.startswith("#")]

    def inside(self, *words, check=True, **options):
        return run("ip", "netns", "exec", self.app, *words, check=check, **options)

    def transparent(self, *words, check=True):
        """A command of ours in the app's namespace."""
        return self.inside(*self.command(*words), check=check, env=clean_environment())

    @staticmethod
    def command(*words):
        return (sys.executable, "-m", "pandaprobe_proxy", "transparent", *words)

    def app_runs(self, *words, ca=None):
        """An app, of a user of its own, that has no settings: an empty environment.

        Its machine trusts the origins' authority, and that of the directory `ca`, as `ca install` has it.
        """
        lines = (
            f"mount --bind {self.directory}/hosts /etc/hosts",
            f"mount --bind {self._trusting(ca)} /etc/ssl/certs",
            f'exec setpriv --reuid {APP_USER} --regid {APP_USER} --clear-groups env -i PATH=/usr/bin:/bin "$@"',
        )
        return self.privately("app.sh", lines, *words, check=False)

    def _trusting(self, ca):
        """A machine's own store of certificates, made as it is made there."""
        made = self.directory / ("trusting" if ca else "untouched")
        if not made.exists():
            places = ("/etc/ssl/certs", "/usr/local/share/ca-certificates")
            install = f"{sys.executable} -m pandaprobe_proxy ca install --data-dir {ca}"
            lines = [f"mkdir {made} && cp -a {places[0]}/. {made} && mount --bind {made} {places[0]}"]
            lines += [f"mount -t tmpfs none {places[1]}", f"cp {self.directory}/origins.pem {places[1]}/origins.crt"]
            self.privately("trust.sh", [*lines, install if ca else "update-ca-certificates"], env=clean_environment())
        return made

    def privately(self, name, lines, *words, **options):
        """A script whose mounts are its own."""
        script = self.directory / name
        script.write_text("set -e\n" + "\n".join(lines) + "\n")
        return self.inside("unshare", "-m", "sh", script, *words, timeout=60, **options)


@contextmanager
def namespaces(directory):
    """Both, for the block."""
    names = [f"pp-{role}-{os.getpid()}" for role in ("app", "origin")]
    app, origin = names
    with ExitStack() as ends:
        for name in names:
            run("ip", "netns", "add", name)
            ends.callback(run, "ip", "netns", "del", name, check=False)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", app, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", origin)
        for name, four, six in ((app, APP4, APP6), (origin, ORIGIN4, ORIGIN6)):
            run("ip", "-n", name, "addr", "add", f"{four}/24", "dev", "cable")
            run("ip", "-n", name, "addr", "add", f"{six}/64", "dev", "cable", "nodad")
            run("ip", "-n", name, "link", "set", "cable", "up")
        yield Namespaces(app, origin, Path(directory))


@contextmanager
def origin_answering(spaces, origins, names):
    """A scripted provider at port 443 of the other namespace, under these names; a list of what it was asked."""
    shown = spaces.directory / "shown.pem"
    origins.authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(shown))
    hosts = ["127.0.0.1 localhost", "::1 localhost"]
    hosts += [f"{ORIGIN6 if name.startswith('six.') else ORIGIN4} {name}" for name in names]
    (spaces.directory / "hosts").write_text("\n".join(hosts) + "\n")
    told = spaces.directory / "asked.jsonl"
    words = ["ip", "netns", "exec", spaces.origin, sys.executable, "-c", textwrap.dedent(UPSTREAM), str(shown)]
    env = {**clean_environment(), "PYTHONPATH": str(Path(__file__).parent)}
    with told.open("w") as out, subprocess.Popen(words, stdout=out, env=env) as process:
        try:
            wait_until(lambda: ":443" in run("ip", "netns", "exec", spaces.origin, "ss", "-ltn").stdout)
            yield lambda: [json.loads(line) for line in told.read_text().splitlines()]
        finally:
            process.kill()


@contextmanager
def redirecting_sidecar(spaces, origins, directory, *flags, where=None):
    """A sidecar in the app's namespace that takes redirected connections, for the block; reads what it logs."""
    log = spaces.directory / "sidecar.log"
    words = [
        "ip",
        "netns",
        "exec",
        where or spaces.app,
        sys.executable,
        "-m",
        "pandaprobe_proxy",
        "serve",
        "--port",
        "0",
    ]
    words += ["--web-port", "0", "--data-dir", str(directory), "--transparent", "4103", "--drain-s", "1", *flags]
    env = {**clean_environment(), "SSL_CERT_FILE": str(origins.path)}
    with log.open("wb") as out, subprocess.Popen(words, stderr=out, env=env) as process:
        try:
            wait_until((Path(directory) / "ca" / "pandaprobe-ca.pem").exists, 30)
            yield log.read_text
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def ask(directory, *words):
    done = run(
        sys.executable, "-m", "pandaprobe_proxy", *words, "--json", "--data-dir", directory, env=clean_environment()
    )
    return json.loads(done.stdout)


def settled(directory, calls):
    """The status once so many calls are recorded and none is in flight."""
    for _ in range(200):
        status = ask(directory, "status")
        if status["recorded"] >= calls and not status["in_flight"]:
            break
        time.sleep(0.05)
    return status


@contextmanager
def tunnelled(spaces, configuration):
    """All that the app's namespace sends goes through a WireGuard tunnel, for the block."""
    kept = [line for line in configuration.splitlines() if not line.startswith(("Address", "DNS"))]
    (spaces.directory / "tunnel.conf").write_text("\n".join(kept) + "\n")
    name = f"pp{os.getpid()}"
    words = ["ip", "netns", "exec", spaces.app, "wireguard-go", "-f", name]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: not spaces.inside("wg", "show", name, check=False).returncode)
            spaces.inside("wg", "setconf", name, spaces.directory / "tunnel.conf")
            for command in (f"addr add 10.0.0.1/32 dev {name}", f"link set {name} up", f"route add default dev {name}"):
                spaces.inside("ip", *command.split())
            yield
        finally:
            process.terminate()
