"""`sessions merge`, `rename`, `split`, `assign`, `undo` and `corrections`: what people know better."""

import click

from pandaprobe_proxy.cli.options import as_json, data_dir, limit, load_settings, reading, whole_id
from pandaprobe_proxy.cli.output import Failure, from_store, not_found, print_json, print_table, say
from pandaprobe_proxy.model.correction import Corrected, Correction, CorrectionKind
from pandaprobe_proxy.sessions.visible import read_visible
from pandaprobe_proxy.store.shapes import corrected_json, iso, items_json


@click.command("merge")
@click.argument("session")
@click.argument("into")
@data_dir
@as_json
def merge(session: str, into: str, data_dir: str | None, json: bool) -> None:
    """Put a session into another, with what is still to come of it.

    Example: pandaprobe-proxy sessions merge call-0190a1b2 trip-42
    """
    with reading(data_dir) as reader:
        source, target = (whole_id(name, reader.find_sessions, "session") for name in (session, into))
    _correct(Correction(CorrectionKind.MERGE, target, source), data_dir, json)


@click.command("rename")
@click.argument("session")
@click.argument("name")
@data_dir
@as_json
def rename(session: str, name: str, data_dir: str | None, json: bool) -> None:
    """Give a session another id.

    Example: pandaprobe-proxy sessions rename call-0190a1b2 trip-42
    """
    with reading(data_dir) as reader:
        source = whole_id(session, reader.find_sessions, "session")
    _correct(Correction(CorrectionKind.RENAME, _check(name), source), data_dir, json)


@click.command("split")
@click.argument("session")
@click.argument("call")
@click.argument("name")
@data_dir
@as_json
def split(session: str, call: str, name: str, data_dir: str | None, json: bool) -> None:
    """Put a call, and all that came after it in its session, into the session NAME.

    Example: pandaprobe-proxy sessions split trip-42 0190a1b2-0000 trip-43
    """
    with reading(data_dir) as reader:
        source = whole_id(session, reader.find_sessions, "session")
        first = whole_id(call, reader.find_calls, "call")
    _correct(Correction(CorrectionKind.SPLIT, _check(name), source, (first,)), data_dir, json)


@click.command("assign")
@click.argument("session")
@click.argument("calls", nargs=-1, required=True)
@data_dir
@as_json
def assign(session: str, calls: tuple[str, ...], data_dir: str | None, json: bool) -> None:
    """Put some calls into a session, which is made if it is not there.

    Example: pandaprobe-proxy sessions assign trip-42 0190a1b2-0000 0190a1b2-0001
    """
    with reading(data_dir) as reader:
        named = tuple(whole_id(call, reader.find_calls, "call") for call in calls)
    _correct(Correction(CorrectionKind.ASSIGN, _check(session), calls=named), data_dir, json)


@click.command("undo")
@data_dir
@as_json
def undo(data_dir: str | None, json: bool) -> None:
    """Take back the newest correction that stands.

    Example: pandaprobe-proxy sessions undo
    """
    from pandaprobe_proxy import app

    undone = from_store(lambda: app.undo(load_settings(data_dir=data_dir)))
    if undone is None:
        not_found("there is no correction to undo", "`pandaprobe-proxy sessions corrections` lists them")
    _tell("took back", undone, json)


@click.command("corrections")
@limit(50)
@data_dir
@as_json
def corrections(limit: int, data_dir: str | None, json: bool) -> None:
    """List the corrections of sessions, the newest first.

    Example: pandaprobe-proxy sessions corrections
    """
    with reading(data_dir) as reader:
        made = from_store(lambda: reader.corrections(limit))
    if json:
        print_json(items_json([corrected_json(one) for one in made], limit))
    else:
        print_table(["number", "at", "correction", "calls", "undone"], [_cells(one) for one in made])


def _cells(made: Corrected) -> list[str]:
    return [
        str(made.key),
        (iso(made.at_ns) or "")[:19],
        _describe(made.correction),
        str(made.moved),
        (iso(made.undone_ns) or "")[:19],
    ]


def _describe(correction: Correction) -> str:
    of = correction.session_id or f"{len(correction.calls)} calls"
    return f"{correction.kind} {of} → {correction.to}"


def _check(name: str) -> str:
    if read_visible(name) != name:
        raise Failure("a session id is 1 to 255 characters of visible text.", 2)
    return name


def _correct(correction: Correction, data_dir: str | None, json: bool) -> None:
    from pandaprobe_proxy import app

    made = from_store(lambda: app.correct(load_settings(data_dir=data_dir), correction))
    if made is None:
        raise Failure("the sidecar that runs is of an older version; stop it, or start it again.", 1)
    _tell("made", made, json)


def _tell(what: str, made: Corrected, json: bool) -> None:
    if json:
        print_json(corrected_json(made))
    else:
        undo = "; `sessions undo` takes it back" if made.undone_ns is None else ""
        say(f"{what} correction {made.key}: {_describe(made.correction)}, {made.moved} calls{undo}")
