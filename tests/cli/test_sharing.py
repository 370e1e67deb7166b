"""One sidecar for many commands, as values of this process."""

from pathlib import Path

from pandaprobe_proxy import app
from pandaprobe_proxy.cli.sharing import hold
from pandaprobe_proxy.settings import Settings
from sidecar import sidecar


def running(settings):
    return app.ask(settings, {"ask": "status"})


def test_the_last_to_let_go_ends_what_the_first_started(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", port=0, web_port=0)
    first, second = hold(settings), hold(settings)
    assert first.running["pid"] == second.running["pid"]
    second.let_go()
    assert running(settings)["pid"] == first.running["pid"]
    first.let_go()
    assert running(settings) is None


def test_a_sidecar_that_somebody_else_started_is_left_running(tmp_path):
    with sidecar(tmp_path / "data", "http://127.0.0.1:9/v1") as recording:
        settings = Settings(data_dir=Path(recording.directory))
        hold(settings).let_go()
        assert running(settings)["pid"] == recording.process.pid


def test_after_the_last_the_next_starts_another(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", port=0, web_port=0)
    first = hold(settings)
    first.let_go()
    second = hold(settings)
    assert second.running["pid"] != first.running["pid"]
    second.let_go()
