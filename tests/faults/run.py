"""Breaks things, one promise after the other, and prints what was promised, the figure, and what was measured.

    python tests/faults/run.py
    python tests/faults/run.py 1 4 13
    python tests/faults/run.py --short
    python tests/faults/run.py --write docs/promises.md
    python tests/faults/run.py --seeds 30

Everything runs on loopback, with processes that are started for it. Some faults need root, strace, a tmpfs, a cgroup
or faketime; what cannot be produced on this machine is named, with why. `--seeds` makes that many random mixtures of
faults instead, each repeatable by its seed. `--write` puts the table into a page, beside what the page says of those
that were not run. All thirty with their full loads take about 20 minutes. Exits 1 if a promise did not hold or a
figure was missed.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from faults import cases  # noqa: F401  (they register themselves)
from faults.mixtures import mixture
from faults.page import Row, describe_machine, write_page
from faults.promises import NOT_PRODUCED, PROMISES, NotHere

LIMIT_S = 900
MOST = 5  # sentences of what was wrong, for each


async def drive(case, full):
    with tempfile.TemporaryDirectory() as place:
        return await asyncio.wait_for(case(Path(place), full), LIMIT_S)


def try_case(case, full):
    """(verdict, what was measured, what was wrong)."""
    try:
        measured = asyncio.run(drive(case, full))
    except NotHere as reason:
        return "not here", str(reason), []
    except Exception as error:  # a case that fails is a promise that was not shown
        return "FAILED", "", [f"{type(error).__name__}: {error}"[:1000]]
    if measured.wrong:
        return "BROKEN", measured.told, measured.wrong
    return ("missed" if measured.missed else "held"), measured.told, measured.missed


def row(cells):
    print(f"| {' | '.join(cells)} |", flush=True)


def try_promise(number, full):
    """(row of the table, what was wrong)."""
    if number in NOT_PRODUCED:
        fault, promised, why = NOT_PRODUCED[number]
        return Row(number, fault, promised, "not produced", why, 0), []
    told = PROMISES[number]
    started = time.monotonic()
    verdict, measured, wrong = try_case(told.case, full)
    return Row(number, told.fault, told.figure, verdict, measured, round(time.monotonic() - started)), wrong


def run_promises(numbers, full, page):
    """The rows of the table, printed, and written into the page if there is one, as they come."""
    rows = []
    row(Row._fields)
    row(("---",) * len(Row._fields))
    for number in numbers:
        made, wrong = try_promise(number, full)
        row(map(str, made))
        for text in wrong[:MOST]:
            print(f"    {number}: {text}", file=sys.stderr, flush=True)
        rows.append(made)
        if page:
            write_page(page, [made], describe_machine())
    return rows


def run_mixtures(first, count):
    row(("seed", "verdict", "measured"))
    row(("---",) * 3)
    failed = False
    for seed in range(first, first + count):

        async def case(place, full, seed=seed):
            return await mixture(place, seed)

        verdict, measured, wrong = try_case(case, full=True)
        row((str(seed), verdict, measured))
        for text in wrong[:MOST]:
            print(f"    seed {seed}: {text}", file=sys.stderr, flush=True)
        failed = failed or verdict != "held"
    return not failed


def main():
    known = sorted({*PROMISES, *NOT_PRODUCED})
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*", type=int, metavar="PROMISE", help="1 to 30; all if none is given")
    parser.add_argument("--short", action="store_true", help="with a small load")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="puts the table into this Markdown page, too")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="so many random mixtures instead")
    parser.add_argument("--first-seed", type=int, default=1, metavar="SEED")
    given = parser.parse_args()
    if unknown := set(given.numbers) - set(known):
        parser.error(f"there is no promise {', '.join(map(str, sorted(unknown)))}; there are {known[0]} to {known[-1]}")
    if given.seeds:
        sys.exit(int(not run_mixtures(given.first_seed, given.seeds)))
    if given.write and given.short:
        parser.error("--write is for figures of the full load; leave --short out")
    rows = run_promises(given.numbers or known, not given.short, given.write)
    sys.exit(int(any(made.held not in ("held", "not here", "not produced") for made in rows)))


if __name__ == "__main__":
    main()
