"""The viewer's files: one page for all its addresses, and modules under a name that changes when any of them does.

The page names all modules that its screen needs, so that they are fetched at once and not after each other. All styles
are one file.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from pandaprobe_proxy.web.answers import missing
from pandaprobe_proxy.web.guard import STATIC
from pandaprobe_proxy.web.modules import find_needed

FOREVER = "public, max-age=31536000, immutable"
_ROOT = Path(__file__).with_name("static")
STYLES = "style.css"
"""All styles, the later ones over the earlier."""
_SHEETS = ("tokens", "page", "parts", "sessions", "session", "call", "sums")
_SCREENS = {"calls": "call", "overview": "overview", "evaluations": "evaluations", "status": "status"}
"""The module of each place that has one screen; sessions have two."""
_PLAIN = "!~*'()"
"""What `encodeURIComponent` leaves as it is, beside what `quote` does."""
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".toml": "text/plain"}


@dataclass(slots=True)
class Files:
    """All static files, read once."""

    root: Path = _ROOT
    files: dict[str, bytes] = field(default_factory=dict)
    small: dict[str, bytes] = field(default_factory=dict)
    """Of those that were asked for: compressed."""
    needed: dict[str, list[str]] = field(default_factory=dict)
    """By screen that was asked for: the modules that it needs."""
    digest: str = ""

    def __post_init__(self) -> None:
        paths = sorted(path for path in self.root.rglob("*") if path.is_file())
        self.files = {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths}
        sheets = [*(f"app/style/{name}.css" for name in _SHEETS), "vendor/uplot.css"]
        self.files[STYLES] = b"".join(self.files[name] for name in sheets)
        told = hashlib.sha256()
        for name, data in self.files.items():
            told.update(f"{name}\0{len(data)}\0".encode() + data)
        self.digest = told.hexdigest()[:16]

    @property
    def place(self) -> str:
        """Where they are served."""
        return f"{STATIC}{self.digest}"

    def page(self, path: str, query: Container[str] = ()) -> bytes:
        """The page of the viewer at this path, below its root, and with these fields in its query."""
        screen = _screen(path)
        if screen not in self.needed:
            self.needed[screen] = find_needed(self.files, ["app/main.js", f"app/screens/{screen}.js"])
        links = [f'<link rel="preload" as="fetch" crossorigin href="{escape(one)}">' for one in _asked(path, query)]
        links += [f'<link rel="modulepreload" href="{self.place}/{name}">' for name in self.needed[screen]]
        page = self.files["index.html"].replace(b"{links}", "\n".join(links).encode())
        return page.replace(b"{static}", self.place.encode())

    def compress(self, name: str) -> bytes:
        if name not in self.small:
            self.small[name] = gzip.compress(self.files[name], mtime=0)
        return self.small[name]


def _screen(path: str) -> str:
    place, _, rest = path.partition("/")
    return _SCREENS.get(place) or ("session" if rest else "sessions")


def _asked(path: str, query: Container[str]) -> Iterator[str]:
    """What the screen at that path asks for first, as it writes it."""
    place, _, rest = path.partition("/")
    name = f"/{place}/{quote(rest, safe=_PLAIN)}"
    if place == "calls":
        yield name
    elif place == "sessions" and rest:
        yield f"{name}?traces=0"
        yield f"{name}/waterfall"
        if "call" not in query and "follow" not in query:
            yield f"{name}/conversation?limit=12"


def add_static(app: web.Application, files: Files) -> None:
    """Adds the pages and the files."""

    async def home(request: web.Request) -> web.Response:
        raise web.HTTPFound("/ui/")

    async def page(request: web.Request) -> web.Response:
        return web.Response(
            body=files.page(request.match_info.get("rest", ""), request.query),
            content_type="text/html",
            charset="utf-8",
            headers={"Cache-Control": "no-store"},
        )

    async def file(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in files.files or request.match_info["digest"] != files.digest:
            raise missing(f"file {name!r}")
        content_type = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        body = files.files[name]
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = files.compress(name)
        return web.Response(body=body, content_type=content_type, headers=headers)

    app.router.add_get("/", home)
    app.router.add_get(STATIC + "{digest}/{name:.+}", file)
    app.router.add_get("/ui", page)
    app.router.add_get("/ui/{rest:.*}", page)
