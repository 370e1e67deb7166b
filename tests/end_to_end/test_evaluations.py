"""Recorded runs, replayed as real traffic through the relay, are judged as the file that they were loaded from."""

import importlib
import sys
from pathlib import Path

import pytest
from pandaprobe_proxy.evaluate.peers import Peers
from pandaprobe_proxy.evaluate.registry import Setting, judge_all
from pandaprobe_proxy.evaluate.traits import read_traits
from sidecar import sidecar

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT.parent / "shared" / "data" / "sessions"
FILES = sorted(RUNS.glob("tau*.jsonl.gz"))


def load(name):
    """A module of the benches."""
    sys.path.insert(0, str(ROOT / "bench"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "bench"))


@pytest.mark.skipif(not FILES, reason="the recorded runs are not here")
def test_a_replayed_run_is_judged_as_its_file(tmp_path):
    labelled, replays = load("labelled"), load("replays")
    runs = [item for path in FILES for item in replays.read_runs(path, 4)]
    answers = {place: answer for run, head in runs for place, _, answer in replays.calls_of(run, head)}
    with replays.scripted(answers) as url, sidecar(tmp_path / "data", url) as running:
        running.ready()
        for run, head in runs:
            replays.replay(running.port, run, head)
        running.settled(len(answers))
        done = running.json("eval", "run")
        assert (done["sessions"], done["evaluated"]) == (len(runs), len(runs))
        sessions = [labelled.build(run["messages"], run, head) for run, head in runs]
        traits = [read_traits(session) for session in sessions]
        for session, own in zip(sessions, traits, strict=True):
            shown = {one["name"]: one for one in running.json("eval", "show", session.session_id)["items"]}
            for judgement in judge_all(session, own, Setting(Peers(traits))):
                found = shown[judgement.name]
                if judgement.name not in replays.BY_TIME:
                    assert (judgement.name, found["label"]) == (judgement.name, judgement.label)
                    assert found["value"] == pytest.approx(judgement.value) or found["value"] == judgement.value
                    numbers = [quote["message"] for quote in found["evidence"]]
                    assert numbers == [quote.message for quote in judgement.evidence]
        assert running.json("eval", "run")["evaluated"] == 0
