"""`demo`: a scripted provider, a real sidecar, a small agent, and what was recorded of it."""

import tempfile
from pathlib import Path

import click

from pandaprobe_proxy.cli.conversation import print_session
from pandaprobe_proxy.cli.options import load_settings, reading
from pandaprobe_proxy.cli.output import Failure, echo, faint
from pandaprobe_proxy.cli.sidecars import Started, StartError, start_sidecar, wait_for


@click.command("demo")
@click.option("--data-dir", metavar="DIR", help="Keep what is recorded here; a temporary directory otherwise.")
def command(data_dir: str | None) -> None:
    """Record a small scripted agent; needs no key and no network.

    Example: pandaprobe-proxy demo
    """
    with tempfile.TemporaryDirectory(prefix="pandaprobe-demo-") as place:
        _run(data_dir or str(Path(place) / "data"), bool(data_dir))


def _run(directory: str, kept: bool) -> None:
    from pandaprobe_proxy.demo.agent import SESSION, converse
    from pandaprobe_proxy.demo.provider import provider

    with provider() as url:
        settings = load_settings(data_dir=directory, port=0, web_port=0, upstreams={"openai": url}, log_level="error")
        try:
            started = start_sidecar(settings)
        except StartError as error:
            raise Failure(f"the sidecar did not start: {error}") from error
        try:
            echo(f"a sidecar relays http://{started.address}/v1 to a scripted provider; an agent calls it:")
            for text in converse(started.address):
                echo(faint(f"  it was told: {text}"))
            status = _recorded(started)
        finally:
            started.stop()
    with reading(directory) as reader:
        row = reader.session(SESSION)
        if row is None:
            raise Failure(f"nothing was recorded; the sidecar said: {started.log()}")
        calls = [stored for call in reader.calls(100, session_id=SESSION) if (stored := reader.call(call.call_id))]
        echo()
        print_session(row, reader.children(SESSION), reader.traces(SESSION), calls)
    echo()
    echo(status)
    if kept:
        echo(f"look again with: pandaprobe-proxy sessions show {SESSION} --data-dir {directory}")


def _recorded(started: Started) -> str:
    """The status line once nothing is in flight; a Failure if it does not add up."""
    from pandaprobe_proxy import app

    def settled() -> app.Status | None:
        status = app.read_status(started.settings)
        return status if status.relayed and not status.in_flight else None

    status = wait_for(settled, 10)
    if status is None or not status.adds_up or status.recorded != status.relayed:
        raise Failure(f"not everything was recorded; the sidecar said: {started.log()}")
    return f"relayed {status.relayed} = recorded {status.recorded} + dropped 0 + in flight 0: it adds up"
