"""Takes a picture of each of the viewer's screens, light and dark, into docs/screenshots.

    python .ci/screenshots.py

Records a few scripted sessions through a real sidecar, and looks at them in Debian's Chromium.
"""

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
OUT = ROOT / "docs" / "screenshots"
SCREENS = {
    "sessions": ("/ui/sessions", ".row:not(.head)"),
    "session": ("/ui/sessions/trip", ".turn .message"),
    "tree": ("/ui/sessions/trip?tab=tree", ".node"),
    "evaluations-of-session": ("/ui/sessions/trip?tab=evaluations", ".judgement"),
    "call": ("/ui/calls/{call}", ".message"),
    "changes": ("/ui/calls/{call}?tab=diff", ".change"),
    "timing": ("/ui/calls/{call}?tab=timing", ".marks"),
    "overview": ("/ui/overview?since=24h", ".chart canvas"),
    "evaluations": ("/ui/evaluations", ".judging"),
    "status": ("/ui/status", ".adds"),
}


def main():
    from playwright.sync_api import sync_playwright
    from viewing import record, viewing
    from watched import Watched

    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        with viewing(Path(place) / "data", browser, Watched) as viewer:
            record(viewer)
            calls = viewer.recording.json("calls", "ls", "--session", "trip")["items"]
            for theme in ("light", "dark"):
                for name, (path, ready) in SCREENS.items():
                    page = viewer.page(path.format(call=calls[-1]["call_id"]), color_scheme=theme)
                    page.wait_for_selector(ready)
                    page.wait_for_timeout(500)
                    page.screenshot(path=OUT / f"{name}-{theme}.png")
                    print(OUT / f"{name}-{theme}.png", flush=True)
                    viewer.close_pages()
            wrongs = viewer.faults()
        browser.close()
    sys.exit(f"pages did what they must not: {wrongs}" if wrongs else 0)


if __name__ == "__main__":
    main()
