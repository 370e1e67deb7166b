"""`redecode` without a sidecar, which then writes by itself."""

import held
import pytest
from held import asking
from pandaprobe_proxy.capture.keep import Policy
from pandaprobe_proxy.dialects import registry
from pandaprobe_proxy.store.sqlite import redecode
from records import make_keeper

NONE = {"stale": 0, "redecoded": 0, "unreadable": 0, "repriced": 0, "dry_run": False}


@pytest.fixture(autouse=True)
def _later(place, monkeypatch):
    """Two calls of which nothing could be read then; now it can."""
    place.put(asking("where", answer="here"), asking("who", id="r2", session="s-2"))
    place.put(asking("what", id="r3", session="s-3", keeper=make_keeper(Policy(capture="metadata"))))
    place.writer.close()
    for module in (registry, redecode):
        monkeypatch.setattr(module, "DIALECTS", (held.HELD, *registry.DIALECTS))


def test_it_says_in_one_line_what_it_did(terminal):
    result = terminal.run("redecode")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "read 2 calls anew; 1 stay, their bodies are not kept\n"
    assert "here" in terminal.out("sessions", "show", "s-1")
    assert terminal.run("redecode").stderr == "read 0 calls anew; 1 stay, their bodies are not kept\n"


def test_a_dry_run_changes_nothing(terminal):
    assert terminal.json("redecode", "--dry-run") == NONE | {"stale": 3, "unreadable": 1, "dry_run": True}
    assert terminal.run("redecode", "--dry-run").stderr.startswith("would read 2 calls anew")
    assert terminal.json("redecode")["redecoded"] == 2


def test_one_session_alone(terminal):
    assert terminal.json("redecode", "--session", "s-2")["redecoded"] == 1
    assert terminal.fails("redecode", "--session", "none")[0] == 3


def test_it_says_how_many_prices_changed(terminal):
    own = {"PANDAPROBE_PRICES": '{"m-1": {"input": 1, "output": 2}}'}
    said = "read 2 calls anew, 2 prices changed; 1 stay, their bodies are not kept\n"
    assert terminal.run("redecode", env=own).stderr == said
    assert terminal.run("redecode", "--reprice", env=own).stderr.startswith("read 2 calls anew; 1 stay")
    dearer = {"PANDAPROBE_PRICES": '{"m-1": {"input": 2, "output": 4}}'}
    result = terminal.run("redecode", "--reprice", "--session", "s-1", env=dearer)
    assert result.stderr == "read 1 calls anew, 1 price changed\n"
