"""What the viewer's pages ask of everything together: the overview, evaluations, and the sidecar's state."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from pandaprobe_proxy.evaluate.compare import compare_all
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.filters import BadFilter, parse
from pandaprobe_proxy.store.judged import Choice, Judged
from pandaprobe_proxy.web.answers import Ask, tell, unfit
from pandaprobe_proxy.web.overview import DAY_NS, judging_json, sum_up
from pandaprobe_proxy.web.queries import read_terms

Json = Any
TASKS = "replicate_agreement"
"""The evaluator that says which task a session was of."""


class SumViews:
    """The endpoints."""

    def __init__(self, ask: Ask, now_ns: Callable[[], int], status: Callable[[], Json]) -> None:
        self._ask = ask
        self._now_ns = now_ns
        self._status = status

    async def overview(self, request: web.Request) -> web.Response:
        """Of the last seven days, or from `since` to `until` as a filter has them."""
        now_ns = self._now_ns()
        since_ns = _read_time(request, "since", now_ns) or now_ns - 7 * DAY_NS
        until_ns = _read_time(request, "until", now_ns) or now_ns
        if since_ns >= until_ns:
            raise unfit("since is before until.")
        if until_ns - since_ns > 366 * DAY_NS:
            raise unfit("an overview is of a year at most; give since and until.")
        terms = read_terms(request, now_ns)
        sampled = await self._ask(lambda reader: reader.sample(since_ns, until_ns, terms))
        return tell(sum_up(sampled, since_ns, until_ns))

    async def evaluations(self, request: web.Request) -> web.Response:
        judgings = await self._ask(lambda reader: reader.judgings())
        return tell({"evaluators": [judging_json(judging) for judging in judgings]})

    async def compare(self, request: web.Request) -> web.Response:
        """Sessions of `a` with those of `b`, each a filter, task by task."""
        choices = [_read_choice(request, name, self._now_ns()) for name in ("a", "b")]
        before, after = await self._ask(lambda reader: [reader.judged(choice) for choice in choices])
        found = await asyncio.to_thread(lambda: compare_all(read_values(before), read_values(after)))
        return tell({"items": [{**asdict(one), "differs": one.differs} for one in found]})

    async def status(self, request: web.Request) -> web.Response:
        """The loss numbers, and by what sessions are known; the latter is left out where the store does not answer."""
        value = await asyncio.to_thread(self._status)
        if not value:
            return tell({"detail": "The relay does not answer."}, 503)
        try:
            sources = await self._ask(lambda reader: dict(reader.sources()))
        except StoreError:
            return tell(value)
        return tell({**value, "session_sources": sources})


def add_sum_views(app: web.Application, views: SumViews) -> None:
    add = app.router.add_get
    add("/overview", views.overview)
    add("/evaluations", views.evaluations)
    add("/evaluations/compare", views.compare)
    add("/status", views.status)


def read_values(judged: Sequence[Judged]) -> dict[str, dict[str, list[float]]]:
    """By score and task. Judgements of what has changed since do not count."""
    tasks = {one.session_id: one.judgement.counts.get("task_id") for one in judged if one.judgement.name == TASKS}
    values: dict[str, dict[str, list[float]]] = {}
    for one in judged:
        task, value = tasks.get(one.session_id), one.judgement.value
        if task and value is not None and not one.stale:
            values.setdefault(one.judgement.name, {}).setdefault(task, []).append(value)
    return values


def _read_time(request: web.Request, name: str, now_ns: int) -> int | None:
    text = request.query.get(name)
    if not text:
        return None
    try:
        (term,) = parse(f'{name}:"{text}"', now_ns)
    except (BadFilter, ValueError) as error:
        raise unfit(str(error)) from error
    return int(term.value)


def _read_choice(request: web.Request, name: str, now_ns: int) -> Choice:
    try:
        terms = parse(request.query.get(name, ""), now_ns)
    except BadFilter as error:
        raise unfit(f"{name}: {error}") from error
    if not terms:
        raise unfit(f"{name} is a filter, such as tag:prod.")
    return Choice(terms=terms)
