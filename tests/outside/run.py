"""Drives every outside client directly and through a sidecar, and prints what was equal and what was recorded.

    python tests/outside/run.py
    python tests/outside/run.py openai_node litellm_calls
    python tests/outside/run.py --again

Each client runs in an environment of its own, made with pip or npm when it is first needed, under the user's cache
(or `--cache DIR`); `--again` makes them anew, with the newest packages. The provider is scripted and on loopback: no
key is needed. Exits 1 if anything differed, was lost, or could not run.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from outside.comparing import clients, compare, plain_command

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "pandaprobe-outside"


def make_environment(client, cache, again):
    """(command, versions) to run a client with what it needs. CalledProcessError if that cannot be had."""
    if client.path.suffix == ".sh":
        first = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout.split()
        return plain_command(client), f"curl {first[1]}"
    place = cache / f"{client.name}-{sha256(' '.join(client.packages).encode()).hexdigest()[:8]}"
    if again:
        shutil.rmtree(place, ignore_errors=True)
    if client.path.suffix == ".mjs":
        return make_node(client, place)
    python = place / "bin" / "python"
    if not (place / "made").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        install = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *client.packages]
        subprocess.run(install, check=True, capture_output=True, text=True)
        (place / "made").touch()
    listed = subprocess.run([python, "-m", "pip", "list", "--format=json"], capture_output=True, text=True, check=True)
    versions = {item["name"].lower(): item["version"] for item in json.loads(listed.stdout)}
    return [str(python), str(client.path)], told(client, versions)


def make_node(client, place):
    if not (place / "made").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        (place / "package.json").write_text("{}")
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", *client.packages]
        subprocess.run(install, check=True, cwd=place, capture_output=True, text=True)
        (place / "made").touch()
    script = place / client.path.name  # node looks for packages beside the script
    shutil.copy(client.path, script)
    found = {
        name: json.loads((place / "node_modules" / name / "package.json").read_text())["version"]
        for name in client.packages
    }
    return ["node", str(script)], told(client, found)


def told(client, versions):
    names = [re.split(r"[\[<>=]", package)[0] for package in client.packages]
    return ", ".join(f"{name} {versions.get(name.lower(), '?')}" for name in names)


def drive(client, cache, again):
    """One line of the table, and what went wrong."""
    try:
        command, versions = make_environment(client, cache, again)
        with tempfile.TemporaryDirectory() as directory:
            outcome = compare(client, command, Path(directory) / "data")
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        detail = getattr(error, "stderr", None) or error
        return (client.name, "", "could not run", "", ""), [str(detail)[-3000:]]
    equal = "yes" if not outcome.differences else "NO"
    recorded = "all" if not outcome.losses else "NOT ALL"
    wrong = [*outcome.differences, *outcome.losses]
    return (client.name, versions, f"{equal} ({outcome.results} results)", str(outcome.calls), recorded), wrong


def main():
    known = clients()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="CLIENT", help=f"of {', '.join(known)}; all if none is given")
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--again", action="store_true", help="make the environments anew")
    given = parser.parse_args()
    if unknown := set(given.names) - set(known):
        parser.error(f"there is no client {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    failed = False
    print("| client | versions | equal | calls | recorded |\n|---|---|---|---|---|", flush=True)
    for name in given.names or known:
        cells, wrong = drive(known[name], given.cache, given.again)
        print(f"| {' | '.join(cells)} |", flush=True)
        for text in wrong[:10]:
            print(f"    {name}: {text}", file=sys.stderr, flush=True)
        failed = failed or bool(wrong)
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
