"""A viewer for browser tests: a sidecar with recorded sessions, agents that talk through it, pages that are watched."""

from contextlib import contextmanager
from dataclasses import dataclass, field

from answering import Agent, answering
from sidecar import sidecar

WIDE = {"width": 1280, "height": 800}
CALLS = 14


@dataclass
class Viewer:
    """A sidecar that is looked at; `watched` collects what pages must not do."""

    recording: object
    browser: object
    watched: object
    link: str
    contexts: list = field(default_factory=list)

    def agent(self, session, **headers):
        return Agent(self.recording.port, session, **headers)

    def page(self, path="/ui/sessions", script="", **context):
        """A page of the viewer, in a browser of its own that has the token. A script runs before all of its own."""
        made = self.browser.new_context(**{"viewport": WIDE, "reduced_motion": "reduce", **context})
        self.contexts.append(made)
        made.request.get(self.link)
        page = made.new_page()
        page.set_default_timeout(15_000)
        self.watched.watch(page)
        page.add_init_script(script)
        page.goto(self.recording.web + path)
        return page

    def faults(self):
        """What pages did that they must not. That an answer was refused is no fault: the page says so."""
        return [wrong for wrong in self.watched.wrongs if "Failed to load resource" not in wrong]

    def close_pages(self):
        for context in self.contexts:
            context.close()
        self.contexts.clear()


@contextmanager
def viewing(directory, browser, watch):
    """A viewer of a sidecar that has recorded nothing yet; `watch` makes what watches its pages."""
    with answering() as url, sidecar(directory, url) as recording:
        recording.ready()
        link = recording.cli("open", "--print").strip()
        yield Viewer(recording, browser, watch(recording.web), link)


def record(viewer):
    """`trip`, in which a call failed and a result was ignored, after ten small sessions; then they are judged."""
    for number in range(10):
        headers = {"X-PandaProbe-User": "bob" if number % 2 else "ann"}
        viewer.agent(f"small-{number}", **headers).ask(f"Question {number}?", f"Answer **{number}**.")
    trip = viewer.agent("trip", **{"X-PandaProbe-User": "ann", "X-PandaProbe-Tags": "prod"})
    trip.hear("user", "Is flight LH1234 to Paris on time? My key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD.")
    trip.use("get_flight", {"flight": "LH1234"}, '{"status": "cancelled", "reason": "strike", "code": 99812}', "call_1")
    trip.ask(answer="overloaded, try again", status=503)
    trip.ask(answer="Your flight is on time. Have a good trip!")
    trip.ask("Are you sure?", "Yes, **quite** sure.")
    viewer.recording.settled(CALLS)
    viewer.recording.cli("eval", "run")
