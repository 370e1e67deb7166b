"""When open connections are looked at."""

from pandaprobe_proxy.capture.looks import LONG_NS, PER_BYTE_NS, QUIET_NS, Looks


def test_a_connection_is_looked_at_once_it_is_quiet():
    looks = Looks()
    assert looks.take(0) == ""
    looks.note("a", 10, 0)
    looks.note("a", 20, 100)
    assert looks.take(QUIET_NS + 99) == ""
    assert looks.take(QUIET_NS + 100) == "a"
    assert looks.take(10 * LONG_NS) == ""


def test_one_that_is_never_quiet_is_looked_at_now_and_then():
    looks = Looks()
    for at_ns in range(0, LONG_NS, QUIET_NS // 2):
        looks.note("a", 10, at_ns)
        assert looks.take(at_ns) == ""
    looks.note("a", 10, LONG_NS)
    assert looks.take(LONG_NS) == "a"
    looks.note("a", 10, LONG_NS + 1)
    assert looks.take(LONG_NS + 2) == ""


def test_the_more_there_is_to_read_the_more_seldom_it_is_read():
    looks = Looks()
    looks.note("a", 2 * QUIET_NS // PER_BYTE_NS, 0)
    assert looks.take(2 * QUIET_NS - 1) == ""
    assert looks.take(2 * QUIET_NS) == "a"
    looks.note("a", 2 * QUIET_NS // PER_BYTE_NS, 2 * QUIET_NS)
    assert looks.take(4 * QUIET_NS - 1) == ""
    assert looks.take(4 * QUIET_NS) == "a"


def test_others_are_looked_at_meanwhile():
    looks = Looks()
    looks.note("a", LONG_NS, 0)
    looks.note("b", 1, 0)
    assert [looks.take(QUIET_NS), looks.take(QUIET_NS)] == ["b", ""]


def test_one_that_has_ended_is_not_looked_at():
    looks = Looks()
    looks.note("a", 1, 0)
    looks.forget("a")
    looks.forget("never seen")
    assert looks.take(LONG_NS) == ""
