"""The filter of the list: chips, the box, the address; and the terms that its text is cut into."""

import pytest
from playwright.sync_api import expect

ROW = "a.row"
CUTS = [
    ("", []),
    ("model:gpt-4o*  status:failed", ["model:gpt-4o*", "status:failed"]),
    ('"two words" -tag:prod', ['"two words"', "-tag:prod"]),
    ('user:"Ann Lee" cost>0.5', ['user:"Ann Lee"', "cost>0.5"]),
    ('"never closed and more', ['"never closed and more']),
    ("__proto__ constructor:x", ["__proto__", "constructor:x"]),
]


def chips(page):
    return [text.removesuffix("×").strip() for text in page.locator(".chip").all_inner_texts()]


def terms(page):
    """The module, as the page has it."""
    return page.evaluate(
        """() => { const at = document.querySelector('script[type=module]').src.replace('main.js', 'base/terms.js');
        return import(at).then((module) => { window.terms = module; }); }"""
    )


@pytest.mark.parametrize(("text", "cut"), CUTS)
def test_the_text_is_cut_at_spaces_outside_quotes(viewer, text, cut):
    page = viewer.page()
    terms(page)
    assert page.evaluate("text => terms.split(text)", text) == cut


def test_a_term_with_a_space_is_quoted_and_none_is_there_twice(viewer):
    page = viewer.page()
    terms(page)
    assert page.evaluate("terms.term('user', 'Ann Lee')") == 'user:"Ann Lee"'
    assert page.evaluate("terms.add('tag:a tag:b', 'tag:a')") == "tag:a tag:b"
    assert page.evaluate("terms.add('tag:a', 'tag:b')") == "tag:a tag:b"


def test_a_term_that_is_typed_becomes_a_chip_and_part_of_the_address(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    page.keyboard.press("f")
    page.keyboard.type("status:failed")
    page.keyboard.press("Enter")
    page.wait_for_url("**/ui/sessions?where=status%3Afailed")
    expect(page.locator(ROW)).to_have_count(1)
    assert chips(page) == ["status:failed"]
    assert page.locator(f"{ROW} .name b").all_inner_texts() == ["trip"]


def test_a_link_with_a_filter_opens_with_it(viewer):
    page = viewer.page("/ui/sessions?where=user:ann -session:trip")
    page.wait_for_selector(ROW)
    assert chips(page) == ["user:ann", "-session:trip"]
    assert sorted(page.locator(f"{ROW} .name b").all_inner_texts()) == [f"small-{n}" for n in range(0, 10, 2)]


def test_words_find_the_sessions_in_which_they_were_said(viewer):
    page = viewer.page('/ui/sessions?where="good trip"')
    page.wait_for_selector(ROW)
    assert page.locator(f"{ROW} .name b").all_inner_texts() == ["trip"]


def test_a_chip_goes_by_a_click_and_by_backspace_which_gives_its_text_back(viewer):
    page = viewer.page("/ui/sessions?where=user:ann status:failed")
    page.wait_for_selector(".chip")
    page.get_by_role("button", name="Remove user:ann").click()
    page.wait_for_url("**/ui/sessions?where=status%3Afailed")
    page.keyboard.press("f")
    page.keyboard.press("Backspace")
    page.wait_for_url("**/ui/sessions")
    assert page.get_by_role("combobox", name="Filter").input_value() == "status:failed"


def test_what_can_be_asked_is_offered_while_one_types(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    page.keyboard.press("f")
    page.keyboard.type("dur")
    page.wait_for_selector(".offers li")
    assert page.locator(".offers li").count() == 1
    page.keyboard.press("Tab")
    assert page.get_by_role("combobox", name="Filter").input_value() == "duration"


def test_a_term_that_nobody_knows_is_told_and_keeps_the_page(viewer):
    page = viewer.page("/ui/sessions?where=colour:red")
    page.wait_for_selector(".wrong")
    assert "colour" in page.locator(".wrong").inner_text()
    assert chips(page) == ["colour:red"]


def test_a_filter_that_fits_nothing_says_so(viewer):
    page = viewer.page("/ui/sessions?where=user:nobody")
    page.wait_for_selector("text=No session is like that")
