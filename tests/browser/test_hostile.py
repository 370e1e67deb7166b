"""What was recorded is never a script: over two hundred payloads in every place that is shown, on every page."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from hostile import CLEAN, PLACES, TOGETHER, Hostile, in_header, record, session_id
from openai_upstream import openai_upstream
from payloads import TEMPLATES, spell
from sidecar import sidecar
from watched import watched_page

SLICE = 53
SLICES = [range(start, min(start + SLICE, len(TEMPLATES))) for start in range(0, len(TEMPLATES), SLICE)]
SESSION_TABS = ("", "?md=1", "?tab=timeline", "?tab=tree", "?tab=evaluations", "?tab=raw")
CALL_TABS = ("", "?md=1", "?tab=diff", "?tab=timing", "?tab=headers", "?tab=raw")
ADDRESSES = ("/ui/sessions?where={}", "/ui/sessions/{}")
MORE_ADDRESSES = ("/ui/sessions?sort={}", "/ui/calls/{}", "/ui/overview?since={}", "/ui/evaluations?a={}&b=x", "/ui/{}")
WALK = Path(__file__).with_name("walk.js").read_text()


@pytest.fixture(scope="module", params=SLICES, ids=lambda numbers: f"{numbers[0]}-{numbers[-1]}")
def hostile(request, tmp_path_factory):
    """A sidecar that has recorded the payloads of some numbers, and a session without any."""
    place = tmp_path_factory.mktemp("hostile")
    with openai_upstream(base=Hostile) as upstream, sidecar(place / "data", upstream.url) as running:
        running.ready()
        record(running, request.param)
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
    """Each page of the session of all payloads and of its second call, which asks otherwise; of those of one, two."""
    yield from (f"/ui/sessions/{TOGETHER}{tab}" for tab in SESSION_TABS)
    again = call_of(page, running, TOGETHER)
    yield from (f"/ui/calls/{again}{tab}" for tab in CALL_TABS)
    for number in numbers:
        yield f"/ui/sessions/{quote(session_id(number), safe='')}"
        failed = call_of(page, running, session_id(number))
        yield from (f"/ui/calls/{failed}{tab}" for tab in ("", "?tab=headers"))


def call_of(page, running, session):
    """The last call of a session."""
    answer = page.request.get(f"{running.web}/sessions/{quote(session, safe='')}/waterfall").json()
    return answer["columns"]["call_id"][-1]


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
        assert read_tags(export(walker, hostile, session_id(number))) == clean, number
    text = export(walker, hostile, TOGETHER)
    assert read_tags(text) == clean
    (tmp_path / "session.html").write_text(text)
    assert look(browser, tmp_path / "session.html")["answer"]


def export(page, running, session):
    return page.request.get(f"{running.web}/sessions/{quote(session, safe='')}/export.html").text()


def look(browser, path):
    """What the file shows, opened from the disk."""
    with watched_page(browser, path.as_uri(), script=WALK, offline=True) as page:
        page.wait_for_selector(".message.assistant")
        page.evaluate("window.found = new Set()")
        assert page.evaluate("window.inspect(window.found)") == []
        return by_place(page.evaluate("[...window.found]"))
