"""One call on a page: each tab, what changed, its bytes, and the keys."""


def open_call(page, session, number=-1, tab=""):
    page.goto(page.url.split("/ui/")[0] + f"/ui/sessions/{session}")
    links = page.locator(".turn a.brought")
    links.first.wait_for()
    href = links.nth(number if number >= 0 else links.count() - 1).get_attribute("href")
    call = href.split("call=")[-1] if "call=" in href else href.split("/calls/")[-1]
    page.goto(page.url.split("/ui/")[0] + f"/ui/calls/{call}" + (f"?tab={tab}" if tab else ""))
    page.wait_for_selector(".facts .pill")
    return call


def test_it_shows_what_was_asked_and_answered(page):
    open_call(page, "demo-agent")
    page.wait_for_selector(".message.assistant")
    text = page.inner_text("main")
    assert "get_weather" in text and "umbrella" in text and "You are concise." in text


def test_what_changed_since_the_call_before_is_named(page):
    open_call(page, "demo-agent", tab="diff")
    page.wait_for_selector(".change.added")
    assert "Prompt cache holds." in page.inner_text(".cache")
    assert "12 °C and rain" in page.inner_text("main")


def test_timing_has_each_mark_and_the_pieces(page):
    open_call(page, "demo-agent", tab="timing")
    page.wait_for_selector(".scatter svg")
    assert "First words" in page.inner_text(".marks") and "pieces over" in page.inner_text(".scatter")


def test_headers_hold_no_key(page):
    open_call(page, "demo-agent", tab="headers")
    page.wait_for_selector(".lines")
    assert "sk-demo" not in page.content()


def test_bytes_are_shown_and_copied_as_something_to_run(page):
    open_call(page, "demo-agent", tab="raw")
    page.wait_for_selector("pre.bytes:has-text('data: ')")
    page.click("text=curl")
    page.wait_for_selector(".note")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("curl http") and "$OPENAI_API_KEY" in copied


def test_keys_lead_through_the_tabs_to_the_next_call_and_up(page):
    first = open_call(page, "demo-agent", 0)
    for key, tab in (("d", "diff"), ("t", "timing"), ("h", "headers"), ("r", "raw")):
        page.keyboard.press(key)
        page.wait_for_url(f"**/calls/{first}?tab={tab}")
    page.keyboard.press("c")
    page.wait_for_url(f"**/calls/{first}")
    page.keyboard.press("]")
    page.wait_for_url(lambda url: first not in url)
    page.keyboard.press("[")
    page.wait_for_url(f"**/calls/{first}")
    page.wait_for_selector("a[title^='Its session']")
    page.keyboard.press("u")
    page.wait_for_url(f"**/sessions/demo-agent?call={first}")
