"""Which hooks settings make, and which cannot be."""

import pytest
from pandaprobe_proxy.app.hook_command import CommandHook
from pandaprobe_proxy.app.hook_targets import check_hooks, make_hooks
from pandaprobe_proxy.app.webhook import Webhook
from pandaprobe_proxy.settings import Settings

OWN = [("127.0.0.1", 4100), ("127.0.0.1", 4101)]


def test_a_url_is_posted_to_and_anything_else_is_run_each_once():
    settings = Settings(session_hooks=("judge --fast", "https://a.example/x", "judge --fast"))
    hooks = make_hooks(settings, {})
    assert [type(hook) for hook in hooks] == [CommandHook, Webhook]
    check_hooks(settings, OWN)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4100/v1",
        "http://localhost:4101/x",
        "http://[::1]:4100/",
        "http://0.0.0.0:4100/",
        "http://a.localhost:4100/",
    ],
)
def test_the_sidecar_itself_is_none(url):
    with pytest.raises(ValueError, match="is the sidecar itself"):
        check_hooks(Settings(session_hooks=(url,)), OWN)


@pytest.mark.parametrize("url", ["http://127.0.0.1:4200/", "http://other.example:4100/", "https://localhost/"])
def test_another_port_or_machine_is_one(url):
    check_hooks(Settings(session_hooks=(url,)), OWN)


def test_a_secret_comes_from_a_file_that_must_be_there_and_hold_one(tmp_path):
    path = tmp_path / "secret"
    settings = Settings(session_hooks=("https://a.example",), session_hook_secret_file=path)
    with pytest.raises(ValueError, match="cannot be read"):
        check_hooks(settings, OWN)
    path.write_text("\n")
    with pytest.raises(ValueError, match="is empty"):
        check_hooks(settings, OWN)
    path.write_text("s3cret\n")
    check_hooks(settings, OWN)
    assert make_hooks(settings, {})[0]._secret == b"s3cret"
