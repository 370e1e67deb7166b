"""The list of sessions, in a real browser."""

from viewing import viewing
from watched import Watched

ROW = "a.row"
PHONE = {"width": 390, "height": 780}


def names(page):
    return page.locator(f"{ROW} .name b").all_inner_texts()


def test_the_session_that_was_active_last_is_on_top(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    assert names(page)[0] == "trip"
    assert sorted(names(page)[1:]) == [f"small-{number}" for number in range(10)]


def test_a_row_tells_how_the_session_went_by_shape_and_in_words(viewer):
    page = viewer.page()
    row = page.locator(ROW, has_text="trip")
    row.wait_for()
    assert row.locator(".mark").get_attribute("class") in ("mark error", "mark warn")
    assert "1 call failed" in row.locator(".mark").get_attribute("aria-label")
    assert row.locator(".errors").inner_text().startswith("1")
    assert "Is flight LH1234 to Paris on time?" in row.locator(".said").inner_text()
    assert "sure" in row.locator(".said small").inner_text()


def test_what_has_no_price_is_unknown_and_never_zero(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    assert set(page.locator(f"{ROW} .cost").all_inner_texts()) == {"–"}


def test_the_worst_score_is_named(viewer):
    page = viewer.page()
    row = page.locator(ROW, has_text="trip")
    row.wait_for()
    assert row.locator(".score.bad").count() == 1


def test_a_click_on_a_column_sorts_by_it_and_the_address_says_so(viewer):
    page = viewer.page()
    page.get_by_role("button", name="Failed").click()
    page.wait_for_url("**/ui/sessions?sort=errors")
    page.wait_for_selector('[aria-sort="descending"] >> text=Failed')
    page.wait_for_selector(ROW)
    assert names(page)[0] == "trip"


def test_going_back_is_to_the_same_rows_at_the_same_place(viewer):
    page = viewer.page("/ui/sessions?where=user:ann")
    page.wait_for_selector(ROW)
    before = names(page)
    page.locator(ROW, has_text="trip").click()
    page.wait_for_selector(".facts")
    page.go_back()
    page.wait_for_selector(ROW)
    assert names(page) == before


def test_a_moment_is_told_relative_and_exactly_in_utc_if_asked(viewer):
    page = viewer.page(timezone_id="Asia/Kolkata")
    page.wait_for_selector(ROW)
    time = page.locator(f"{ROW} time").first
    assert time.get_attribute("title").endswith("+05:30")
    page.get_by_role("button", name="UTC").click()
    assert time.get_attribute("title").endswith("UTC")
    assert "ago" in time.inner_text() or time.inner_text() == "now"


def test_on_a_phone_nothing_is_wider_than_the_page(viewer):
    page = viewer.page()
    page.set_viewport_size(PHONE)
    page.wait_for_selector(ROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator(ROW).first.locator(".name").bounding_box()["width"] > 150


def test_where_nothing_is_recorded_the_one_line_stands_to_copy(tmp_path, browser):
    with viewing(tmp_path / "data", browser, Watched) as empty:
        page = empty.page(permissions=["clipboard-read", "clipboard-write"])
        page.wait_for_selector(".copyable")
        page.get_by_role("button", name="Copy").first.click()
        page.wait_for_selector(".note:has-text('Copied')")
        assert page.evaluate("navigator.clipboard.readText()") == "pandaprobe-proxy run -- python app.py"
        empty.agent("first").ask("Hello?")
        page.wait_for_selector(f"{ROW}:has-text('first')")
        empty.close_pages()
        assert empty.faults() == []
