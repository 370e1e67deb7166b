"""Looks for bytes that break what must hold: atheris (libFuzzer) mutates examples, guided by what code they reach.

    python tests/fuzz/run.py
    python tests/fuzz/run.py sse head --seconds 600
    python tests/fuzz/run.py --cache DIR

Each target runs for so many seconds (60 unless said otherwise), with a fixed seed. What it learns is kept under the
user's cache and used the next time. Bytes that break something are written to `tests/fuzz/corpus/TARGET/`, where the
ordinary tests look at them from then on. atheris is installed into the cache when it is first needed. Exits 1 if
anything broke, or a target could not run.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.seeds import seeds
from fuzz.targets import TARGETS

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
ATHERIS = "atheris==3.0.0"
MOST_BYTES = 8192


def find_atheris(cache):
    """What PYTHONPATH must have for atheris; installs it if it is not there."""
    if importlib.util.find_spec("atheris"):
        return ""
    place = cache / f"{ATHERIS}-{sys.version_info[0]}.{sys.version_info[1]}"
    if not (place / "atheris").exists():
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(place), ATHERIS]
        if subprocess.run(words).returncode:
            sys.exit(f"{ATHERIS} could not be installed; it has wheels for Linux, and Python 3.11 to 3.13.")
    return str(place)


def write_seeds(target, place):
    place.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(target)):
        (place / f"seed-{number:03d}").write_bytes(data)


def fuzz(target, given, path):
    """(verdict, executions, places of code reached) of one target."""
    learnt, found = given.cache / "corpus" / target, HERE / "corpus" / target
    write_seeds(target, learnt)
    found.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, str(HERE / "one.py"), target, str(learnt), str(found)]
    words += [f"-max_total_time={given.seconds}", f"-seed={given.seed}", f"-max_len={MOST_BYTES}"]
    words += [f"-artifact_prefix={found}/", "-timeout=10", "-rss_limit_mb=2048"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(TESTS), path)))}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=given.seconds + 300)
    if not any(found.iterdir()):
        found.rmdir()
    ran = re.findall(r"Done (\d+) runs", done.stderr)
    reached = re.findall(r"cov: (\d+)", done.stderr)
    if done.returncode or not ran:
        print(done.stderr[-4000:], file=sys.stderr)
    return "held" if ran and not done.returncode else "BROKEN", (ran or ["?"])[-1], (reached or ["?"])[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all if none is given")
    parser.add_argument("--seconds", type=int, default=60, help="for each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "pandaprobe-fuzz")
    given = parser.parse_args()
    if unknown := set(given.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    given.cache.mkdir(parents=True, exist_ok=True)
    path = find_atheris(given.cache)
    print("| target | verdict | executions | edges reached |\n|---|---|---|---|", flush=True)
    verdicts = set()
    for target in given.targets or TARGETS:
        verdict, ran, reached = fuzz(target, given, path)
        verdicts.add(verdict)
        print(f"| {target} | {verdict} | {ran} | {reached} |", flush=True)
    sys.exit(int(verdicts != {"held"}))


if __name__ == "__main__":
    main()
