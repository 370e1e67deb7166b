"""How the web port answers: JSON, errors of one sentence, and questions to the store off the loop."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from pandaprobe_proxy.store.base import Reader

T = TypeVar("T")
Json = Any


class Ask:
    """Asks a reader, off the loop. Readers are read-only, and each question gets its own."""

    def __init__(self, open_reader: Callable[[], Reader]) -> None:
        self._open = open_reader

    async def __call__(self, question: Callable[[Reader], T]) -> T:
        return await asyncio.to_thread(self._ask, question)

    def _ask(self, question: Callable[[Reader], T]) -> T:
        reader = self._open()
        try:
            return question(reader)
        finally:
            reader.close()


def tell(value: Json, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON document."""
    body = msgspec.json.encode(value, enc_hook=str)
    return web.Response(body=body, status=status, headers=headers, content_type="application/json", charset="utf-8")


def tell_text(text: str) -> web.Response:
    """Text as text: never as markup, whatever it says."""
    return web.Response(text=text, content_type="text/plain")


def missing(what: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(reason=one_line(f"There is no {what}."))


def unfit(why: str) -> web.HTTPUnprocessableEntity:
    return web.HTTPUnprocessableEntity(reason=one_line(why))


def one_line(text: str) -> str:
    """A sentence as a reason may be: aiohttp refuses line ends there."""
    return " ".join(text.split())[:200]


async def read_json(request: web.Request) -> Json:
    try:
        return msgspec.json.decode(await request.read())
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise web.HTTPBadRequest(reason="The body is not JSON; send one JSON document.") from error
