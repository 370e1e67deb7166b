"""What is recorded while one looks shows at once, and moves nothing that one reads."""

ROW = "a.row"
LIVE = ".live[data-state=live]"
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def names(page):
    return page.locator(f"{ROW} .name b").all_inner_texts()


def test_new_sessions_are_counted_and_come_when_one_asks(viewer):
    page = viewer.page()
    page.wait_for_selector(ROW)
    page.wait_for_selector(LIVE)
    before = names(page)
    for number in range(3):
        viewer.agent(f"fresh-{number}").ask("Hello?")
    page.wait_for_selector(".news button:has-text('3 new')")
    assert names(page) == before
    page.locator(".news button").click()
    page.wait_for_selector(f"{ROW}:has-text('fresh-2')")
    assert names(page)[:3] == ["fresh-2", "fresh-1", "fresh-0"]
    assert page.locator(".news button").count() == 0


def test_a_row_that_is_there_is_brought_up_to_date_in_its_place(viewer):
    page = viewer.page("/ui/sessions?where=session:small-*")
    page.wait_for_selector(ROW)
    page.wait_for_selector(LIVE)
    before = names(page)
    agent = viewer.agent("small-0")
    agent.ask("Something else?", "Quite another answer.")
    page.wait_for_selector(f"{ROW}:has-text('small-0') >> text=Quite another answer")
    assert names(page) == before


def test_a_new_call_of_the_session_is_told_below_and_shown_when_asked(viewer):
    agent = viewer.agent("growing")
    for number in range(12):
        agent.ask(f"Question {number}?", f"A long answer to question {number}. " * 12)
    viewer.recording.settled()
    page = viewer.page("/ui/sessions/growing")
    page.wait_for_selector(".turn .message")
    page.wait_for_selector(LIVE)
    top = page.locator(".turn").first.bounding_box()
    agent.ask("The newest?", "The newest answer.")
    page.wait_for_selector(".later button:has-text('1 new')")
    assert page.locator(".turn").first.bounding_box() == top
    page.locator(".later button").click()
    page.wait_for_selector("text=The newest answer.")


def test_one_who_follows_is_taken_along(viewer):
    agent = viewer.agent("followed")
    for number in range(12):
        agent.ask(f"Question {number}?", f"A long answer to question {number}. " * 12)
    viewer.recording.settled()
    page = viewer.page("/ui/sessions/followed?follow=1")
    page.wait_for_selector("text=Question 11?")
    page.wait_for_selector(LIVE)
    agent.ask("The newest?", "The newest answer.")
    page.wait_for_selector("text=The newest answer.")
    assert page.locator(".later button").count() == 0


def test_a_tab_that_was_hidden_lets_its_connection_go_and_catches_up(viewer):
    page = viewer.page("/ui/sessions?where=session:hidden-*")
    page.wait_for_selector("text=No session is like that")
    page.wait_for_selector(LIVE)
    page.evaluate(HIDE, True)
    page.wait_for_selector(".live[data-state=off]")
    viewer.agent("hidden-1").ask("Hello?")
    viewer.recording.settled()
    page.evaluate(HIDE, False)
    page.wait_for_selector(f"{ROW}:has-text('hidden-1')")
