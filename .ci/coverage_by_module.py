"""Branch coverage of the pure packages must be whole, each module measured by its own test file alone.

A total says little: a module that is only ever run by other modules' tests is not tested.
"""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "proxy" / "pandaprobe_proxy"
PURE = ("model", "wire", "dialects", "sessions", "pricing", "evaluate")


def measure(module: Path) -> str:
    """What is wrong with a module's coverage; empty if nothing is."""
    test = ROOT / "tests" / module.parent.relative_to(PACKAGE) / f"test_{module.stem}.py"
    name = module.relative_to(ROOT)
    if not test.exists():
        return "" if is_plain(module) else f"{name}: there is no {test.relative_to(ROOT)}"
    with tempfile.TemporaryDirectory() as place:
        data = f"--data-file={place}/coverage"
        coverage = [sys.executable, "-m", "coverage"]
        command = [*coverage, "run", data, "--branch", f"--include={module}", "-m", "pytest", "-q", "-x", str(test)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            return f"{name}: its tests fail alone\n{done.stdout[-2000:]}"
        report = [*coverage, "report", data, "--show-missing", "--fail-under=100", f"--include={module}"]
        done = subprocess.run(report, cwd=ROOT, capture_output=True, text=True)
        return f"{name}: {done.stdout.splitlines()[-1:]}\n{done.stdout}" if done.returncode else ""


def is_plain(module: Path) -> bool:
    """Nothing to run: values, constants and docstrings only."""
    text = module.read_text()
    return "def " not in text and "if " not in text


def main() -> None:
    modules = [path for package in PURE for path in sorted((PACKAGE / package).glob("*.py"))]
    with ThreadPoolExecutor(2) as pool:
        wrong = [text for text in pool.map(measure, modules) if text]
    print("\n".join(wrong) or f"{len(modules)} modules, each wholly covered by its own tests")
    sys.exit(bool(wrong))


main()
