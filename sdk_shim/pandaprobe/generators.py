"""Decorated generators. Each has a context of its own, which holds while it runs and not for whoever iterates it, so
that what it opens neither leaks out nor is lost over a `yield`. What is sent or thrown reaches it, and closing it does.
"""

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from pandaprobe.context import NOTHING, Snapshot, restore, snapshot

_END = object()


class Around:
    """What a generator runs in: a context manager, entered before the first step and left after the last."""

    def __init__(self, manager: Any) -> None:
        self.manager = manager
        self._inside: Snapshot | None = None
        self._outside = NOTHING

    def __enter__(self) -> None:
        self._outside = snapshot() or NOTHING
        if self._inside is not None:
            restore(self._inside)

    def __exit__(self, *_: object) -> None:
        self._inside = snapshot() or NOTHING
        restore(self._outside)

    def open(self) -> None:
        with self:
            self.manager.__enter__()

    def note(self, item: Any) -> None:
        """Hears what the generator gives."""

    def end(self, result: Any) -> None:
        """Hears what it returns."""

    def shut(self, error: BaseException | None) -> None:
        with self:
            self.manager.__exit__(type(error) if error else None, error, None)


class _Idle(Around):
    """Nothing."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def open(self) -> None:
        return None

    def shut(self, error: BaseException | None) -> None:
        return None


IDLE = _Idle(None)
Make = Callable[[Any, Any], Around]
"""What a call with these arguments runs in."""


def generating(function: Callable[..., Any], make: Make) -> Callable[..., Any]:
    """The generator function, run in what `make` gives; itself one, for those who ask."""

    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        around = make(args, kwargs)
        if around is IDLE:
            return (yield from function(*args, **kwargs))
        around.open()
        try:
            result = yield from _steps(function(*args, **kwargs), around)
        except BaseException as error:
            around.shut(error)
            raise
        around.end(result)
        around.shut(None)
        return result

    return run


def _steps(generator: Generator[Any, Any, Any], around: Around) -> Generator[Any, Any, Any]:
    step: Callable[[], Any] = generator.__next__
    while True:
        with around:
            try:
                item = step()
            except StopIteration as end:
                return end.value
        around.note(item)
        try:
            sent = yield item
        except GeneratorExit:
            with around:
                generator.close()
            raise
        except BaseException as error:
            step = functools.partial(generator.throw, error)
        else:
            step = functools.partial(generator.send, sent)


def async_generating(function: Callable[..., Any], make: Make) -> Callable[..., Any]:
    """The same for an async generator function."""

    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        around = make(args, kwargs)
        around.open()
        try:
            generator = function(*args, **kwargs)
            step: Callable[[], Any] = generator.__anext__
            while (item := await _next(step, around)) is not _END:
                try:
                    sent = yield item
                except GeneratorExit:
                    with around:
                        await generator.aclose()
                    raise
                except BaseException as error:
                    step = functools.partial(generator.athrow, error)
                else:
                    step = functools.partial(generator.asend, sent)
        except BaseException as error:
            around.shut(error)
            raise
        around.shut(None)

    return run


async def _next(step: Callable[[], Any], around: Around) -> Any:
    with around:
        try:
            item = await step()
        except StopAsyncIteration:
            return _END
    around.note(item)
    return item
