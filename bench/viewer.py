"""What the viewer costs a browser, against its budgets.

    python bench/viewer.py
    python bench/viewer.py --calls 10000 --rounds 5

Records a session of many calls, and a call with a body of 1 MB, through a real sidecar, then opens both in Debian's
Chromium, several times, each in a browser of its own. Prints medians beside the budgets; exits 1 if one is missed.
- first paint of the list: under 300 ms
- a session of 10,000 calls: opened (first message shown) in under 1 s; scrolled without a task of more than 50 ms
- a call with a body of 1 MB: opened in under 500 ms
- JavaScript that a page loads: at most 100 kB, compressed
"""

import argparse
import http.client
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
LONG = """
async (selector) => {
  const place = document.querySelector(selector), long = [];
  new PerformanceObserver((list) => long.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask" });
  for (let step = 0; step < 150; step += 1) {
    place.scrollTop += 700;
    await new Promise(requestAnimationFrame);
  }
  await new Promise((done) => setTimeout(done, 300));
  return Math.max(0, ...long);
}
"""
SHOWN = """
new MutationObserver((_, watch) => {
  if (!document.querySelector(SELECTOR)) return;
  watch.disconnect();
  requestAnimationFrame(() => (window.shownMs = performance.now()));
}).observe(document, { childList: true, subtree: true });
"""
"""When there is first something to paint: to ask the page again and again would be work for it, too."""
SIZES = """
() => performance.getEntriesByType("resource").filter((one) => one.name.endsWith(".js"))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright
    from viewing import viewing
    from watched import Watched

    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with viewing(Path(place) / "data", browser, Watched) as viewer:
            fill(viewer.recording, given.calls)
            large = viewer.recording.json("calls", "ls", "--session", "large")["items"][0]["call_id"]
            rounds = [measure(viewer, large) for _ in range(given.rounds)]
        browser.close()
    held = {name: tell(name, [one[name] for one in rounds], most) for name, most in BUDGETS.items()}
    sys.exit(int(not all(held.values())))


BUDGETS = {
    "first paint of the list, ms": 300,
    "session opened, ms": 1000,
    "longest task while scrolling, ms": 50,
    "call of 1 MB opened, ms": 500,
    "scripts of the session's page, kB": 100,
    "scripts of the call's page, kB": 100,
    "scripts of the overview, kB": 100,
}


def fill(recording, calls):
    """One session of many calls, as agents make them, and a call of a megabyte."""
    client = http.client.HTTPConnection("127.0.0.1", recording.port, timeout=60)
    for number in range(calls):
        ask(client, "long", [{"role": "user", "content": f"Question {number}, of some length, as people ask it?"}])
    ask(client, "large", [{"role": "user", "content": "A line of a large text.\n" * 43_700}])
    recording.settled(calls + 1, 300)


def ask(client, session, messages):
    answer = json.dumps({"status": 200, "message": {"content": "An answer of a sentence, as models give them."}})
    headers = {"Content-Type": "application/json", "X-PandaProbe-Session": session, "X-Answer": answer}
    client.request("POST", "/v1/chat/completions", json.dumps({"model": "m", "messages": messages}), headers)
    client.getresponse().read()


def measure(viewer, large):
    """One look at each page, none of it in any cache."""
    found = {}
    page = opened(viewer, "/ui/sessions", ".row:not(.head)")
    paint = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
    found["first paint of the list, ms"] = page.evaluate(paint)
    page = opened(viewer, "/ui/sessions/long", ".turn .message")
    found["session opened, ms"] = page.evaluate("() => window.shownMs")
    found["longest task while scrolling, ms"] = page.evaluate(LONG, ".talk")
    found["scripts of the session's page, kB"] = page.evaluate(SIZES) / 1000
    page = opened(viewer, f"/ui/calls/{large}", ".message")
    found["call of 1 MB opened, ms"] = page.evaluate("() => window.shownMs")
    found["scripts of the call's page, kB"] = page.evaluate(SIZES) / 1000
    page = opened(viewer, "/ui/overview", ".chart canvas")
    found["scripts of the overview, kB"] = page.evaluate(SIZES) / 1000
    return found


def opened(viewer, path, ready):
    viewer.close_pages()
    page = viewer.page(path, SHOWN.replace("SELECTOR", json.dumps(ready)))
    page.wait_for_function("() => window.shownMs")
    return page


def tell(name, values, most):
    median = statistics.median(values)
    held = median < most
    print(
        f"{name:36} {median:8.1f}  (most {max(values):.1f}, budget {most}) {'held' if held else 'MISSED'}", flush=True
    )
    return held


if __name__ == "__main__":
    main()
