"""Everything by the keyboard, in a real browser."""

import pytest

ROW = "a.row"


def chosen(page):
    return page.locator(".row.chosen .name b").inner_text()


def test_j_and_k_choose_a_session_enter_opens_it_and_u_goes_back(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    page.keyboard.press("j")
    assert chosen(page) == "trip"
    page.keyboard.press("j")
    second = chosen(page)
    page.keyboard.press("k")
    assert chosen(page) == "trip"
    page.wait_for_url("**/ui/sessions?at=trip")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/sessions/trip")
    page.wait_for_selector(".facts")
    page.keyboard.press("u")
    page.wait_for_url("**/ui/sessions?at=trip")
    assert second.startswith("small-")


@pytest.mark.parametrize(("key", "tab"), [("t", "timeline"), ("T", "tree"), ("v", "evaluations"), ("r", "raw")])
def test_each_tab_has_a_key_and_c_leads_back(viewer, key, tab):
    page = viewer.page("/ui/sessions/trip")
    page.wait_for_selector(".facts .pill")
    page.keyboard.press(key)
    page.wait_for_url(f"**/ui/sessions/trip?tab={tab}")
    page.wait_for_selector(f'[aria-selected="true"] >> text={tab.capitalize()}')
    page.keyboard.press("c")
    page.wait_for_url("**/ui/sessions/trip")


@pytest.mark.parametrize(
    ("keys", "place"), [("gs", "sessions"), ("go", "overview"), ("ge", "evaluations"), ("gt", "status")]
)
def test_two_keys_lead_to_each_screen(viewer, keys, place):
    page = viewer.page("/ui/sessions/trip")
    page.wait_for_selector(".facts")
    for key in keys:
        page.keyboard.press(key)
    page.wait_for_url(f"**/ui/{place}")


def test_brackets_lead_to_the_sessions_beside(viewer):
    page = viewer.page("/ui/sessions/trip")
    page.wait_for_selector(".facts .pill")
    page.keyboard.press("]")
    page.wait_for_url("**/ui/sessions/small-9")
    page.wait_for_selector(".facts >> text=small-9")
    page.keyboard.press("[")
    page.wait_for_url("**/ui/sessions/trip")
    page.wait_for_selector(".facts >> text=trip")
    page.keyboard.press("[")
    page.wait_for_selector(".note:has-text('This is the first session')")


def test_j_chooses_the_calls_of_a_session_and_n_the_one_that_failed(viewer):
    page = viewer.page("/ui/sessions/trip")
    page.wait_for_selector(".turn .message")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.wait_for_selector(".fall.chosen .number:has-text('2')")
    page.keyboard.press("k")
    page.keyboard.press("n")
    page.wait_for_selector(".fall.chosen .mark.error")
    page.wait_for_url("**/ui/sessions/trip?call=*")


@pytest.mark.parametrize(("key", "ends"), [("Enter", ""), ("o", ""), ("d", "?tab=diff")])
def test_a_chosen_call_opens(viewer, key, ends):
    page = viewer.page("/ui/sessions/trip")
    page.wait_for_selector(".turn .message")
    page.keyboard.press("j")
    page.wait_for_selector(".fall.chosen")
    page.keyboard.press(key)
    page.wait_for_url(f"**/ui/calls/*{ends}")


def test_question_mark_lists_the_keys_that_hold_and_esc_closes_it(viewer):
    page = viewer.page("/ui/sessions/trip")
    page.wait_for_selector(".turn .message")
    page.keyboard.press("?")
    shown = page.locator("dialog .keys").inner_text()
    for word in ("Calls", "Session", "Everywhere", "Next call", "Copy the link"):
        assert word in shown
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    assert page.url.endswith("/ui/sessions/trip")


def test_the_palette_finds_sessions_screens_and_what_was_said(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    page.keyboard.press("Control+k")
    page.keyboard.type("small-7")
    page.wait_for_selector(".choices li:has-text('small-7')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/sessions/small-7")
    page.wait_for_selector("dialog", state="detached")
    page.keyboard.press("/")
    page.keyboard.type("cancelled strike")
    page.wait_for_selector(".choices li:has-text('trip')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/sessions/trip?call=*")


def test_keys_are_letters_while_one_types(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    page.keyboard.press("f")
    page.keyboard.type("jug?")
    assert page.get_by_role("combobox", name="Filter").input_value() == "jug?"
    assert page.locator(".row.chosen").count() == 0
    assert page.locator("dialog").count() == 0


def test_y_copies_the_link(viewer):
    page = viewer.page("/ui/sessions/trip?tab=timeline", permissions=["clipboard-read", "clipboard-write"])
    page.wait_for_selector(".facts .pill")
    page.keyboard.press("y")
    page.wait_for_selector(".note:has-text('Link copied')")
    assert page.evaluate("navigator.clipboard.readText()") == page.url


def test_a_pinned_session_is_marked_and_first_in_the_palette(viewer):
    page = viewer.page("/ui/sessions/small-3")
    page.wait_for_selector(".facts .pill")
    page.keyboard.press(".")
    page.get_by_role("button", name="Pinned").wait_for()
    page.keyboard.press("Control+k")
    assert "small-3" in page.locator(".choices li").first.inner_text()


def test_e_shows_what_was_cut(viewer):
    agent = viewer.agent("long")
    agent.ask("Tell me much.", "word " * 2000 + "the very end")
    viewer.recording.settled()
    page = viewer.page("/ui/sessions/long")
    page.wait_for_selector("button:has-text('Show all')")
    assert page.locator("text=the very end").count() == 0
    page.keyboard.press("e")
    page.wait_for_selector("text=the very end")
