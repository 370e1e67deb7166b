from pandaprobe_proxy.wire.stream import StreamEvent


def test_an_event_is_told_by_its_fields():
    assert StreamEvent("message", "data", "7", 9) == ("message", "data", "7", 9, 1, None)
