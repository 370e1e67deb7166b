"""When open connections are looked at."""

from pandaprobe_proxy.capture.looks import LONG_NS, QUIET_NS, SHARE, Looks


def test_a_connection_is_looked_at_once_it_is_quiet():
    looks = Looks()
    assert looks.take(0) == ""
    looks.note("a", 0)
    looks.note("a", 100)
    assert looks.take(QUIET_NS + 99) == ""
    assert looks.take(QUIET_NS + 100) == "a"
    assert looks.take(10 * LONG_NS) == "", "it has said nothing since"


def test_one_that_is_never_quiet_is_looked_at_now_and_then():
    looks = Looks()
    for at_ns in range(0, LONG_NS, QUIET_NS // 2):
        looks.note("a", at_ns)
        assert looks.take(at_ns) == ""
    looks.note("a", LONG_NS)
    assert looks.take(LONG_NS) == "a"
    looks.note("a", LONG_NS + 1)
    assert looks.take(LONG_NS + 2) == ""


def test_the_longer_a_look_takes_the_longer_it_is_until_the_next():
    looks = Looks()
    looks.note("a", 0)
    assert looks.take(QUIET_NS) == "a"
    looks.note("a", QUIET_NS)
    looks.done("a", 2 * QUIET_NS)
    after_ns = 2 * QUIET_NS + SHARE * QUIET_NS
    assert (looks.take(after_ns - 1), looks.take(after_ns)) == ("", "a")
    looks.note("a", after_ns)
    looks.done("a", after_ns)
    assert looks.take(after_ns + QUIET_NS) == "a", "the next one took no time"


def test_others_are_looked_at_meanwhile_and_all_in_turn():
    looks = Looks()
    for name in "ab":
        looks.note(name, 0)
    assert looks.take(QUIET_NS) == "a"
    looks.note("a", QUIET_NS)
    assert [looks.take(2 * QUIET_NS) for _ in range(3)] == ["b", "a", ""]


def test_one_that_has_ended_is_not_looked_at():
    looks = Looks()
    looks.note("a", 0)
    looks.forget("a")
    looks.forget("never seen")
    looks.done("a", 5)
    assert looks.take(LONG_NS) == ""
