"""A real sidecar that has recorded real traffic, and a real browser that is watched while it looks at it."""

import os
import shutil

import pytest
from asking import ask
from openai_upstream import openai_upstream
from pandaprobe_proxy.demo.agent import converse
from pandaprobe_proxy.demo.provider import provider
from sidecar import sidecar
from viewing import record, viewing
from watched import Watched, watched_page

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def browser():
    """One for each module: while Playwright runs, its event loop does, too, and no other test could have its own."""
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("there is no chromium here; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A sidecar with a few sessions: an agent with a tool, one that failed and was tried again, and a plain one."""
    place = tmp_path_factory.mktemp("viewer")
    with (
        provider() as demo,
        openai_upstream() as other,
        sidecar(place / "data", demo, "--upstream", f"other={other.url}") as running,
    ):
        running.ready()
        converse(f"127.0.0.1:{running.port}")
        base = f"http://127.0.0.1:{running.port}/other/v1"
        ask(base, "plain", "What is the capital of France?")
        other.failing = 1
        ask(base, "trouble", "Which is bigger?", check=False)
        ask(base, "trouble", "Which is bigger?")
        ask(base, "secretive", "My key is sk-canary-0123456789abcdefABCDEF0123456789abcdefABCDEF01, keep it.")
        running.settled(7)
        running.cli("eval", "run")
        yield running


@pytest.fixture
def page(browser, recorded):
    """A page of the viewer that has the token, 1280 pixels wide."""
    with watched_page(browser, recorded) as page:
        yield page


@pytest.fixture(scope="module")
def told(tmp_path_factory, browser):
    with viewing(tmp_path_factory.mktemp("told") / "data", browser, Watched) as viewer:
        record(viewer)
        yield viewer


@pytest.fixture
def viewer(told):
    """A sidecar that has recorded what `viewing.record` says; any page of it that misbehaves fails the test."""
    told.watched.wrongs.clear()
    yield told
    told.close_pages()
    assert told.faults() == []
