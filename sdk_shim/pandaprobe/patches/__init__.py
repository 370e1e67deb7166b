"""Other people's modules, each with the few lines that it needs to carry our context.

A library is patched when it is there already, or when somebody imports it; it is never imported from here. What a
version does not have is left alone. Each patch asks `stamp` per request sent, so a redirect elsewhere carries nothing.
"""

import functools
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from pandaprobe.carry import patch_executor, patch_process, patch_process_pool, patch_subprocess
from pandaprobe.context import log, tell_once
from pandaprobe.inject import SESSION_ALIAS, may_set, stamp
from pandaprobe.settings import Origin, current, to_origin

MARK = "_pandaprobe"


def _patch_method(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Replaces a method, once, by what `make` makes of it."""
    original = getattr(owner, name, None)
    if original is None or getattr(original, MARK, False):
        return
    replaced = functools.wraps(original)(make(original))
    setattr(replaced, MARK, True)
    setattr(owner, name, replaced)


def _quietly(stamp_one: Callable[..., None]) -> Callable[..., None]:
    """What we do to a request, never at its cost."""

    @functools.wraps(stamp_one)
    def stamping(*args: Any) -> None:
        try:
            stamp_one(*args)
        except Exception as error:
            tell_once(f"a call could not be told its session: {type(error).__name__}")

    return stamping


def patch_httpx(module: ModuleType) -> None:
    """httpx, and httpx2, its continuation: one hop of a request at a time."""

    def sync(original: Any) -> Any:
        def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            _stamp_httpx(self, request)
            return original(self, request, *args, **kwargs)

        return send

    def asynchronous(original: Any) -> Any:
        async def send(self: Any, request: Any, *args: Any, **kwargs: Any) -> Any:
            _stamp_httpx(self, request)
            return await original(self, request, *args, **kwargs)

        return send

    _patch_method(module.Client, "_send_single_request", sync)
    _patch_method(module.AsyncClient, "_send_single_request", asynchronous)


@_quietly
def _stamp_httpx(client: Any, request: Any) -> None:
    extensions = request.extensions
    for name in extensions.pop(MARK, ()) if isinstance(extensions, dict) else ():
        request.headers.pop(name, None)  # a redirect copies headers: what we put on the hop before goes first
    url = request.url
    headers = stamp(url.host, url.port or (443 if url.scheme == "https" else 80), _proxy_of(client, url))
    added = [(name, value) for name, value in headers if may_set(name, request.headers.get)]
    if added:
        for name in (*(name for name, _ in added), SESSION_ALIAS):
            request.headers.pop(name, None)  # the process's own, which may_set has let us replace
        request.headers = type(request.headers)([*request.headers.raw, *((n.encode(), v) for n, v in added)])
        if isinstance(extensions, dict):
            extensions[MARK] = [name for name, _ in added]


def _proxy_of(client: Any, url: Any) -> Origin | None:
    """The proxy that httpx takes for this URL."""
    if current().interceptor is None:
        return None
    proxy = getattr(getattr(client._transport_for_url(url), "_pool", None), "_proxy_url", None)
    return to_origin(proxy.host.decode(), proxy.port or 80) if proxy else None


def patch_http_client(module: ModuleType) -> None:
    """http.client, and so urllib, urllib3 and requests, which are built on it."""

    def make(original: Any) -> Any:
        def endheaders(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not getattr(self, MARK, False):
                _stamp_http_client(self)
            return original(self, *args, **kwargs)

        return endheaders

    _patch_method(module.HTTPConnection, "endheaders", make)


@_quietly
def _stamp_http_client(connection: Any) -> None:
    host, port, via = connection.host, connection.port, None
    if tunnel := getattr(connection, "_tunnel_host", None):
        via = to_origin(host, port)
        host, port = tunnel, connection._tunnel_port
    lines = [line.lower() for line in getattr(connection, "_buffer", ()) if isinstance(line, bytes)]
    given = {line.partition(b":")[0].decode("latin-1"): True for line in lines}
    for name, value in stamp(host, port, via):
        if may_set(name, lambda each: given.get(each.lower())):
            connection.putheader(name, value)


def patch_aiohttp(module: ModuleType) -> None:
    """aiohttp: each hop is a ClientRequest of its own."""

    def make(original: Any) -> Any:
        def init(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            proxy = getattr(self, "proxy", None)
            _stamp_mapping(self.headers, self.url, to_origin(proxy.host, proxy.port) if proxy else None)

        return init

    _patch_method(module.ClientRequest, "__init__", make)


@_quietly
def _stamp_mapping(headers: Any, url: Any, via: Origin | None = None) -> None:
    for name, value in stamp(url.host, url.port, via) if url else ():
        if may_set(name, headers.get):
            headers.pop(name, None)
            headers[name] = value.decode()


def patch_websockets(module: ModuleType) -> None:
    """websockets: the handshake of its clients, threaded and asyncio alike."""

    def make(original: Any) -> Any:
        def connect(self: Any, *args: Any, **kwargs: Any) -> Any:
            request = original(self, *args, **kwargs)
            uri = getattr(self, "uri", None) or getattr(self, "wsuri", None)
            _stamp_mapping(request.headers, uri)
            return request

        return connect

    _patch_method(module.ClientProtocol, "connect", make)


PATCHES: dict[str, Callable[[ModuleType], None]] = {
    "httpx": patch_httpx,
    "httpx2": patch_httpx,
    "http.client": patch_http_client,
    "aiohttp.client_reqrep": patch_aiohttp,
    "websockets.client": patch_websockets,
    "concurrent.futures.thread": patch_executor,
    "concurrent.futures.process": patch_process_pool,
    "multiprocessing.process": patch_process,
    "subprocess": patch_subprocess,
}


def _apply(name: str, module: ModuleType) -> None:
    try:
        PATCHES[name](module)
    except Exception as error:
        log.debug("%s is of a version that cannot carry the session header: %r", name, error)


class _Loader(importlib.abc.Loader):
    """Loads as the module's own loader does, then patches."""

    def __init__(self, name: str, loader: Any) -> None:
        self._name = name
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _apply(self._name, module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the few modules above through the other finders, to patch them once they are loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in PATCHES:
            return None
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)  # a finder of the old kind has none
            if finder is not self and find_spec is not None:
                spec: importlib.machinery.ModuleSpec | None = find_spec(fullname, path, target)
                if spec is not None and spec.loader is not None:
                    spec.loader = _Loader(fullname, spec.loader)
                    return spec
        return None


def install() -> None:
    """Patches what is imported, and what will be."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    for name in PATCHES:
        if name in sys.modules:
            _apply(name, sys.modules[name])
    sys.meta_path.insert(0, _Finder())
