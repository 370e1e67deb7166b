"""The session's screen, in a real browser."""

from playwright.sync_api import expect

TURN = ".turn"


def trip(viewer, query=""):
    page = viewer.page(f"/ui/sessions/trip{query}")
    page.wait_for_selector(".facts .pill")
    return page


def test_each_message_is_said_once_under_the_call_that_brought_it(viewer):
    page = trip(viewer)
    page.wait_for_selector(f"{TURN} >> text=quite")
    assert page.locator(".message.system").count() == 1
    assert page.locator(".message.user").count() == 2
    assert page.locator(TURN).count() == 4
    assert page.locator(TURN).nth(1).locator(".message, .unread").count() == 0  # the try that was made again
    assert page.locator(TURN).nth(2).locator(".message.tool").count() == 1
    assert page.locator("text=Branch").count() == 0


def test_a_call_that_failed_is_seen_in_every_place(viewer):
    page = trip(viewer)
    expect(page.locator(TURN).nth(1).locator(".failure")).to_contain_text("status 503")
    assert page.locator(".fall .mark.error").count() == 1
    assert page.locator(".fall .mark.error").get_attribute("aria-label") == "failed with 503"
    assert "1 failed" in page.locator(".facts").inner_text()


def test_an_ignored_result_is_pointed_at_where_it_was_ignored(viewer):
    page = trip(viewer)
    page.wait_for_selector(".pointed")
    assert "ignored" in page.locator(".pointed").first.inner_text()
    assert page.locator(".fall .mark.flag").count() >= 1


def test_a_secret_shows_as_the_rule_that_took_it_out(viewer):
    page = trip(viewer)
    expect(page.locator(".message.user .redacted").first).to_be_visible()
    assert "sk-proj" not in page.locator("body").inner_text()


def test_bars_begin_where_the_one_before_has_ended(viewer):
    page = trip(viewer)
    page.wait_for_selector(".fall .span")
    boxes = [bar.bounding_box() for bar in page.locator(".fall .span").all()]
    ends = [box["x"] + box["width"] for box in boxes]
    assert all(box["x"] >= end - 3 for box, end in zip(boxes[1:], ends, strict=False))
    assert boxes[0]["width"] >= 2


def test_a_link_to_a_call_opens_there(viewer):
    page = trip(viewer)
    page.wait_for_selector(f"{TURN} .brought")
    link = page.locator(f"{TURN} .brought").nth(3).get_attribute("href")
    call = link.rsplit("/", 1)[1]
    page = trip(viewer, f"?call={call}")
    page.wait_for_selector(f"{TURN}.chosen")
    assert page.locator(f"{TURN}.chosen .brought").get_attribute("href").endswith(call)


def test_markdown_is_plain_until_it_is_asked_for_and_the_address_says_so(viewer):
    page = trip(viewer)
    page.wait_for_selector("text=**quite**")
    page.keyboard.press("m")
    page.wait_for_selector(".markdown strong:has-text('quite')")
    assert "md=1" in page.url


def test_the_tree_has_the_tool_under_the_call_that_asked_for_it(viewer):
    page = trip(viewer, "?tab=tree")
    page.wait_for_selector(".node")
    texts = page.locator(".node").all_inner_texts()
    tool = next(index for index, text in enumerate(texts) if "get_flight" in text)
    assert "call" in texts[tool - 1]
    assert "LH1234" in texts[tool]


def test_evaluations_lead_to_the_call_that_proves_them(viewer):
    page = trip(viewer, "?tab=evaluations")
    page.wait_for_selector(".judgement")
    page.locator(".judgement li a").first.click()
    page.wait_for_url("**/ui/sessions/trip?call=*")
    page.wait_for_selector(f"{TURN}.chosen")


def test_a_session_that_nobody_judged_says_how_to(viewer):
    page = viewer.page("/ui/sessions/small-0?tab=raw")
    page.wait_for_selector(".branch")
    assert "small-0" in page.locator(".branch").first.inner_text()


def test_a_session_that_is_not_there_says_so(viewer):
    page = viewer.page("/ui/sessions/nowhere")
    page.wait_for_selector("[role=alert]")
    assert "nowhere" in page.locator("[role=alert]").inner_text()


def test_on_a_phone_the_conversation_has_the_whole_width(viewer):
    page = trip(viewer)
    page.set_viewport_size({"width": 390, "height": 780})
    page.wait_for_selector(".message")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".talk").bounding_box()["width"] >= 380


COLUMNS = (
    *("call_id", "start_ms", "first_ms", "end_ms", "state", "status", "model", "operation", "agent"),
    *("input_tokens", "output_tokens", "cost", "attempt", "trace_id"),
)


def call(name, start_ms, end_ms):
    return {"call_id": name, "start_ms": start_ms, "end_ms": end_ms, "state": "ok"}


def answer(calls):
    """What the sidecar says of such a session."""
    columns = {name: [one.get(name) for one in calls] for name in COLUMNS}
    names = {"models": ["m"], "operations": ["chat"], "agents": []}
    return {"session_id": "s", "started_at": "2026-01-01T00:00:00Z", **names, "columns": columns}


def lay(viewer, calls, script):
    """What `script` says of a timeline of these calls."""
    page = viewer.page()
    code = f"""async (answer) => {{
      const at = document.querySelector('script[type=module]').src.replace('main.js', 'base/timeline.js');
      const {{ Timeline, layTime }} = await import(at);
      const timeline = new Timeline(answer);
      return ({script})(timeline, layTime);
    }}"""
    return page.evaluate(code, answer(calls))


def test_time_that_no_call_ran_in_is_not_counted_and_overlaps_count_once(viewer):
    calls = [call("a", 0, 100), call("b", 50, 100), call("c", 1000, 10)]
    assert lay(viewer, calls, "(timeline) => timeline.busyMs(0)") == 160


def test_a_long_pause_is_cut_short_and_told(viewer):
    calls = [call("a", 0, 100), call("b", 3_600_100, 100)]
    script = """(timeline, layTime) => {
      const { place, cuts } = layTime(timeline, 0, 1, 0);
      return [place(0), place(100), place(3600100), place(3600200), cuts.map((one) => one.ms)];
    }"""
    start, end, second, last, cuts = lay(viewer, calls, script)
    assert start == 0
    assert last == 1
    assert 0.4 < end < second < 0.6
    assert cuts == [3_600_000]


def test_a_call_that_comes_late_stands_where_it_began(viewer):
    calls = [call("a", 0, 10), call("c", 500, 10)]
    script = """(timeline) => {
      const open = { call_id: "b", started_at: "2026-01-01T00:00:00.100Z", outcome: "open", latency_ms: null };
      const ended = { ...open, outcome: "ok", ended_at: "2026-01-01T00:00:00.107Z", latency_ms: 7, model: "new" };
      const fresh = timeline.put(open);
      const again = timeline.put(ended);
      const { state, end_ms: end, model } = timeline.at(1);
      return [fresh, again, timeline.ids, state, end, model, timeline.placeOf("c")];
    }"""
    assert lay(viewer, calls, script) == [True, False, ["a", "b", "c"], "ok", 7, "new", 2]
