"""Carries the context to where Python does not: threads, pools, and other processes."""

import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from pandaprobe.context import (
    NOTHING,
    current_place,
    current_session,
    current_user,
    outer_session,
    read_parent,
    restore,
    snapshot,
)

MARK = "_pandaprobe"
SESSION, PARENT = "PANDAPROBE_SESSION", "PANDAPROBE_PARENT_SESSION"
USER, TRACE = "PANDAPROBE_USER", "PANDAPROBE_TRACE"
GIVEN = (SESSION, PARENT, USER, TRACE)
ENV_POSITION = 10  # of `env` among Popen's parameters


def _carrying(function: Callable[..., Any], values: Any) -> Callable[..., Any]:
    """The function, run in its caller's context, which it leaves as it was found."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        before = snapshot() or NOTHING
        restore(values)
        try:
            return function(*args, **kwargs)
        finally:
            restore(before)

    return run


def _patch(owner: Any, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Puts what `make` makes of a method in its place, once."""
    original = getattr(owner, name)
    if getattr(original, MARK, False):
        return
    made = functools.wraps(original)(make(original))
    setattr(made, MARK, True)
    setattr(owner, name, made)


def _patch_submit(pool: Any, carry: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """The pool is given what `carry` makes of a function when it is submitted."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def submit(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            return original(self, carry(fn), *args, **kwargs)

        return submit

    _patch(pool, "submit", make)


def _patch_thread() -> None:
    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def start(self: threading.Thread) -> None:
            values = snapshot()
            if values is not None:
                self.run = _carrying(self.run, values)  # type: ignore[method-assign]
            original(self)

        return start

    _patch(threading.Thread, "start", make)


def patch_executor(module: Any) -> None:
    """Thread pools: what is submitted runs in the context of whoever submitted it, not of who made the thread."""
    _patch_submit(module.ThreadPoolExecutor, lambda fn: _carrying(fn, snapshot() or NOTHING))


def patch_subprocess(module: Any) -> None:
    """Subprocesses: a shim in the child goes on with this session."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            added = environment()
            if added and len(args) <= ENV_POSITION:
                kwargs["env"] = _with(kwargs.get("env"), added)
            original(self, *args, **kwargs)

        return init

    _patch(module.Popen, "__init__", make)


def _with(env: Mapping[Any, Any] | None, added: Mapping[str, str]) -> Mapping[Any, Any]:
    """An environment with ours in it; one that was given wins where it says otherwise."""
    if env is None:
        return {**os.environ, **added}
    # A copy of our own environment says nothing otherwise: it only repeats what this process was told.
    ours = {name: value for name, value in added.items() if env.get(name) in (None, os.environ.get(name))}
    if SESSION in added and SESSION not in ours:
        ours.pop(PARENT, None)  # that of another session
    return {**env, **ours}


def environment() -> dict[str, str]:
    """What a child process must find in its environment to go on with this work."""
    session, user, place = current_session(), current_user(), current_place()
    trace = f"{place.trace_id}/{place.span_id or ''}" if place else None
    outer = outer_session()
    if session and outer is None and PARENT in os.environ:
        outer = ""  # the one in our environment is that of another session
    given = {SESSION: session, PARENT: outer, USER: user, TRACE: trace}
    return {name: value for name, value in given.items() if value is not None}


class Given:
    """What a process is given to go on with, by pickle: it holds as soon as it arrives there."""

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def __reduce__(self) -> tuple[Any, ...]:
        return go_on, (self._values,)


def go_on(values: Mapping[str, str]) -> None:
    """This process, from here on, belongs to the work that these variables of the environment tell."""
    for name in GIVEN:
        os.environ.pop(name, None)
    os.environ.update(values)
    read_parent()


class Task:
    """A function that a process of a pool calls in the context of whoever submitted it."""

    def __init__(self, function: Callable[..., Any], values: dict[str, str]) -> None:
        self.function = function
        self.values = values

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        before, told = snapshot() or NOTHING, {name: os.environ[name] for name in GIVEN if name in os.environ}
        restore(NOTHING)  # a process that was forked has the context of whoever caused it to be
        go_on(self.values)
        try:
            return self.function(*args, **kwargs)
        finally:
            go_on(told)
            restore(before)


def patch_process(module: Any) -> None:
    """Processes of `multiprocessing`, which know nothing of our context unless they are forked."""

    def make(original: Callable[..., Any]) -> Callable[..., Any]:
        def start(self: Any) -> None:
            values = environment()
            if values:
                setattr(self, MARK, Given(values))
            original(self)

        return start

    _patch(module.BaseProcess, "start", make)


def patch_process_pool(module: Any) -> None:
    """Process pools: what is submitted runs in the context of whoever submitted it, whenever the process was begun."""
    _patch_submit(module.ProcessPoolExecutor, lambda fn: Task(fn, environment()))


def install() -> None:
    """Patches what is imported; `patches` does the rest when it is."""
    _patch_thread()
