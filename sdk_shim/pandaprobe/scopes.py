"""`session(…)` and `user(…)`: scopes for `with`, `async with`, and as decorators on functions of every kind."""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from typing import Any, TypeVar

from pandaprobe.context import Node, check_id, enter, leave, session_scope, session_set, user_scope, user_set

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
        """The function with the scope around it; around each step, if it is a generator."""
        return wrap(function, lambda: self)


def wrap(function: F, make: Callable[[], Any]) -> F:
    """A function of any kind with the context manager that `make` gives around every piece of it that runs."""
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        def async_generating(*args: Any, **kwargs: Any) -> Any:
            return _async_steps(function(*args, **kwargs), make())

        return async_generating  # type: ignore[return-value]
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generating(*args: Any, **kwargs: Any) -> Any:
            return _steps(function(*args, **kwargs), make())

        return generating  # type: ignore[return-value]
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaiting(*args: Any, **kwargs: Any) -> Any:
            with make():
                return await function(*args, **kwargs)

        return awaiting  # type: ignore[return-value]

    @functools.wraps(function)
    def calling(*args: Any, **kwargs: Any) -> Any:
        with make():
            return function(*args, **kwargs)

    return calling  # type: ignore[return-value]


def _steps(generator: Generator[Any, Any, Any], scope: Any) -> Generator[Any, Any, Any]:
    """Drives a generator, inside the scope only while it runs, so that nothing leaks to whoever iterates."""
    step: Callable[[], Any] = generator.__next__
    while True:
        with scope:
            try:
                item = step()
            except StopIteration as end:
                return end.value
        try:
            sent = yield item
        except GeneratorExit:
            with scope:
                generator.close()
            raise
        except BaseException as error:
            step = functools.partial(generator.throw, error)
        else:
            step = functools.partial(generator.send, sent)


async def _async_steps(generator: AsyncGenerator[Any, Any], scope: Any) -> AsyncGenerator[Any, Any]:
    step: Callable[[], Any] = generator.__anext__
    while True:
        with scope:
            try:
                item = await step()
            except StopAsyncIteration:
                return
        try:
            sent = yield item
        except GeneratorExit:
            with scope:
                await generator.aclose()
            raise
        except BaseException as error:
            step = functools.partial(generator.athrow, error)
        else:
            step = functools.partial(generator.asend, sent)


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
