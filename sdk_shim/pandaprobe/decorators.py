"""`@trace` and `@span`: functions of every kind as traces and spans, with their arguments and results."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from pandaprobe.encode import to_plain
from pandaprobe.generators import IDLE, Around, Make, async_generating, generating
from pandaprobe.tracing import NOTHING, current_trace, start_trace

F = TypeVar("F", bound=Callable[..., Any])
USER_ROLES, ASSISTANT_ROLES = ("user", "human"), ("assistant", "ai")


def trace(  # noqa: PLR0913 - the official signature
    function: Any = None,
    *,
    name: str | None = None,
    session_id: str | None = None,
    user_id: str | None = None,
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Any:
    """Each call of the function is a trace; with or without parentheses."""

    def open_one(function: Callable[..., Any]) -> Any:
        given = {"session_id": session_id, "user_id": user_id, "tags": tags, "metadata": metadata}
        return start_trace(name or _name(function), **given)  # type: ignore[arg-type]

    def decorate(function: F) -> F:
        return _around(function, lambda: open_one(function))

    return decorate(function) if callable(function) else decorate


def span(
    function: Any = None,
    *,
    name: str | None = None,
    kind: str = "OTHER",
    model: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Any:
    """Each call of the function is a span of the trace that is open; without one it is just called."""

    def open_one(function: Callable[..., Any]) -> Any:
        opened = current_trace()
        title = name or _name(function)
        return NOTHING if opened is None else opened.span(title, kind=kind, model=model, metadata=metadata)

    def decorate(function: F) -> F:
        return _around(function, lambda: open_one(function))

    return decorate(function) if callable(function) else decorate


def _name(function: Callable[..., Any]) -> str:
    """What it is called; a partial and an object that can be called have no name of their own."""
    named = getattr(function, "func", function)
    return str(getattr(named, "__name__", type(named).__name__))


def _around(function: F, make: Callable[[], Any]) -> F:
    """The function inside what `make` opens, its arguments the input and its result the output."""
    if inspect.isasyncgenfunction(function):
        wrapped: Any = async_generating(function, _telling(function, make))
    elif inspect.isgeneratorfunction(function):
        wrapped = generating(function, _telling(function, make))
    elif inspect.iscoroutinefunction(function):
        wrapped = _around_coroutine(function, make)
    else:
        wrapped = _around_plain(function, make)
    functools.update_wrapper(wrapped, function)
    return wrapped  # type: ignore[no-any-return]


class _Told(Around):
    """A generator's trace or span: the arguments are its input; what it returns, or else what it gave, its output."""

    def __init__(self, opened: Any, given: Any) -> None:
        super().__init__(opened)
        self._given = given
        self._items: list[Any] = []
        self._result: Any = None

    def open(self) -> None:
        super().open()
        self.manager.set_input(self._given)

    def note(self, item: Any) -> None:
        self._items.append(to_plain(item))

    def end(self, result: Any) -> None:
        self._result = result

    def shut(self, error: BaseException | None) -> None:
        self.manager.set_output(self._items if self._result is None else self._result)
        super().shut(error)


def _telling(function: Callable[..., Any], make: Callable[[], Any]) -> Make:
    def telling(args: Any, kwargs: Any) -> Around:
        opened = make()
        if opened.live:
            return _Told(opened, _arguments(function, args, kwargs))
        return IDLE if opened is NOTHING else Around(opened)

    return telling


def _around_coroutine(function: Callable[..., Any], make: Callable[[], Any]) -> Callable[..., Any]:
    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        async with make() as opened:
            if not opened.live:
                return await function(*args, **kwargs)
            opened.set_input(_arguments(function, args, kwargs))
            result = await function(*args, **kwargs)
            opened.set_output(_result(result))
            return result

    return awaiting


def _around_plain(function: Callable[..., Any], make: Callable[[], Any]) -> Callable[..., Any]:
    def calling(*args: Any, **kwargs: Any) -> Any:
        with make() as opened:
            if not opened.live:
                return function(*args, **kwargs)
            opened.set_input(_arguments(function, args, kwargs))
            result = function(*args, **kwargs)
            opened.set_output(_result(result))
            return result

    return calling


def _arguments(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The arguments by name; of a list of messages only the last of the user."""
    try:
        bound = dict(inspect.signature(function).bind_partial(*args, **kwargs).arguments)
    except (TypeError, ValueError):
        bound = {"args": list(args), **kwargs}
    bound.pop("self", None)
    last = _last(bound.get("messages"), USER_ROLES)
    return {"messages": [last]} if last is not None else bound


def _result(result: Any) -> Any:
    messages = result.get("messages") if isinstance(result, dict) else None
    last = _last(messages, ASSISTANT_ROLES)
    return {"messages": [last]} if last is not None else result


def _last(messages: Any, roles: tuple[str, ...]) -> Any:
    if not isinstance(messages, list):
        return None
    found = [message for message in messages if isinstance(message, dict) and message.get("role") in roles]
    return found[-1] if found else None
