"""What the viewer's pages ask of sessions: lists, one session's course, its conversation, its tools and judgements."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from pandaprobe_proxy.sessions.steps import fold
from pandaprobe_proxy.sessions.tools import find_uses
from pandaprobe_proxy.sessions.tree import Node, NodeKind, grow
from pandaprobe_proxy.store.base import Reader
from pandaprobe_proxy.store.judged import Choice
from pandaprobe_proxy.store.shapes import (
    addition_json,
    change_json,
    hit_json,
    iso,
    items_json,
    judged_json,
    node_json,
    score_json,
    session_json,
    to_steps,
    tool_json,
    trace_json,
)
from pandaprobe_proxy.store.views import Page, SessionLine, Waterfall
from pandaprobe_proxy.web.answers import Ask, missing, tell
from pandaprobe_proxy.web.queries import (
    SESSION,
    read_cursor,
    read_limit,
    read_session_id,
    read_sort,
    read_state,
    read_terms,
    write_cursor,
)

Json = Any
MOST_CALLS = 500
"""Of a session, so many are read for its tree and its tools: each is decoded."""
MOST_READ = 50
"""Calls of one piece of a conversation."""


class SessionViews:
    """The endpoints."""

    def __init__(self, ask: Ask, now_ns: Callable[[], int]) -> None:
        self._ask = ask
        self._now_ns = now_ns

    async def sessions(self, request: web.Request) -> web.Response:
        limit, sort = read_limit(request), read_sort(request)
        terms, after = read_terms(request, self._now_ns()), read_cursor(request)
        if "user_id" in request.query or "state" in request.query:
            user, state = request.query.get("user_id"), read_state(request)
            rows = await self._ask(lambda reader: reader.sessions(limit, user_id=user, state=state))
            return tell(items_json([session_json(row) for row in rows], limit))
        page = await self._ask(lambda reader: reader.list_sessions(terms, sort, limit, after))
        return tell(page_json(page, [line_json(line) for line in page.items], limit))

    async def session(self, request: web.Request) -> web.Response:
        """With all its traces, or without them, as the query's `traces=0` says."""
        session_id, whole = request.match_info["session_id"], request.query.get("traces") != "0"
        row, traces = await self._ask(
            lambda reader: (reader.session(session_id), reader.traces(session_id) if whole else [])
        )
        if row is None:
            raise missing(f"session {session_id!r}")
        return tell({**session_json(row), **({"traces": [trace_json(trace) for trace in traces]} if whole else {})})

    async def waterfall(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        course = await self._ask(lambda reader: reader.waterfall(session_id))
        if course is None:
            raise missing(f"session {session_id!r}")
        return tell(waterfall_json(session_id, course))

    async def conversation(self, request: web.Request) -> web.Response:
        """From the call that `from` or `cursor` names, or from the beginning."""
        session_id, limit = request.match_info["session_id"], min(read_limit(request), MOST_READ)
        place = request.query.get("cursor") or request.query.get("from")
        piece = await self._ask(lambda reader: reader.tell_from(session_id, place, limit))
        items = [addition_json(addition) for addition in piece.additions]
        return tell({**items_json(items, limit), "next": piece.next, "previous": piece.previous})

    async def tree(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        tree = await self._ask(lambda reader: read_tree(reader, session_id))
        if tree is None:
            raise missing(f"session {session_id!r}")
        return tell(tree)

    async def tools(self, request: web.Request) -> web.Response:
        session_id = request.match_info["session_id"]
        calls = await self._ask(lambda reader: reader.conversation(session_id, MOST_CALLS))
        uses = find_uses(fold(to_steps(calls)))
        return tell({**items_json([tool_json(use) for use in uses], MOST_CALLS), "read_calls": len(calls)})

    async def scores(self, request: web.Request) -> web.Response:
        """What evaluators have said last, with evidence; and what people and programs gave it, as `given`."""
        session_id = request.match_info["session_id"]
        return tell(await self._ask(lambda reader: read_scores(reader, session_id)))

    async def changes(self, request: web.Request) -> web.Response:
        session_id, limit = read_session_id(request), read_limit(request)
        told = await self._ask(lambda reader: reader.changes(limit, None, session_id))
        return tell(items_json([change_json(one) for one in told], limit))

    async def neighbours(self, request: web.Request) -> web.Response:
        session_id, sort = request.match_info["session_id"], read_sort(request)
        terms = read_terms(request, self._now_ns())
        beside = await self._ask(lambda reader: reader.beside_session(session_id, terms, sort))
        return tell(msgspec.to_builtins(beside))

    async def search(self, request: web.Request) -> web.Response:
        query, limit = request.query.get("q", ""), read_limit(request)
        hits = await self._ask(lambda reader: reader.search(query, limit))
        return tell(items_json([hit_json(hit) for hit in hits], limit))


def add_session_views(app: web.Application, views: SessionViews) -> None:
    add = app.router.add_get
    add("/sessions", views.sessions)
    add(SESSION, views.session)
    for name in ("waterfall", "conversation", "tree", "tools", "scores", "changes", "neighbours"):
        add(f"{SESSION}/{name}", getattr(views, name))
    add("/search", views.search)


def page_json(page: Page[Any], items: list[Json], limit: int) -> Json:
    return {**items_json(items, limit), "next": write_cursor(page.next)}


def line_json(line: SessionLine) -> Json:
    row = session_json(line.row)
    return {
        **row,
        "duration_ms": row["total_latency_ms"],
        "last_output": line.last_output,
        "latencies_ms": list(line.latencies_ms),
        "scores": dict(line.scores),
        "cached_tokens": line.cached_tokens,
    }


def waterfall_json(session_id: str, course: Waterfall) -> Json:
    return {"session_id": session_id, "started_at": iso(course.started_ns), "columns": course.columns, **course.names}


def read_scores(reader: Reader, session_id: str) -> Json:
    judged, scores = reader.judged(Choice(session_id)), reader.scores(session_id=session_id)
    names = {f"{session_id}/{one.judgement.name}" for one in judged}
    given = [score_json(score) for score in scores if score.score_id not in names]
    return {**items_json([judged_json(one) for one in judged], len(judged)), "given": given}


def read_tree(reader: Reader, session_id: str) -> Json:
    """The tree of a session; those that it began are leaves, each with a tree of its own."""
    row = reader.session(session_id)
    if row is None:
        return None
    calls = reader.conversation(session_id, MOST_CALLS)
    begun: dict[str | None, list[Node]] = {}
    for child in reader.children(session_id):
        begun.setdefault(child.parent_call, []).append(Node(NodeKind.SESSION, child.session_id))
    root = grow(session_id, to_steps(calls), begun)
    return {**node_json(root), "read_calls": len(calls), "left_off": max(row.calls - len(calls), 0)}
