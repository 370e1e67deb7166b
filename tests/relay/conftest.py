"""Tests of the relay run in asyncio's own loop and in uvloop's; and again in forward mode, where that makes sense.

In forward mode a test has the intercepting proxy in the relay's place: its clients come through a tunnel, with TLS that
this installation's authority vouches for, and its scripted upstream speaks TLS. The test itself is the same. What makes
no sense there is listed, with the reason, in `reverse_only`.
"""

import asyncio
import inspect

import pytest
import uvloop
from forwarding import forwarding
from intercepting import make_origins
from reverse_only import reason

FORWARD = "forward"


def pytest_asyncio_loop_factories(config, item):
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_generate_tests(metafunc):
    if inspect.iscoroutinefunction(metafunc.function):
        metafunc.parametrize("mode", ["reverse", FORWARD], indirect=True)


def pytest_collection_modifyitems(config, items):
    left = [item for item in items if is_forward(item) and reason(item.path.name, item.originalname)]
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left)


def is_forward(item):
    callspec = getattr(item, "callspec", None)
    return callspec is not None and callspec.params.get("mode") == FORWARD


@pytest.fixture(scope="session")
def origins(tmp_path_factory):
    return make_origins(tmp_path_factory.mktemp("origins"))


@pytest.fixture(autouse=True)
def mode(request, tmp_path):
    """In which mode the test's relay runs."""
    asked = getattr(request, "param", "reverse")
    if asked == FORWARD:
        with forwarding(tmp_path, request.getfixturevalue("origins")):
            yield asked
    else:
        yield asked
