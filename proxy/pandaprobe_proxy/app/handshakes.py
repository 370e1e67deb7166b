"""Proves by a real TLS handshake which runtimes trust our authority, in this environment.

A server on loopback shows a certificate of the authority, as interception does, and each runtime that is installed is
asked to connect.
"""

import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pandaprobe_proxy.app.trust import certificate
from pandaprobe_proxy.settings import Settings

TIMEOUT_S = 10
_PYTHON = "import socket, ssl; ssl.create_default_context().wrap_socket({connect}, server_hostname='localhost')"
_CONNECT = "socket.create_connection(('127.0.0.1', {port}), 5)"
_REQUESTS = "import importlib.util as u, sys\nif u.find_spec('requests') is None: sys.exit(77)\nimport requests\n"
_NODE = (
    "require('tls').connect({{host: '127.0.0.1', port: {port}, servername: 'localhost'}}, () => process.exit(0))"
    ".on('error', () => process.exit(1))"
)
NOT_INSTALLED = 77


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime, the program that stands for it, its arguments, and the variable that has it trust an authority."""

    name: str
    program: str
    arguments: tuple[str, ...]
    variable: str


RUNTIMES = (
    Runtime("Python", "python3", ("-c", _PYTHON.format(connect=_CONNECT)), "SSL_CERT_FILE"),
    Runtime(
        "requests",
        "python3",
        ("-c", _REQUESTS + "requests.get('https://localhost:{port}', timeout=5, proxies={{'https': None}})"),
        "REQUESTS_CA_BUNDLE",
    ),
    Runtime("Node", "node", ("-e", _NODE), "NODE_EXTRA_CA_CERTS"),
    Runtime("curl", "curl", ("-sS", "--noproxy", "*", "-o", "/dev/null", "https://localhost:{port}"), "CURL_CA_BUNDLE"),
)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of one runtime's handshake."""

    runtime: str
    trusts: bool
    variable: str
    """Names certificates for it."""


def shake_hands(settings: Settings, environ: Mapping[str, str]) -> list[Handshake]:
    """A handshake of each runtime that is installed. Raises TrustError or OSError if there is none to show."""
    with _serving(settings) as port:
        tried = [(runtime, _try(runtime, port, environ)) for runtime in RUNTIMES if shutil.which(runtime.program)]
    return [Handshake(runtime.name, code == 0, runtime.variable) for runtime, code in tried if code != NOT_INSTALLED]


def _try(runtime: Runtime, port: int, environ: Mapping[str, str]) -> int:
    words = [part.format(port=port) for part in runtime.arguments]
    command = [shutil.which(runtime.program) or runtime.program, *words]
    try:
        done = subprocess.run(command, check=False, env=dict(environ), capture_output=True, timeout=TIMEOUT_S)  # noqa: S603
    except subprocess.TimeoutExpired:
        return 1
    return done.returncode


@contextmanager
def _serving(settings: Settings) -> Iterator[int]:
    path = certificate(settings)
    from pandaprobe_proxy.intercept.authority import issue, open_authority

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as place:
        shown = Path(place) / "shown.pem"
        shown.touch(0o600)
        shown.write_bytes(issue(open_authority(path), "localhost"))
        context.load_cert_chain(shown)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.settimeout(TIMEOUT_S)
        threading.Thread(target=_serve, args=(sock, context), daemon=True).start()
        yield sock.getsockname()[1]


def _serve(sock: socket.socket, context: ssl.SSLContext) -> None:
    """Until the socket is closed."""
    answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    while True:
        try:
            connection, _ = sock.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.settimeout(5)
            with context.wrap_socket(connection, server_side=True) as shaken:
                shaken.recv(4096)
                shaken.sendall(answer)
