"""`session(…)` and `user(…)`: scopes for `with`, `async with`, and as decorators on functions of every kind."""

import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from pandaprobe.context import Node, check_id, enter, leave, session_scope, session_set, user_scope, user_set
from pandaprobe.generators import Around, async_generating, generating

F = TypeVar("F", bound=Callable[..., Any])


class Scope:
    """May be entered again and again, nested in itself, and in many tasks at once: it holds no state of its own."""

    __slots__ = ("_value", "_var")

    def __init__(self, var: ContextVar[Node | None], value: str | None) -> None:
        self._var = var
        self._value = value

    def __enter__(self) -> str | None:
        if self._value is not None:
            enter(self._var, self._value, self)
        return self._value

    def __exit__(self, *_: object) -> None:
        leave(self._var, self)

    async def __aenter__(self) -> str | None:
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        leave(self._var, self)

    def __call__(self, function: F) -> F:
        """The function with the scope around it; a generator is in it while it runs, and whoever iterates is not."""
        return wrap(function, lambda: self)


def wrap(function: F, make: Callable[[], Any]) -> F:
    """A function of any kind in the context manager that `make` gives."""
    if inspect.isasyncgenfunction(function):
        wrapped: Any = async_generating(function, lambda *_: Around(make()))
    elif inspect.isgeneratorfunction(function):
        wrapped = generating(function, lambda *_: Around(make()))
    elif inspect.iscoroutinefunction(function):
        wrapped = _awaiting(function, make)
    else:
        wrapped = _calling(function, make)
    functools.update_wrapper(wrapped, function)
    return wrapped  # type: ignore[no-any-return]


def _awaiting(function: Callable[..., Any], make: Callable[[], Any]) -> Callable[..., Any]:
    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        with make():
            return await function(*args, **kwargs)

    return awaiting


def _calling(function: Callable[..., Any], make: Callable[[], Any]) -> Callable[..., Any]:
    def calling(*args: Any, **kwargs: Any) -> Any:
        with make():
            return function(*args, **kwargs)

    return calling


def session(session_id: str) -> Scope:
    """Everything inside belongs to this session.

    Args:
        session_id: 1 to 255 characters of visible text. Another value is ignored, and told once in the log.
    """
    return Scope(session_scope, check_id(session_id, "session"))


def set_session(session_id: str | None) -> None:
    """What comes from here on belongs to this session, where no `session()` scope says otherwise. None ends it."""
    session_set.set(check_id(session_id, "session"))


def user(user_id: str) -> Scope:
    """Everything inside is for this user."""
    return Scope(user_scope, check_id(user_id, "user"))


def set_user(user_id: str | None) -> None:
    """What comes from here on is for this user, where no `user()` scope says otherwise."""
    user_set.set(check_id(user_id, "user"))
