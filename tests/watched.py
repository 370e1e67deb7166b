"""A page of the viewer that is watched: whatever it does that it must not fails the test."""

from contextlib import contextmanager
from dataclasses import dataclass, field

POLICY = "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective, e.sample))"


@dataclass
class Watched:
    """What a page did that it must not: an error, a breach of its policy, a dialog, a request to anywhere else."""

    origin: str
    wrongs: list = field(default_factory=list)

    def watch(self, page):
        page.on("pageerror", lambda error: self.wrongs.append(f"error: {error.stack or error}"))
        page.on("dialog", lambda dialog: (self.wrongs.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("console", lambda said: said.type == "error" and self.wrongs.append(f"console: {said.text}"))
        page.on("popup", lambda popup: self.wrongs.append(f"popup: {popup.url}"))
        page.on("request", lambda request: self._check(request.url))
        page.add_init_script(POLICY)

    def _check(self, url):
        if not url.startswith((f"{self.origin}/", "data:", "blob:")) or "/leak" in url.split("?")[0]:
            self.wrongs.append(f"request: {url}")

    def forgive_refusals(self):
        """That the sidecar refused what is not there or cannot be is no wrong of the page's."""
        self.wrongs = [one for one in self.wrongs if "responded with a status of 4" not in one]


@contextmanager
def watched_page(browser, place, script="", **more):
    """A page that shows a sidecar's viewer with its token, or a file, for the block; then it must be blameless."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **more})
    page = context.new_page()
    page.set_default_timeout(15_000)
    from_disk = isinstance(place, str)
    page.watched = Watched(place.rpartition("/")[0] if from_disk else place.web)
    page.watched.watch(page)
    page.add_init_script(script)
    if not from_disk:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=place.web)
    page.goto(place if from_disk else place.cli("open", "--print").strip())
    page.wait_for_selector("main > *")
    yield page
    context.close()
    assert page.watched.wrongs == [], page.watched.wrongs
