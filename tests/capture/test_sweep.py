"""When the recorder sweeps, by a clock that the test sets."""

import pytest
from pandaprobe_proxy.capture.sweep import EVERY_NS, PATIENCE_NS, Sweep
from pandaprobe_proxy.store.errors import StoreError
from structlog.testing import capture_logs


class Writer:
    def __init__(self):
        self.gaps, self.steps, self.refuse = [], 1, False

    def sweep(self, gap_ns):
        if self.refuse:
            raise StoreError("another program holds it.")
        self.gaps.append(gap_ns)
        self.steps -= 1
        return self.steps > 0


@pytest.fixture
def rig():
    class Rig:
        now_ns = 5
        writer = Writer()

    made = Rig()
    made.sweep = Sweep(1.5, lambda: made.now_ns)
    return made


def test_it_sweeps_at_once_and_then_now_and_then(rig):
    assert rig.sweep.step(rig.writer, behind=False) is False
    assert rig.writer.gaps == [1_500_000_000]
    rig.now_ns += EVERY_NS - 1
    rig.sweep.step(rig.writer, behind=False)
    assert len(rig.writer.gaps) == 1
    rig.now_ns += 1
    rig.sweep.step(rig.writer, behind=False)
    assert len(rig.writer.gaps) == 2


def test_it_goes_on_at_once_while_there_is_more(rig):
    rig.writer.steps = 2
    assert rig.sweep.step(rig.writer, behind=False) is True
    assert rig.sweep.step(rig.writer, behind=False) is False


def test_a_recorder_that_is_behind_is_waited_for_but_not_for_ever(rig):
    rig.sweep.step(rig.writer, behind=True)
    rig.now_ns += PATIENCE_NS - 1
    rig.sweep.step(rig.writer, behind=True)
    assert rig.writer.gaps == []
    rig.now_ns += 1
    rig.sweep.step(rig.writer, behind=True)
    assert len(rig.writer.gaps) == 1


def test_what_somebody_asked_for_is_told_soon_but_not_before_it_is_recorded(rig):
    rig.sweep.step(rig.writer, behind=False)
    rig.sweep.hurry()
    rig.sweep.step(rig.writer, behind=True)
    assert len(rig.writer.gaps) == 1
    rig.sweep.step(rig.writer, behind=False)
    assert len(rig.writer.gaps) == 2


def test_a_store_that_refuses_is_told_once_and_asked_again(rig):
    rig.writer.refuse = True
    with capture_logs() as logs:
        for _ in range(3):
            rig.sweep.step(rig.writer, behind=False)
            rig.now_ns += EVERY_NS
    assert [line["why"] for line in logs] == ["another program holds it."]
    rig.writer.refuse = False
    rig.sweep.step(rig.writer, behind=False)
    assert len(rig.writer.gaps) == 1
