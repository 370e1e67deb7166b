"""What makes the runtimes of this machine trust our authority: variables that name certificates, and its own store.

Some variables replace all trusted certificates and some add to them; the table says which. Those that replace get a
bundle: what they named before, or what this machine trusts, and our authority.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pandaprobe_proxy.app.intercept import MISSING, certificate_path, is_possible, keys_path, trusted_path
from pandaprobe_proxy.settings import Settings


class TrustError(Exception):
    """Trust cannot be set up. One sentence: why, and what to do."""


@dataclass(frozen=True, slots=True)
class TrustVariable:
    """A variable that names certificates to trust."""

    name: str
    runtime: str
    adds: bool = False
    """To what is trusted anyway; others replace it."""


VARIABLES = (
    TrustVariable("SSL_CERT_FILE", "Python's ssl, httpx, OpenSSL, Go, Ruby"),
    TrustVariable("REQUESTS_CA_BUNDLE", "Python's requests"),
    TrustVariable("CURL_CA_BUNDLE", "curl"),
    TrustVariable("NODE_EXTRA_CA_CERTS", "Node, Bun", adds=True),
    TrustVariable("DENO_CERT", "Deno", adds=True),
    TrustVariable("AWS_CA_BUNDLE", "boto3 and the AWS CLI"),
    TrustVariable("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "gRPC"),
    TrustVariable("GIT_SSL_CAINFO", "git"),
    TrustVariable("CARGO_HTTP_CAINFO", "cargo"),
    TrustVariable("PIP_CERT", "pip"),
)
STORES = (
    (Path("/usr/local/share/ca-certificates"), "update-ca-certificates"),
    (Path("/etc/pki/ca-trust/source/anchors"), "update-ca-trust"),
)
"""Where a machine's own certificates lie, and what reads them anew."""
INSTALLED = "pandaprobe-ca.crt"


def certificate(settings: Settings) -> Path:
    """The file of the certificate that is to be trusted, made if there is none. Raises TrustError."""
    if not is_possible():
        raise TrustError(MISSING)
    from pandaprobe_proxy.intercept.authority import AuthorityError, open_authority

    try:
        return open_authority(certificate_path(settings)).path
    except AuthorityError as error:
        raise TrustError(str(error)) from error


def trust_variables(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Each variable and the file that it is to name, for a process of this environment. Raises TrustError."""
    path = certificate(settings)
    try:
        authority, machine = path.read_bytes(), _read(trusted_path())
        return {
            variable.name: str(_bundle(variable, environ.get(variable.name, ""), authority, machine, path))
            for variable in VARIABLES
        }
    except OSError as error:
        raise TrustError(f"certificates cannot be written to {path.parent} ({error.strerror}).") from error


def _bundle(variable: TrustVariable, before: str, authority: bytes, machine: bytes, path: Path) -> Path:
    """The file that the variable is to name; the same content is always the same file."""
    base = _read(Path(before)) if before else b""
    base = base or (b"" if variable.adds else machine)
    if authority in base:
        return Path(before)
    if not base:
        return path
    content = base.rstrip(b"\n") + b"\n" + authority
    bundle = path.with_name(f"bundle-{blake2b(content, digest_size=8).hexdigest()}.pem")
    if _read(bundle) != content:
        new = bundle.with_name(f"{bundle.name}.{os.getpid()}")
        new.write_bytes(content)
        new.rename(bundle)
    return bundle


def _read(path: Path | None) -> bytes:
    """A file's content; nothing if there is no such file, as runtimes take it, too."""
    try:
        return path.read_bytes() if path is not None else b""
    except OSError:
        return b""


def tunnel(settings: Settings, endpoint: str) -> str:
    """The configuration of a WireGuard client that finds the sidecar at `host:port`. Raises TrustError."""
    if not is_possible():
        raise TrustError(MISSING)
    from pandaprobe_proxy.intercept.wireguard import KeysError, open_keys

    try:
        return open_keys(keys_path(settings)).configuration(endpoint)
    except KeysError as error:
        raise TrustError(str(error)) from error


def destinations(settings: Settings) -> dict[str, dict[str, Any]]:
    """By `host:port`: how many connections were decrypted, passed, or refused our certificate. Raises TrustError."""
    path = certificate_path(settings).with_name("destinations.json")
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise TrustError(f"{path} cannot be read ({error}).") from error
    return dict(found)


def install(settings: Settings, remove: bool = False, stores: Sequence[tuple[Path, str]] = STORES) -> str:
    """Has this machine's own store trust the authority, or no longer; a sentence that says so. Raises TrustError."""
    path = certificate(settings)
    found = next(((place, command) for place, command in stores if place.is_dir() and shutil.which(command)), None)
    if found is None:
        raise TrustError(f"this machine has no store of certificates that is known here; add {path} to it by hand.")
    place, command = found
    installed = place / INSTALLED
    try:
        if remove:
            installed.unlink(missing_ok=True)
        else:
            shutil.copyfile(path, installed)
            installed.chmod(0o644)
        subprocess.run([command], check=True, capture_output=True)  # noqa: S603 - one of the two above
    except PermissionError as error:
        raise TrustError(f"{place} is root's to write; run this as root, or use `run --intercept` instead.") from error
    except (OSError, subprocess.CalledProcessError) as error:
        raise TrustError(f"{command} failed ({error}).") from error
    return f"{installed} is removed." if remove else f"{installed} is trusted by what uses this machine's store."
