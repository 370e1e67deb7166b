"""The shim with a sink for its sidecar, and nothing left behind."""

import pandaprobe
import pytest
from pandaprobe import context, settings
from sink import run_sink


@pytest.fixture
def sink():
    with run_sink() as sink:
        yield sink


@pytest.fixture
def shim(sink):
    """The shim, its relay and its web port both being the sink."""
    before = settings.current()
    pandaprobe.init(proxy=sink.url, endpoint=sink.url)
    yield pandaprobe
    pandaprobe.flush(5)
    settings.use(before)
    context.restore(context.NOTHING)


@pytest.fixture
def alone():
    """The shim with no sidecar in sight."""
    before = settings.current()
    settings.use(settings.Settings(frozenset(), ""))
    yield pandaprobe
    settings.use(before)
    context.restore(context.NOTHING)
