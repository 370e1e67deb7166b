"""The context in threads, pools and subprocesses."""

import asyncio
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from pandaprobe import session, set_session, user
from pandaprobe.carry import environment
from pandaprobe.context import current_session, current_user, outer_session


@pytest.fixture(autouse=True)
def nothing_left(alone):
    return


def in_thread(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_goes_on_with_its_starters_session():
    with session("a"):
        assert in_thread(current_session) == "a"
    set_session("b")
    assert in_thread(current_session) == "b"


def test_a_subclass_of_thread_does_too():
    class Work(threading.Thread):
        def run(self):
            self.found = current_session()

    work = Work()
    with session("a"):
        work.start()
    work.join()
    assert work.found == "a"


def test_a_pool_works_in_its_submitters_session_and_leaves_none_behind():
    with ThreadPoolExecutor(1) as pool:
        with session("a"), user("u"):
            first = pool.submit(lambda: (current_session(), current_user()))
        with session("b"):
            second = pool.submit(current_session)
        third = pool.submit(current_session)
        mapped = list(pool.map(lambda _: current_session(), range(2)))
    assert (first.result(), second.result(), third.result(), mapped) == (("a", "u"), "b", None, [None, None])


def test_to_thread_and_run_in_executor_do_too():
    async def use():
        with session("a"):
            loop = asyncio.get_running_loop()
            return await asyncio.to_thread(current_session), await loop.run_in_executor(None, current_session)

    assert asyncio.run(use()) == ("a", "a")


def test_a_task_of_a_pool_changes_nothing_for_the_next():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(set_session, "left behind").result()
        assert pool.submit(current_session).result() is None


SHOW = "import pandaprobe.context as c; print(c.current_session(), c.current_user())"


@pytest.mark.parametrize("env", [None, {**os.environ}])
def test_a_subprocess_goes_on_with_it(env):
    with session("a"), user("u"):
        done = subprocess.run([sys.executable, "-c", SHOW], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "a u\n"


def test_a_subprocess_that_is_told_otherwise_obeys():
    env = {**os.environ, "PANDAPROBE_SESSION": "other"}
    with session("a"):
        done = subprocess.run([sys.executable, "-c", SHOW], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "other None\n"


def test_a_copy_of_our_own_environment_tells_a_subprocess_nothing_otherwise(monkeypatch):
    monkeypatch.setenv("PANDAPROBE_SESSION", "of the process")
    with session("a"):
        env = {**os.environ}
        done = subprocess.run([sys.executable, "-c", SHOW], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "a None\n"


def test_an_empty_environment_loses_no_session_of_the_process(monkeypatch):
    monkeypatch.setenv("PANDAPROBE_SESSION", "a")
    with session("a"):
        env = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        done = subprocess.run([sys.executable, "-c", SHOW], env=env, capture_output=True, text=True, check=True)
    assert done.stdout == "a None\n"


def test_asyncio_subprocesses_do_too():
    async def use():
        with session("a"):
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", SHOW, stdout=subprocess.PIPE)
            return (await process.communicate())[0]

    assert asyncio.run(use()) == b"a None\n"


def test_without_a_session_the_environment_of_a_child_is_untouched():
    assert environment() == {}


SHOW_BOTH = "import pandaprobe.context as c; print(c.current_session(), c.outer_session())"


def show(env=None, code=SHOW_BOTH):
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_subprocess_knows_the_session_around_its_own():
    with session("a"), session("b"):
        assert show() == "b a"
        assert show({**os.environ, "PANDAPROBE_SESSION": "other"}) == "other None"
    with session("a"):
        assert show() == "a None"


def test_a_subprocess_of_a_subprocess_is_told_no_parent_of_another_session(monkeypatch):
    monkeypatch.setenv("PANDAPROBE_PARENT_SESSION", "of the process's own session")
    with session("a"):
        assert show() == "a None"
        assert show({**os.environ}) == "a None"


def test_what_a_child_sets_or_enters_has_no_parent_from_outside(monkeypatch):
    code = "import pandaprobe.context as c, pandaprobe as p; {}; print(c.current_session(), c.outer_session())"
    monkeypatch.setenv("PANDAPROBE_SESSION", "b")
    monkeypatch.setenv("PANDAPROBE_PARENT_SESSION", "a")
    assert show(code=code.format("pass")) == "b a"
    assert show(code=code.format("p.set_session('c')")) == "c None"
    assert show(code=code.format("p.session('c').__enter__()")) == "c None"


def test_a_thread_knows_the_session_around_its_own():
    with session("a"), session("b"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(outer_session).result() == "a"


def show_here(queue=None):
    found = (current_session(), current_user(), outer_session())
    if queue is not None:
        queue.put(found)
    return found


def in_process(method):
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    process = context.Process(target=show_here, args=(queue,))
    process.start()
    found = queue.get()
    process.join()
    return found


METHODS = pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])


@METHODS
def test_a_process_goes_on_with_its_starters_session_however_it_starts(method):
    with session("a"), user("u"), session("b"):
        assert in_process(method) == ("b", "u", "a")
    with session("c"):
        assert in_process(method) == ("c", None, None)
    assert in_process(method) == (None, None, None)


@METHODS
def test_a_process_pool_works_in_its_submitters_session_and_leaves_none_behind(method):
    with ProcessPoolExecutor(1, multiprocessing.get_context(method)) as pool:
        with session("a"), user("u"):
            first = pool.submit(show_here)
        with session("b"):
            second = pool.submit(show_here)
            mapped = list(pool.map(current_session_of, range(2)))
        third = pool.submit(show_here)
        found = [first.result(), second.result(), third.result()]
    assert found == [("a", "u", None), ("b", None, None), (None, None, None)]
    assert mapped == ["b", "b"]


def current_session_of(_):
    return current_session()


def test_a_task_that_fails_fails_as_it_would_and_leaves_none_behind():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        with session("a"), pytest.raises(ZeroDivisionError):
            pool.submit(divmod, 1, 0).result()
        assert pool.submit(show_here).result() == (None, None, None)


def test_the_child_of_a_process_that_was_started_inside_goes_on_too():
    with session("a"), ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(show, None, SHOW_BOTH).result() == "a None"
