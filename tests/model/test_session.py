from pandaprobe_proxy.model.session import Clue, Resolution, Source


def test_a_decision_keeps_its_clues():
    clue = Clue(Source.HEADER, "X-PandaProbe-Session", "run-1")
    assert clue.valid
    assert Resolution("run-1", Source.HEADER, 1.0, (clue,)).clues == (clue,)


def test_the_strongest_source_is_named_first():
    assert next(iter(Source)) is Source.HEADER


def test_sources_are_ordered_by_what_they_promise():
    order = [
        Source.HEADER,
        Source.BAGGAGE,
        Source.AGENT,
        Source.BODY,
        Source.EVIDENCE,
        Source.TRANSCRIPT,
        Source.DEFAULT_ID,
    ]
    assert [source for source in Source if source in order] == order


def test_a_clue_that_was_stored_without_a_confidence_still_reads():
    assert Clue(source=Source.HEADER, name="n", value="v", valid=True).confidence == 1
