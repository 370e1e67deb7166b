from pandaprobe_proxy.model.session import Clue, Resolution, Source


def test_a_decision_keeps_its_clues():
    clue = Clue(Source.HEADER, "X-PandaProbe-Session", "run-1")
    assert clue.valid
    assert Resolution("run-1", Source.HEADER, 1.0, (clue,)).clues == (clue,)


def test_the_strongest_source_is_named_first():
    assert next(iter(Source)) is Source.HEADER
