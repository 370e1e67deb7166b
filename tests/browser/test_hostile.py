"""What was recorded is never a script: over two hundred payloads in every place that is shown, on every page."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from hostile import PLACES, Hostile, in_header, record, session_id
from openai_upstream import openai_upstream
from payloads import TEMPLATES, spell
from sidecar import sidecar
from watched import watched_page

SLICE = 53
SLICES = [range(start, min(start + SLICE, len(TEMPLATES))) for start in range(0, len(TEMPLATES), SLICE)]
SESSION_TABS = ("", "?tab=tree", "?tab=evaluations", "?tab=raw")
CALL_TABS = ("?md=1", "?tab=diff", "?tab=headers", "?tab=raw")
MORE_TABS = ("?md=1", "?tab=timeline"), ("", "?tab=timing")
"""What shows nothing else than the others in another way: looked at with every seventh payload."""
ADDRESSES = ("/ui/sessions?where={}", "/ui/sessions/{}")
MORE_ADDRESSES = ("/ui/sessions?sort={}", "/ui/calls/{}", "/ui/overview?since={}", "/ui/evaluations?a={}&b=x", "/ui/{}")
WALK = Path(__file__).with_name("walk.js").read_text()
CLEAN = "clean"


@pytest.fixture(scope="module", params=SLICES, ids=lambda numbers: f"{numbers[0]}-{numbers[-1]}")
def hostile(request, tmp_path_factory):
    """A sidecar that has recorded the payloads of some numbers, and a session without any."""
    place = tmp_path_factory.mktemp("hostile")
    with openai_upstream(base=Hostile) as upstream, sidecar(place / "data", upstream.url) as running:
        running.ready()
        record(running, request.param, CLEAN)
        running.cli("eval", "run")
        running.numbers = request.param
        yield running


@pytest.fixture
def walker(browser, hostile):
    """A page that can be walked from place to place, and is watched for all that a payload could make it do."""
    with watched_page(browser, hostile, script=WALK, viewport={"width": 1280, "height": 4000}) as page:
        page.set_default_timeout(300_000)
        yield page


def addresses(page, running, numbers):
    """Each page of each session and of two of its calls: one that asks otherwise, and one that failed."""
    for number in numbers:
        path = quote(session_id(number), safe="")
        course = page.request.get(f"{running.web}/sessions/{path}/waterfall").json()
        _, again, failed = course["columns"]["call_id"]
        more = MORE_TABS if number % 7 == 0 else ((), ())
        yield from (f"/ui/sessions/{path}{tab}" for tab in (*SESSION_TABS, *more[0]))
        yield from (f"/ui/calls/{again}{tab}" for tab in (*CALL_TABS, *more[1]))
        yield f"/ui/calls/{failed}"


def walk(page, urls):
    """Which places were seen, each with its numbers."""
    walked = page.evaluate("(urls) => window.walk(urls)", list(urls))
    assert walked["wrongs"] == []
    return by_place(walked["found"])


def by_place(found):
    seen = {}
    for place, number in (one.split() for one in found):
        seen.setdefault(place, set()).add(int(number))
    return seen


def tagged(numbers):
    """Those whose payload is no longer than a tag may be."""
    return {number for number in numbers if len(in_header(number, "tag").decode()) <= 100}


def test_no_payload_is_more_than_text_on_the_pages_of_a_session_and_its_calls(walker, hostile):
    wanted = {place: set(hostile.numbers) for place in PLACES} | {"tag": tagged(hostile.numbers)}
    for _ in range(3):  # a page that was slow is looked at again: what counts is that each payload was seen
        missed = {number for numbers in wanted.values() for number in numbers}
        seen = walk(walker, addresses(walker, hostile, sorted(missed)))
        wanted = {place: left for place, numbers in wanted.items() if (left := numbers - seen.get(place, set()))}
        if not wanted:
            break
    assert wanted == {}


def test_nor_on_those_of_all_sessions(walker, hostile):
    seen = walk(walker, ["/ui/sessions", "/ui/overview", "/ui/evaluations", "/ui/status", "/ui/sessions?sort=errors"])
    assert all(seen[place] >= set(hostile.numbers) for place in ("session", "user", "model"))
    assert seen["tag"] >= tagged(hostile.numbers)


def test_nor_as_what_an_address_says(walker, hostile):
    texts = {number: quote(spell(number, "asked"), safe="") for number in hostile.numbers}
    urls = [form.format(text) for text in texts.values() for form in ADDRESSES]
    urls += [form.format(text) for number, text in texts.items() if number % 7 == 0 for form in MORE_ADDRESSES]
    seen = walk(walker, urls)
    assert seen["asked"] >= set(hostile.numbers)
    walker.watched.forgive_refusals()


def test_nor_as_what_a_search_finds(walker, hostile):
    for number in hostile.numbers[::7]:
        walker.keyboard.press("/")
        walker.fill(".ask", f"needle{number}")
        walker.wait_for_selector(f".choices li:has-text('needle{number}')")
        assert walker.evaluate("window.inspect(new Set())") == []
        walker.keyboard.press("Escape")
        walker.wait_for_selector(".ask", state="detached")


class Tags(HTMLParser):
    """The elements of a page, and what their attributes are called."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, *(name for name, _ in attrs)))


def read_tags(text):
    tags = Tags()
    tags.feed(text)
    return tags.found


def test_nor_in_a_session_as_one_file(browser, walker, hostile, tmp_path):
    clean = read_tags(export(walker, hostile, CLEAN))
    for number in hostile.numbers:
        text = export(walker, hostile, session_id(number))
        assert read_tags(text) == clean, number
        if number % 7 == 0:
            (tmp_path / "session.html").write_text(text)
            assert number in look(browser, tmp_path / "session.html")["answer"]


def export(page, running, session):
    return page.request.get(f"{running.web}/sessions/{quote(session, safe='')}/export.html").text()


def look(browser, path):
    """What the file shows, opened from the disk."""
    with watched_page(browser, path.as_uri(), script=WALK, offline=True) as page:
        page.wait_for_selector(".message.assistant")
        page.evaluate("window.found = new Set()")
        assert page.evaluate("window.inspect(window.found)") == []
        return by_place(page.evaluate("[...window.found]"))
