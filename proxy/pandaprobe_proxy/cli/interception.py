"""Which variables send a command's connections through the forward proxy. Pure."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pandaprobe_proxy import intercept
from pandaprobe_proxy.cli.variables import HEADER_VARIABLES, HTTP_PROXIES, Plan, no_proxy

PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
EVERY_PROXY = (*PROXY_VARIABLES, *(name for name in HTTP_PROXIES if name not in PROXY_VARIABLES))
NODE_PRELOAD = Path(intercept.__file__).with_name("node_proxy.cjs")
HERE = ("localhost", "127.0.0.1", "::1")


def other_proxy(environ: Mapping[str, str], forward: str) -> str:
    """The variable that sends connections through another proxy already; empty if none does."""
    named = [(name, environ.get(name, "")) for name in EVERY_PROXY]
    return next((name for name, url in named if url and url.rstrip("/") != f"http://{forward}"), "")


def plan_interception(plan: Plan, environ: Mapping[str, str], forward: str, hosts: Iterable[str]) -> Plan:
    """The plan of a command that goes through the forward proxy at `host:port`, which decrypts these hosts.

    `plan` is that of a command whose clients are pointed at the sidecar. Base URLs stay as they are, but the upstreams
    that they name become known, so that their hosts are decrypted.
    """
    ours = (*HEADER_VARIABLES, "PANDAPROBE_PROXY", "PANDAPROBE_ENDPOINT", "PANDAPROBE_SESSION")
    variables = {name: plan.variables[name] for name in ours if name in plan.variables}
    variables |= {
        "PANDAPROBE_INTERCEPTED_BY": forward,
        "PANDAPROBE_INTERCEPTED": ",".join(hosts),
    }  # the shim reads both
    variables |= dict.fromkeys(PROXY_VARIABLES, f"http://{forward}")
    variables["NODE_USE_ENV_PROXY"] = "1"  # without it, Node's fetch knows of no proxy
    variables["NODE_OPTIONS"] = _with_preload(environ.get("NODE_OPTIONS", ""))  # and older Node does not know it
    for host in HERE:
        variables |= no_proxy({**environ, **variables}, host)
    return Plan(variables, plan.upstreams)


def _with_preload(options: str) -> str:
    """Node reads double quotes in NODE_OPTIONS, and backslashes in them."""
    path = str(NODE_PRELOAD).replace("\\", "\\\\").replace('"', '\\"')
    preload = f'--require "{path}"'
    return options if preload in options else f"{options} {preload}".strip()
