"""Overview, evaluations and status on their pages."""


def go(page, path):
    page.goto(page.url.split("/ui/")[0] + path)


def test_the_overview_adds_up_all_calls_and_draws_them(page):
    go(page, "/ui/overview")
    page.wait_for_selector(".chart canvas")
    assert page.locator(".total b").first.inner_text() == "7"
    assert "gpt-4o-mini" in page.inner_text(".sums")
    page.click("text=Month")
    page.wait_for_url("**/overview?since=30d")


def test_a_filter_holds_for_the_overview(page):
    go(page, "/ui/overview?where=session:plain")
    page.wait_for_selector(".total b:text-is('1')")


def test_evaluations_show_how_scores_lie_and_the_worst(page):
    go(page, "/ui/evaluations")
    page.wait_for_selector(".judging svg")
    assert "tool errors" in page.inner_text("main")


def test_status_says_whether_anything_was_lost(page):
    go(page, "/ui/status")
    page.wait_for_selector(".adds")
    text = page.inner_text("main")
    assert "Everything that was relayed is recorded" in text and "7 relayed = 7 recorded" in text
    assert "header" in text and "Nothing was dropped." in text
