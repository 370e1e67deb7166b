"""The viewer's files: one page for all its addresses, and modules under a name that changes when any of them does."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from pandaprobe_proxy.web.answers import missing
from pandaprobe_proxy.web.guard import STATIC

FOREVER = "public, max-age=31536000, immutable"
_ROOT = Path(__file__).with_name("static")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".toml": "text/plain"}


@dataclass(slots=True)
class Files:
    """All static files, read once."""

    root: Path = _ROOT
    files: dict[str, bytes] = field(default_factory=dict)
    small: dict[str, bytes] = field(default_factory=dict)
    """Of those that were asked for: compressed."""
    digest: str = ""

    def __post_init__(self) -> None:
        paths = sorted(path for path in self.root.rglob("*") if path.is_file())
        self.files = {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths}
        told = hashlib.sha256()
        for name, data in self.files.items():
            told.update(f"{name}\0{len(data)}\0".encode() + data)
        self.digest = told.hexdigest()[:16]

    @property
    def place(self) -> str:
        """Where they are served."""
        return f"{STATIC}{self.digest}"

    def page(self) -> bytes:
        return self.files["index.html"].replace(b"{static}", self.place.encode())

    def compress(self, name: str) -> bytes:
        if name not in self.small:
            self.small[name] = gzip.compress(self.files[name], mtime=0)
        return self.small[name]


def add_static(app: web.Application, files: Files) -> None:
    """Adds the pages and the files."""

    async def home(request: web.Request) -> web.Response:
        raise web.HTTPFound("/ui/")

    async def page(request: web.Request) -> web.Response:
        return web.Response(
            body=files.page(), content_type="text/html", charset="utf-8", headers={"Cache-Control": "no-store"}
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
