"""Posting: in the background, bounded, patient, gone in two seconds, and never in the app's way."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from sidecar import free_port


def ids(sink):
    return [post["trace_id"] for post in sink.posts("/traces")]


def test_a_finished_trace_is_posted_with_its_headers(shim, sink):
    with shim.start_trace("work") as trace:
        pass
    assert shim.flush(5)
    assert ids(sink) == [trace.trace_id]
    (_, headers, _) = sink.got[0]
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("pandaprobe-shim/")


def test_traces_are_posted_in_their_order(shim, sink):
    traces = []
    for _ in range(50):
        with shim.start_trace("work") as trace:
            traces.append(trace.trace_id)
    assert shim.flush(5)
    assert ids(sink) == traces


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_cannot_be_taken_now_is_tried_again(shim, sink, status):
    sink.statuses = [status]
    with shim.start_trace("work"):
        pass
    assert shim.flush(10)
    assert len(ids(sink)) == 2


def test_traces_that_come_meanwhile_do_not_use_up_its_patience(shim, sink):
    sink.statuses = [503] * 3
    started = time.monotonic()
    while len(sink.got) < 4 and time.monotonic() - started < 10:
        with shim.start_trace("work"):
            time.sleep(0.02)
    assert time.monotonic() - started > 3


@pytest.mark.parametrize("status", [400, 401, 413, 422])
def test_what_is_refused_is_not_tried_again_and_the_next_is_taken(shim, sink, status):
    sink.statuses = [status]
    for _ in range(2):
        with shim.start_trace("work"):
            pass
    assert shim.flush(5)
    assert len(ids(sink)) == 2


def test_the_app_never_waits_for_a_slow_sidecar(shim, sink):
    sink.pause_s = 0.5
    started = time.monotonic()
    for _ in range(20):
        with shim.start_trace("work"):
            pass
    assert time.monotonic() - started < 0.4
    assert shim.flush(0.05) is False
    sink.pause_s = 0
    assert shim.flush(10)


def test_a_queue_that_is_full_drops_its_oldest(sink, shim):
    from pandaprobe.transport import transport

    shim.init(proxy=sink.url, endpoint=sink.url, max_queue_size=5)
    sink.pause_s = 0.3
    before = transport.dropped
    with shim.start_trace("first") as first:
        pass
    sink.wait(0)
    time.sleep(0.1)
    made = []
    for _ in range(20):
        with shim.start_trace("work") as trace:
            made.append(trace.trace_id)
    sink.pause_s = 0
    assert shim.flush(10)
    assert ids(sink) == [first.trace_id, *made[-5:]]
    assert transport.dropped - before == 15


def run(code, **env):
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **env}, capture_output=True, text=True)
    return done, time.monotonic() - started


WORK = """
import pandaprobe
with pandaprobe.start_trace("last words", session_id="s"):
    pass
"""


def test_at_exit_the_last_trace_is_delivered(sink):
    done, _ = run(WORK, PANDAPROBE_ENDPOINT=sink.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert [post["name"] for post in sink.posts("/traces")] == ["last words"]


def test_exit_is_not_delayed_by_a_sidecar_that_is_gone():
    done, took_s = run(WORK, PANDAPROBE_ENDPOINT=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 0
    assert took_s < 3.5


def test_exit_is_not_delayed_by_a_sidecar_that_hangs():
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        done, took_s = run(WORK, PANDAPROBE_ENDPOINT=f"http://127.0.0.1:{hanging.getsockname()[1]}")
    assert done.returncode == 0
    assert took_s < 3.5


def test_a_forked_child_posts_its_own_and_nothing_twice(sink):
    code = """
import os, pandaprobe
with pandaprobe.start_trace("parent"):
    pass
pandaprobe.flush(5)
pid = os.fork()
with pandaprobe.start_trace("child" if pid == 0 else "parent again"):
    pass
pandaprobe.flush(5)
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
"""
    done, _ = run(code, PANDAPROBE_ENDPOINT=sink.url)
    assert done.returncode == 0, done.stderr
    assert sorted(post["name"] for post in sink.posts("/traces")) == ["child", "parent", "parent again"]


WORKER = """
import multiprocessing, pandaprobe

def work():
    with pandaprobe.start_trace("worker"):
        pass

with pandaprobe.session("s"):
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
"""


def test_a_worker_of_multiprocessing_delivers_its_last_trace(sink):
    done, _ = run(WORKER, PANDAPROBE_ENDPOINT=sink.url)
    assert done.returncode == 0, done.stderr
    assert [(post["name"], post["session_id"]) for post in sink.posts("/traces")] == [("worker", "s")]


def test_a_shutdown_and_the_exit_after_it_take_two_seconds_together():
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        done, took_s = run(f"{WORK}\npandaprobe.shutdown()", PANDAPROBE_ENDPOINT=url)
    assert done.returncode == 0
    assert took_s < 3.5


def test_after_shutdown_nothing_is_taken_until_init(shim, sink):
    shim.shutdown()
    with shim.start_trace("late"):
        pass
    assert sink.got == []
    shim.init(proxy=sink.url, endpoint=sink.url)
    with shim.start_trace("again"):
        pass
    assert shim.flush(5)
    assert [json.loads(body)["name"] for _, _, body in sink.got] == ["again"]


def test_posts_carry_no_session_header_of_their_own(shim, sink):
    with shim.session("s"), shim.start_trace("work"):
        pass
    assert shim.flush(5)
    assert sink.headers("X-PandaProbe-Session") == [None]
