"""The page of promises: a table that a run of `run.py` writes, whole or some rows of it anew."""

import os
import platform
import re
import time
from typing import NamedTuple

HEAD = """# Promises, their figures, and what was measured

What may break, what is promised then, and what a run measured. One command breaks all of it and writes this page:

    python tests/faults/run.py --write docs/promises.md

*held*: all of it, with its figure. *missed*: calls were unharmed and nothing was lost unseen, but the figure was not
reached. *BROKEN*: it did not hold. *not here*: the machine cannot produce the fault. *not produced*: nobody can yet,
and why. With numbers (`run.py 10 16 --write docs/promises.md`) only those rows are written anew. A small load of some
runs with the ordinary tests, and looks at what must hold on any machine, not at figures of time. What cannot be
produced at all is told in [proven.md](proven.md).

"""
ROW = re.compile(r"\| (\d+) \|")


class Row(NamedTuple):
    """One promise. The names are the heads of the columns."""

    number: int
    fault: str
    promised: str
    held: str
    measured: str
    seconds: int


def describe_machine(now=time.gmtime):
    """When and where, in one sentence."""
    load = os.getloadavg()[1]
    system = f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}"
    return f"{time.strftime('%Y-%m-%d', now())}, {os.cpu_count()} cores, {system}, load {load:.1f} at the end"


def write_page(path, rows, machine):
    """Writes these rows into the page, and keeps those of other promises that it has."""
    lines = {}
    if path.exists():
        lines = {int(found[1]): line for line in path.read_text().splitlines() if (found := ROW.match(line))}
    for row in rows:
        cells = [str(cell).replace("|", "\\|").replace("\n", " ") for cell in (*row[:-1], f"{row.seconds} s")]
        lines[row.number] = f"| {' | '.join(cells)} | {machine} |"
    titles = ("#", *Row._fields[1:-1], "took", "run")
    table = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles), *(lines[number] for number in sorted(lines))]
    path.write_text(HEAD + "\n".join(table) + "\n")
