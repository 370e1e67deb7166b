"""The evaluators of the user's own: Python files, packages that name some under `pandaprobe.evaluators`, and what was
learnt from labels.

One that cannot be used is told of in a sentence, and the others are there.
"""

import importlib.util
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType

from pandaprobe_proxy.app.learning import LEARNED, read_learned
from pandaprobe_proxy.evaluate.own import make_evaluator
from pandaprobe_proxy.evaluate.registry import EVALUATORS, Evaluator

GROUP = "pandaprobe.evaluators"


@dataclass(frozen=True, slots=True)
class Found:
    """What there is: ours first, then the user's own."""

    evaluators: tuple[Evaluator, ...]
    problems: tuple[str, ...]
    """A sentence for each of the user's own that cannot be used."""


def find_evaluators(files: Iterable[Path], installed: Iterable[EntryPoint] | None = None) -> Found:
    """All of them; `installed` are the entry points, those of this environment if it is not given."""
    points = entry_points(group=GROUP) if installed is None else installed
    sources: list[tuple[str, Path | EntryPoint]] = [(str(file), file) for file in files]
    sources += [(_name(point), point) for point in points]
    evaluators, problems = list(EVALUATORS), []
    for name, source in sources:
        try:
            evaluators.append(_take(_load(name, source), evaluators))
        except Exception as error:  # a user's file may raise anything while it is imported
            problems.append(f"{name} is no evaluator: {' '.join(str(error).split()) or type(error).__name__}.")
    return Found(tuple(evaluators), tuple(problems))


def _take(one: Evaluator, known: Sequence[Evaluator]) -> Evaluator:
    other = next((other for other in known if other.name == one.name), None)
    if other is not None:
        raise ValueError(f"the name {one.name} is that of another evaluator ({other.origin})")
    return one


def _load(name: str, source: Path | EntryPoint) -> Evaluator:
    if isinstance(source, EntryPoint):
        version = source.dist.version if source.dist else ""
        return make_evaluator(source.load(), name, f"{source.value} {version}")
    try:
        if source.name == LEARNED:
            return read_learned(source)
        code = source.read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error
    return make_evaluator(_run(source), name, blake2b(code, digest_size=12).hexdigest())


def _run(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"own_evaluator_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ValueError("it is no Python file; its name ends with .py")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise ValueError(f"running it raises {type(error).__name__}: {error}") from error
    return module


def _name(point: EntryPoint) -> str:
    return f"{point.dist.name}:{point.name}" if point.dist else point.name
