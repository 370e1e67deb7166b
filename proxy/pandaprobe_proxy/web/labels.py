"""`GET /scores`: what people and programs have given. `POST /calibrations`: keeps what labels say of evaluators.

What is posted to `/scores` is the matter of `ingest.labels`.
"""

import msgspec
from aiohttp import web

from pandaprobe_proxy.evaluate.labels import stand
from pandaprobe_proxy.store.base import Writer
from pandaprobe_proxy.store.labels import Calibrations, Sought
from pandaprobe_proxy.store.shapes import items_json, score_json
from pandaprobe_proxy.web.answers import Ask, read_json, tell, unfit
from pandaprobe_proxy.web.queries import read_limit
from pandaprobe_proxy.web.sidecar import Submit

NAMES = ("session_id", "trace_id", "span_id", "name", "author")


def add_labels(app: web.Application, ask: Ask, submit: Submit) -> None:
    """Adds both. Scores are the newest, oldest first; with `history=true` also those for which a later one stands."""

    async def scores(request: web.Request) -> web.Response:
        limit, sought = read_limit(request), Sought(**{name: request.query.get(name) for name in NAMES})
        found = await ask(lambda reader: reader.labels(sought, limit))
        told = found if request.query.get("history") == "true" else stand(found)
        return tell(items_json([score_json(score) for score in told], limit))

    async def calibrations(request: web.Request) -> web.Response:
        try:
            found = msgspec.convert(await read_json(request), Calibrations)
        except msgspec.ValidationError as error:
            raise unfit(f"These are no calibrations: {error}.") from error

        def keep(writer: Writer) -> int:
            for one in found.calibrated:
                writer.put_calibrated(one)
            return len(found.calibrated)

        return tell({"kept": await submit(keep)})

    app.router.add_get("/scores", scores)
    app.router.add_post("/calibrations", calibrations)
