"""The shape of the house: sizes, mirrors, words that are not used, and what must not be in any file."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "proxy").rglob("*.py"), *(ROOT / "sdk_shim").rglob("*.py")])
VAGUE = {"utils", "helpers", "common", "manager", "handler", "service", "misc"}


def functions_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(function):
    """Lines of a function without its signature, docstring, blank lines and comments."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    text = ast.unparse(ast.Module(body=body, type_ignores=[]))
    return len([line for line in text.splitlines() if line.strip()])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_and_stays_small(path):
    text = path.read_text()
    if text.strip() and not text.startswith("__version__"):
        assert ast.get_docstring(ast.parse(text)), "a module begins with what it is"
    assert len(text.splitlines()) <= 350
    assert path.stem not in VAGUE
    too_long = [function.name for function in functions_of(path) if code_lines(function) > 50]
    assert not too_long


def test_functions_are_short_as_a_whole():
    lengths = sorted(code_lines(function) for path in SOURCES for function in functions_of(path))
    assert lengths[len(lengths) // 2] <= 6
    assert lengths[len(lengths) * 9 // 10] <= 22


def test_files_are_short_as_a_whole():
    lengths = sorted(len(path.read_text().splitlines()) for path in SOURCES if path.read_text().strip())
    assert lengths[len(lengths) // 2] <= 110


def test_every_test_file_has_the_module_it_is_named_after():
    free = {"browser", "end_to_end", "faults", "fuzz", "setup", "outside"}
    packages = {"sdk_shim": ROOT / "sdk_shim" / "pandaprobe"}
    strays = []
    for test in sorted((ROOT / "tests").rglob("test_*.py")):
        top = test.relative_to(ROOT / "tests").parts[0]
        if top in free or top == test.name:
            continue
        inner = test.parent.relative_to(ROOT / "tests" / top)
        base = packages.get(top, ROOT / "proxy" / "pandaprobe_proxy" / top) / inner
        name = test.stem.removeprefix("test_")
        module = base / "__init__.py" if name == "init" else base / f"{name}.py"
        if name != "contract" and not module.exists():
            strays.append(str(test.relative_to(ROOT)))
    assert not strays


def test_no_file_names_a_registry_or_a_path_of_some_machine():
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    wrong = re.compile(r"files\.pythonhosted|registry\.npmjs|deb\.debian|pypi\.org/simple|/work/(main|shared)|/root/")
    found = []
    for name in files.stdout.split():
        path = ROOT / name
        if path.is_file() and path != Path(__file__) and path.suffix not in {".png"}:
            found += [name] if wrong.search(path.read_text(errors="replace")) else []
    assert not found
