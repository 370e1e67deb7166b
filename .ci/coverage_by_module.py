"""Branch coverage of the pure packages must be whole, each module measured by its own test file alone.

A total says little: a module that is only ever run by other modules' tests is not tested. Each module is measured in a
process of its own, forked off once pytest and third parties are imported. Whatever is ours is imported in there, under
measurement, so that the lines of definitions count. Generated cases are left out: which they are is luck.
"""

import importlib
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import BinaryIO, NoReturn

import coverage
import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "proxy" / "pandaprobe_proxy"
PURE = ("model", "wire", "dialects", "sessions", "pricing", "evaluate")
AT_A_TIME = 2
THIRD_PARTIES = (
    "brotli",
    "genai_prices",
    "hypothesis.strategies",
    "msgspec",
    "pydantic_settings",
    "sqlite_utils",
    "structlog",
    "zstandard",
)


def warm() -> None:
    """Imports what the processes share. Raises AssertionError if something of ours came with it."""
    with tempfile.TemporaryDirectory() as empty, open(os.devnull, "w") as nowhere:
        out, sys.stdout = sys.stdout, nowhere
        pytest.main(["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), empty])
        sys.stdout = out
    for name in THIRD_PARTIES:
        importlib.import_module(name)
    ours = [name for name in sys.modules if name.startswith("pandaprobe")]
    assert not ours, f"imported before it could be measured: {ours}"


def measure(module: Path, test: Path, said: BinaryIO) -> NoReturn:
    """Ends this process, with 0 if all is well. Else `said` has the reason."""
    code = 1
    try:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        code = run_tests(module, test)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def run_tests(module: Path, test: Path) -> int:
    measured = coverage.Coverage(data_file=None, branch=True, include=[str(module)], config_file=False)
    measured.start()
    failed = pytest.main(["-x", "-p", "no:cacheprovider", str(test)])
    measured.stop()
    if failed:
        print("its tests fail alone")
        return 1
    return 0 if measured.report(show_missing=True) == 100 else 1


def find_test(module: Path) -> Path:
    return ROOT / "tests" / module.parent.relative_to(PACKAGE) / f"test_{module.stem}.py"


def is_plain(module: Path) -> bool:
    """Nothing to run: values, constants and docstrings only."""
    text = module.read_text()
    return "def " not in text and "if " not in text


def measure_all(modules: list[Path]) -> list[str]:
    """What is wrong with the coverage of these, two at a time."""
    wrong: list[str] = []
    running: dict[int, tuple[Path, BinaryIO]] = {}
    left = modules[::-1]
    while left or running:
        if left and len(running) < AT_A_TIME:
            module, said = left.pop(), tempfile.TemporaryFile()  # noqa: SIM115  (closed once it was read)
            sys.stdout.flush()
            if not (pid := os.fork()):
                measure(module, find_test(module), said)
            running[pid] = module, said
            continue
        pid, status = os.wait()
        module, said = running.pop(pid)
        with said:
            if status:
                said.seek(0)
                wrong.append(f"{module.relative_to(ROOT)}: {said.read().decode()[-3000:]}")
    return wrong


def main() -> None:
    os.chdir(ROOT)
    os.environ["WITHOUT_GENERATED"] = "1"
    warm()
    modules = [path for package in PURE for path in sorted((PACKAGE / package).glob("*.py"))]
    tested = [module for module in modules if find_test(module).exists()]
    untested = [module for module in modules if module not in tested and not is_plain(module)]
    wrong = [f"{module.relative_to(ROOT)}: there is no {find_test(module).relative_to(ROOT)}" for module in untested]
    wrong += measure_all(tested)
    print("\n".join(wrong) or f"{len(modules)} modules, each wholly covered by its own tests")
    sys.exit(bool(wrong))


main()
