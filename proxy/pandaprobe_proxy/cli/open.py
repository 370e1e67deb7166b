"""`open`: the viewer in a browser, at a session or a call."""

import sys
from urllib.parse import quote

import click

from pandaprobe_proxy.cli.options import data_dir, load_settings, reading
from pandaprobe_proxy.cli.output import Failure, echo, say


@click.command("open")
@click.argument("what", required=False, metavar="[SESSION|CALL]")
@click.option("--print", "only_print", is_flag=True, help="Print the link, and open nothing.")
@data_dir
def command(what: str | None, only_print: bool, data_dir: str | None) -> None:
    """Open the viewer of the running sidecar. An id may be cut short.

    The link holds the token that opens the viewer; a browser keeps it as a cookie.

    Example: pandaprobe-proxy open conversation-123
    """
    from pandaprobe_proxy import app

    settings = load_settings(data_dir=data_dir)
    port = app.find_web_port(settings)
    if port is None:
        raise Failure("no sidecar runs on this --data-dir; start one with `pandaprobe-proxy serve`.")
    link = f"http://{port}{_find_page(what, data_dir) if what else '/ui/sessions'}"
    link += f"?token={quote(port.token)}" if port.token else ""
    if only_print or not _browse(link):
        echo(link)


def _find_page(what: str, data_dir: str | None) -> str:
    """The page of the session or the call that is meant."""
    with reading(data_dir) as reader:
        sessions, calls = reader.find_sessions(what), reader.find_calls(what)
    if what in sessions:
        sessions = [what]
    if len(sessions) + len(calls) > 1:
        raise Failure(f"{what!r} may be {', '.join([*sessions, *calls][:4])}; give more of it.", 2)
    if not sessions and not calls:
        raise Failure(f"there is no session and no call {what!r}; `pandaprobe-proxy sessions ls` lists them.", 3)
    place, name = ("sessions", sessions[0]) if sessions else ("calls", calls[0])
    return f"/ui/{place}/{quote(name, safe='')}"


def _browse(link: str) -> bool:
    """Whether a browser was found. Where nobody sits at a screen none is."""
    import webbrowser

    if not sys.stdout.isatty():
        return False
    opened = webbrowser.open(link)
    if opened:
        say("opened in the browser")
    return opened
