"""Labels of sessions from a file's text: JSON lines or CSV, each with a session and whether it was good.

The session is `session_id` (or `session`), the label `label` (or `good`, `success`): true or false, 1 or 0, or a word
such as good, bad, pass, fail.
"""

import csv
import io
from collections.abc import Iterator, Mapping

from pandaprobe_proxy.dialects.json_values import parse_json
from pandaprobe_proxy.evaluate.labels import read_label
from pandaprobe_proxy.model.call import Json

SESSION = ("session_id", "session")
LABEL = ("label", "good", "success")


def read_labels(text: str) -> dict[str, bool]:
    """Whether each session is good; of several lines of one the last counts. Raises ValueError with the line."""
    rows = _read_json(text) if text.lstrip()[:1] in ("{", "[") else _read_csv(text)
    labels = {}
    for number, row in rows:
        session, label = _find(row, SESSION), _find(row, LABEL)
        if session in (None, "") or label is None:
            raise ValueError(f"line {number} lacks {'a session_id' if session in (None, '') else 'a label'}")
        labels[str(session)] = _read(number, label)
    if not labels:
        raise ValueError("there is no label in it")
    return labels


def _read(number: int, label: Json) -> bool:
    value = float(label) if isinstance(label, int | float) else read_label(str(label))
    if value is None:
        value = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}.get(str(label).strip())
    if value not in (0.0, 1.0):
        raise ValueError(f"line {number}: {label!r} says neither good nor bad")
    return value == 1.0


def _find(row: Mapping[str, Json], names: tuple[str, ...]) -> Json:
    return next((row[name] for name in names if name in row), None)


def _read_json(text: str) -> Iterator[tuple[int, Mapping[str, Json]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = parse_json(line)
            except ValueError as error:
                raise ValueError(f"line {number} is no JSON") from error
            if not isinstance(row, dict):
                raise ValueError(f"line {number} is no object; write one a line")
            yield number, row


def _read_csv(text: str) -> Iterator[tuple[int, Mapping[str, Json]]]:
    rows = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    return ((number, row) for number, row in enumerate(rows, 2))
