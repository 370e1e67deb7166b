"""A real sidecar that has recorded real traffic, and a real browser that is watched while it looks at it.

Any page error, console error, breach of the policy, dialog, or request to anywhere else fails the test.
"""

import os
import shutil
from dataclasses import dataclass, field

import pytest
from asking import ask
from openai_upstream import openai_upstream
from pandaprobe_proxy.demo.agent import converse
from pandaprobe_proxy.demo.provider import provider
from sidecar import sidecar
from viewing import record, viewing

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None and "CI" not in os.environ:
        pytest.skip("there is no chromium here; apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@dataclass
class Watched:
    """What a page did that it must not."""

    origin: str
    wrongs: list = field(default_factory=list)

    def watch(self, page):
        page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (self.wrongs.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda said: said.type == "error" and self.wrongs.append(f"console: {said.text}"))
        page.on("request", lambda request: self._check(request.url))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective, e.sample))"
        )

    def _check(self, url):
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.wrongs.append(f"request: {url}")


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
    yield from open_page(browser, recorded)


def open_page(browser, recorded, **more):
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **more})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=recorded.web)
    page = context.new_page()
    page.set_default_timeout(15_000)
    watched = Watched(recorded.web)
    watched.watch(page)
    page.goto(recorded.cli("open", "--print").strip())
    page.wait_for_selector("main > *")
    yield page
    context.close()
    assert watched.wrongs == []


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
