"""Both themes can be read: the contrast of every colour by WCAG 2, computed from what the browser makes of it."""

import re

import pytest

GROUNDS = ("page", "panel", "chosen")
TEXTS = ("text", "muted", "accent", "ok", "error", "warn", "open", "user", "assistant", "tool", "system")
SHAPES = ("edge", "wait", "stream")
AA_TEXT = 4.5
AA_SHAPE = 3.0


def luminance(colour):
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def read(page, name):
    script = "name => { document.body.style.color = `var(--${name})`; return getComputedStyle(document.body).color; }"
    return page.evaluate(script, name)


@pytest.fixture(params=["light", "dark"])
def themed(request, viewer):
    page = viewer.page(color_scheme=request.param)
    page.wait_for_selector("a.row")
    return page


def test_every_text_colour_reaches_aa_on_every_ground(themed):
    weak = {
        (text, ground): round(ratio, 2)
        for text in TEXTS
        for ground in GROUNDS
        if (ratio := contrast(read(themed, text), read(themed, ground))) < AA_TEXT
    }
    assert weak == {}


def test_every_shape_that_means_something_can_be_told_from_its_ground(themed):
    weak = {
        (shape, ground): round(ratio, 2)
        for shape in SHAPES
        for ground in GROUNDS
        if (ratio := contrast(read(themed, shape), read(themed, ground))) < AA_SHAPE
    }
    assert weak == {}


def test_text_can_be_read_where_it_stands_on_a_colour(themed):
    for text, ground in (("on-accent", "accent"), ("text", "added"), ("text", "dropped")):
        assert contrast(read(themed, text), read(themed, ground)) >= AA_TEXT, (text, ground)


def test_the_themes_differ_and_follow_the_system(viewer):
    grounds = set()
    for scheme in ("light", "dark"):
        page = viewer.page(color_scheme=scheme)
        page.wait_for_selector("a.row")
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_the_switch_holds_after_a_reload_before_anything_is_painted(viewer):
    page = viewer.page(color_scheme="light")
    page.wait_for_selector("a.row")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Light or dark").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.wait_for_selector("a.row")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_no_state_is_told_by_colour_alone(viewer):
    page = viewer.page("/ui/sessions/trip")
    page.wait_for_selector(".fall .mark.error")
    shapes = {
        name: page.locator(f".fall .mark.{name}").first.evaluate(
            "mark => mark.innerHTML.replace(/<title>.*<.title>/, '')"
        )
        for name in ("ok", "error")
    }
    assert shapes["ok"] != shapes["error"]
    assert all(mark.get_attribute("aria-label") for mark in page.locator(".mark").all())
