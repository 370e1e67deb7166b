"""A session as one file: the viewer's page with its modules and styles inlined, and the answers that it would ask for.

The modules are those that are served, each as a `data:` URL that an import map names, so the file needs no server and
no network. What it holds is what the API tells, so secrets were taken out before it was stored. Captured text is data:
it stands in a JSON block in which no tag can end, and the file's own policy allows no script but these.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.filters import Term
from pandaprobe_proxy.store.shapes import addition_json, call_json, items_json, session_json, stored_call_json
from pandaprobe_proxy.web.answers import Ask, missing
from pandaprobe_proxy.web.call_views import chunks_json, read_diff
from pandaprobe_proxy.web.modules import rename_imports
from pandaprobe_proxy.web.queries import SESSION
from pandaprobe_proxy.web.session_views import read_scores, read_tree, waterfall_json
from pandaprobe_proxy.web.static import STYLES, Files

Json = Any
MOST_CALLS = 500
MOST_BYTES = 32 * 1024 * 1024
"""Calls that are more than this together are left out, the last first; the session's own page is always there."""
_START = (
    'if (!location.hash) history.replaceState(null, "", "#" + document.getElementById("answers").dataset.place);\n'
    'import("pandaprobe/app/main.js");'
)
_POLICY = (
    "default-src 'none'; script-src data: {hash}; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; require-trusted-types-for 'script'; trusted-types markdown dompurify"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<script src="{theme}"></script>
<style>{styles}</style>
<script type="importmap">{imports}</script>
<script type="application/json" id="answers" data-place="{place}">{answers}</script>
</head>
<body><div id="app"></div><script type="module" src="{main}"></script></body>
</html>
"""


def add_export(app: web.Application, ask: Ask, files: Files) -> None:
    async def export(request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        answers = await ask(lambda reader: gather(reader, session_id))
        if answers is None:
            raise missing(f"session {session_id!r}")
        headers = {"Content-Disposition": 'attachment; filename="session.html"'}
        body = pack(answers, files.files, session_id)
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    app.router.add_get(f"{SESSION}/export.html", export)


def gather(reader: Reader, session_id: str) -> dict[str, Json] | None:
    """What the viewer asks of a session and its calls, by path; None if there is no such session."""
    row, course = reader.session(session_id), reader.waterfall(session_id)
    if row is None or course is None:
        return None
    place = f"/sessions/{_encode(session_id)}"
    piece = reader.tell_from(session_id, None, MOST_CALLS)
    failed = reader.list_calls((Term("status", ":", "failed"),), session_id, MOST_CALLS)
    answers: dict[str, Json] = {
        place: {**session_json(row), "traces": []},
        f"{place}/waterfall": waterfall_json(session_id, course),
        f"{place}/conversation": items_json([addition_json(one) for one in piece.additions], MOST_CALLS),
        f"{place}/tree": read_tree(reader, session_id),
        f"{place}/scores": read_scores(reader, session_id),
        f"{place}/neighbours": {"previous": None, "next": None},
        "/calls": items_json([call_json(one) for one in failed.items], MOST_CALLS),
    }
    room = MOST_BYTES
    for call_id in course.columns["call_id"][:MOST_CALLS]:
        told = dict(_tell_call(reader, call_id))
        room -= len(msgspec.json.encode(told, enc_hook=str))
        if room < 0:
            break
        answers |= told
    return answers


def _tell_call(reader: Reader, call_id: str) -> Iterator[tuple[str, Json]]:
    stored, place = reader.call(call_id), f"/calls/{_encode(call_id)}"
    if stored is not None:
        yield place, stored_call_json(stored)
        yield f"{place}/diff", read_diff(reader, call_id)
        yield f"{place}/chunks", chunks_json(stored)
        yield f"{place}/neighbours", msgspec.to_builtins(reader.beside_call(call_id))


def pack(answers: Mapping[str, Json], files: Mapping[str, bytes], session_id: str) -> bytes:
    """The file. `files` are the static ones by name."""
    scripts = {name: data.decode() for name, data in files.items() if name.endswith(".js")}
    named = {f"pandaprobe/{name}": rename_imports(name, text, "pandaprobe/") for name, text in scripts.items()}
    imports = {name: _data_url(text) for name, text in named.items()}
    table = msgspec.json.encode({"imports": imports}).decode()
    digest = base64.b64encode(hashlib.sha256(table.encode()).digest()).decode()
    return _PAGE.format(
        policy=escape(_POLICY.format(hash=f"'sha256-{digest}'")),
        title=escape(f"{session_id} – PandaProbe"),
        theme=_data_url(scripts["app/theme.js"]),
        styles=files[STYLES].decode().replace("</", "<\\/"),
        imports=table,
        answers=_write_data(answers),
        place=escape(f"/sessions/{_encode(session_id)}"),
        main=_data_url(_START),
    ).encode()


def _data_url(text: str) -> str:
    return f"data:text/javascript;base64,{base64.b64encode(text.encode()).decode()}"


def _write_data(value: Json) -> str:
    """JSON in which no tag can begin or end."""
    return msgspec.json.encode(value, enc_hook=str).decode().replace("<", "\\u003c")


def _encode(text: str) -> str:
    """As the browser's encodeURIComponent does it."""
    return quote(text, safe="-_.!~*'()")
