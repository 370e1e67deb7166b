"""What the processes of the sidecar load, and what not."""

import subprocess
import sys

import pytest

UNUSED_BY_THE_RELAY = (
    "aiohttp",
    "genai_prices",
    "http.client",
    "pandaprobe_proxy.dialects",
    "pandaprobe_proxy.evaluate",
    "pandaprobe_proxy.store",
    "pcre2",
    "sqlite3",
    "zstandard",
)


def load(code):
    done = subprocess.run([sys.executable, "-c", f"import sys; {code}"], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("process", ["sidecar", "record"])
def test_logs_bring_no_rich_and_who_wants_it_gets_it(process):
    code = f"import pandaprobe_proxy.app.{process}; assert 'rich' not in sys.modules; import rich.text; print('fine')"
    assert load(code) == ["fine"]


def test_a_rich_that_is_there_already_stays():
    assert load("import rich; import pandaprobe_proxy.app; print(sys.modules['rich'] is rich)") == ["True"]


def test_the_relay_loads_nothing_that_only_the_recorder_needs():
    loaded = load("import pandaprobe_proxy.app.sidecar; print(*sys.modules)")
    assert "pandaprobe_proxy.relay.server" in loaded
    assert not set(UNUSED_BY_THE_RELAY) & set(loaded)


def test_the_recorder_loads_no_server_before_somebody_asks():
    loaded = load("import pandaprobe_proxy.app.record; print(*sys.modules)")
    assert "pandaprobe_proxy.capture.recorder" in loaded and "aiohttp" not in loaded
