"""`sessions export` and `eval file`: sessions as a file of a dataset, and what evaluators say of such a file."""

import gzip
import json as jsons
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pandaprobe_proxy.cli.choosing import asking, choosing, read_assertions, read_evaluators, read_numbers
from pandaprobe_proxy.cli.options import as_json, data_dir, reading
from pandaprobe_proxy.cli.output import Failure, from_store, one_line, print_json, print_line, print_table, say
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.judged import Choice
from pandaprobe_proxy.store.labels import Sought
from pandaprobe_proxy.store.shapes import judged_json, score_json

if TYPE_CHECKING:
    from pandaprobe_proxy.evaluate.registry import Evaluator, Setting
    from pandaprobe_proxy.evaluate.session import Session
    from pandaprobe_proxy.model.score import Judgement

MOST_CALLS = 10_000
MOST_SCORES = 100_000


@click.command("export")
@choosing
@click.option("--out", "-o", metavar="FILE", help="Write there, gzipped if it ends with .gz; else to standard output.")
def export(choice: Choice, data_dir: str | None, json: bool, out: str | None) -> None:
    """Write sessions as JSON lines, redacted as they are stored: messages, tools, calls, scores and judgements.

    `pandaprobe-proxy eval file` reads such a file; so do other tools, since messages are as OpenAI's chat API has them.

    Example: pandaprobe-proxy sessions export --where tag:prod --out sessions.jsonl.gz
    """
    with reading(data_dir) as reader:
        chosen = [session_id for session_id, _ in from_store(lambda: reader.contents(choice))]
        lines = (_describe(reader, session_id) for session_id in chosen)
        if out is None:
            for line in lines:
                print_line(line)
        else:
            _write(out, lines)
    if json and out is not None:
        print_json({"sessions": len(chosen), "file": out})
    else:
        say(f"wrote {len(chosen)} sessions{f' to {out}' if out else ''}")


def _describe(reader: Reader, session_id: str) -> dict[str, Any]:
    from pandaprobe_proxy.evaluate.dataset import to_document
    from pandaprobe_proxy.store.evaluated import to_session

    row = from_store(lambda: reader.session(session_id))
    session = from_store(lambda: to_session(session_id, reader.conversation(session_id, MOST_CALLS)))
    return {
        **to_document(session),
        **({"tags": row.tags, "state": row.state} if row else {}),
        "scores": [score_json(one) for one in reader.labels(Sought(session_id), MOST_SCORES)],
        "judgements": [judged_json(one) for one in reader.judged(Choice(session_id))],
    }


def _write(path: str, lines: Iterable[dict[str, Any]]) -> None:
    try:
        with gzip.open(path, "wb") if path.endswith(".gz") else open(path, "wb") as file:
            for line in lines:
                file.write(msgspec.json.encode(line, enc_hook=str) + b"\n")
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error


@click.command("file")
@click.argument("file")
@asking
@click.option("--out", "-o", metavar="FILE", help="Write all judgements there as JSON lines.")
@data_dir
@as_json
def evaluate_file(file: str, out: str | None, data_dir: str | None, json: bool, **given: Any) -> None:
    """Evaluate the sessions of a file, each a line of JSON, without a store.

    Reads what `sessions export` writes, and lines that have only a session_id and messages.

    Example: pandaprobe-proxy eval file sessions.jsonl.gz --out scores.jsonl
    """
    from pandaprobe_proxy.evaluate.peers import Peers
    from pandaprobe_proxy.evaluate.registry import Setting
    from pandaprobe_proxy.evaluate.traits import read_traits

    evaluators = read_evaluators(given["evaluator"], data_dir)
    assertions = read_assertions(given["assertions"])
    budgets = read_numbers(given["budget"], "--budget")
    by_peers = any(one.by_peers for one in evaluators)
    peers = Peers(read_traits(session) for session in read_file(file)) if by_peers else Peers()
    lines = list(_judge(read_file(file), evaluators, Setting(peers, budgets, assertions)))
    if out is not None:
        _write(out, lines)
    if json:
        print_json({"items": lines})
        return
    values: dict[str, list[float | None]] = {one.name: [] for one in evaluators}
    for line in lines:
        values[line["name"]].append(line["value"])
    print_table(
        ["evaluator", "sessions", "with a value", "mean"], [_cells(name, some) for name, some in values.items()]
    )


def _judge(
    sessions: "Iterable[Session]", evaluators: "Iterable[Evaluator]", setting: "Setting"
) -> Iterator[dict[str, Any]]:
    """What each says of each session, as JSON. One that fails on a session is told of."""
    from pandaprobe_proxy.evaluate.traits import read_traits

    for session in sessions:
        traits = read_traits(session)
        for one in evaluators:
            try:
                told: Judgement = one.judge(session, traits, setting)
            except Exception as error:  # whatever a user's own code raises
                say(
                    one_line(f"{one.name} failed on session {session.session_id}: {type(error).__name__}: {error}", 300)
                )
            else:
                yield {"session_id": session.session_id, **msgspec.to_builtins(told)}


def _cells(name: str, values: list[float | None]) -> list[str]:
    known = [value for value in values if value is not None]
    return [name, str(len(values)), str(len(known)), f"{sum(known) / len(known):.3f}" if known else "-"]


def read_file(path: str) -> "Iterator[Session]":
    """Its sessions, one by one, so that a large file fits; an error in it ends the command."""
    from pandaprobe_proxy.evaluate.dataset import read_session

    number = 0
    try:
        with gzip.open(path, "rt") if path.endswith(".gz") else open(path) as file:
            for line in file:
                number += 1
                if line.strip():
                    yield read_session(_parse(line))
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror or error}.", 2) from error
    except ValueError as error:
        raise Failure(f"{path}, line {number}: {error}.", 2) from error


def _parse(line: str) -> Any:
    try:
        return jsons.loads(line)
    except ValueError as error:
        raise ValueError("it is no JSON") from error
