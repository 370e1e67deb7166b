"""The running sidecar's own socket."""

import asyncio
import socket
import stat
import threading
from contextlib import contextmanager

import pytest
from pandaprobe_proxy.app.control import add_upstream, ask, listen, socket_path, start_intercepting
from pandaprobe_proxy.settings import Settings


@contextmanager
def answering(settings, reply):
    """A control socket in a thread of its own, for the block."""
    loop, started, done = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve():
        server = await listen(settings, reply)
        started.set()
        await done.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait(5)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join()
        loop.close()


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path)


def test_a_question_is_answered(settings):
    with answering(settings, lambda question: {"asked": question["ask"]}):
        assert ask(settings, {"ask": "status"}) == {"asked": "status"}


def test_only_its_owner_may_ask(settings):
    with answering(settings, dict):
        assert stat.S_IMODE(socket_path(settings).stat().st_mode) == 0o600


def test_nobody_there_is_none(settings):
    assert ask(settings, {"ask": "status"}) is None
    assert add_upstream(settings, "a", "http://a") == "no sidecar answers on this data directory"
    assert start_intercepting(settings) == {"error": "no sidecar answers on this data directory"}


def test_a_socket_that_somebody_left_behind_is_replaced(settings):
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_path(settings)))
    assert ask(settings, {"ask": "status"}) is None
    with answering(settings, lambda question: {}):
        assert ask(settings, {"ask": "status"}) == {}


def test_why_an_upstream_was_refused_is_told(settings):
    with answering(settings, lambda question: {"error": f"no {question['name']}"}):
        assert add_upstream(settings, "a", "http://a") == "no a"


@pytest.mark.parametrize("line", [b"nonsense\n", b"[]\n", b"\n", b""])
def test_what_is_no_question_harms_nobody(settings, line):
    with answering(settings, lambda question: {}), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(socket_path(settings)))
        client.sendall(line)
        client.shutdown(socket.SHUT_WR)
        client.recv(1000)
        assert ask(settings, {"ask": "status"}) == {}


def test_a_path_that_is_too_long_for_a_socket_has_a_short_one(tmp_path):
    settings = Settings(data_dir=tmp_path / ("d" * 150))
    assert len(str(socket_path(settings))) < 100
    settings.data_dir.mkdir()
    with answering(settings, lambda question: {}):
        assert ask(settings, {"ask": "status"}) == {}
