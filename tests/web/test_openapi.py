"""The document tells of each route that there is, and answers are what it says."""

import re

import jsonschema
import pytest
from openapi_spec_validator import validate
from pandaprobe_proxy.ingest.pandaprobe import ROUTES
from pandaprobe_proxy.web.openapi import ASKINGS, write_document
from web_sidecar import get

DOCUMENT = write_document()
UNTOLD = {"/", "/ui", "/ui/{rest}", "/ui/static/{digest}/{name}", "/livez", "/readyz", "/metrics", "/openapi.json"}
"""Pages and probes; what SDKs post is told by theirs."""


def test_it_is_an_openapi_document():
    validate(DOCUMENT)


async def test_it_tells_of_each_route_and_of_no_other(web):
    posted = {(route.method.lower(), route.path) for route in ROUTES}
    there = {
        (route.method.lower(), re.sub(r"{(\w+):[^}]+}", r"{\1}", route.resource.canonical))
        for route in web.server.app.router.routes()
        if route.method != "HEAD"
    }
    told = {(asking.method, asking.path) for asking in ASKINGS}
    assert told == {(method, path) for method, path in there - posted if path not in UNTOLD}


@pytest.mark.parametrize("asking", [one for one in ASKINGS if one.method == "get" and one.media.endswith("json")],
                         ids=lambda one: one.path)  # fmt: skip
async def test_an_answer_is_what_the_document_says(web, agent, asking):
    query = {"q": "umbrella", "a": "tag:x", "b": "tag:y"}
    asked = {name: query[name] for name in (part.partition(":")[0] for part in asking.query.split()) if name in query}
    path = asking.path.format(session_id="s", call_id=agent[1], trace_id=agent[1])
    answer = await get(web, path, **asked)
    content = DOCUMENT["paths"][asking.path]["get"]["responses"]["200"]["content"]
    schema = {**content["application/json"]["schema"], "components": DOCUMENT["components"]}
    jsonschema.validate(answer, schema)
    if asking.many:
        assert answer["items"] or asking.many in ("Change", "Score")


async def test_it_is_served(web):
    assert (await get(web, "/openapi.json"))["openapi"] == "3.1.0"
