"""A session as one file: the same pages from the disk, with no sidecar and no network."""

import pytest


@pytest.fixture
def exported(browser, recorded, page, tmp_path):
    page.goto(f"{recorded.web}/ui/sessions/demo-agent?tab=raw")
    with page.expect_download() as download:
        page.click("text=as one HTML file")
    path = tmp_path / "session.html"
    download.value.save_as(path)
    context = browser.new_context(offline=True)
    alone = context.new_page()
    alone.wrongs = []
    alone.on("pageerror", lambda error: alone.wrongs.append(str(error)))
    alone.on("console", lambda said: said.type == "error" and alone.wrongs.append(said.text))
    alone.on("request", lambda asked: asked.url.startswith("http") and alone.wrongs.append(asked.url))
    alone.goto(path.as_uri())
    yield alone
    context.close()
    assert alone.wrongs == []


def test_the_session_and_its_calls_are_in_the_file(exported):
    exported.wait_for_selector(".message.assistant")
    assert "umbrella" in exported.inner_text("main")
    exported.keyboard.press("T")
    exported.wait_for_selector(".tree")
    exported.goto(
        exported.url.split("#")[0]
        + "#"
        + exported.locator("a[href*='calls/']").first.get_attribute("href").split("#")[1]
    )
    exported.wait_for_selector(".facts .pill")
    exported.keyboard.press("t")
    exported.wait_for_selector(".marks")
