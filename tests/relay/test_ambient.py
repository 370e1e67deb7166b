from pandaprobe_proxy.model.exchange import Ended, Outcome
from pandaprobe_proxy.relay.ambient import TOLD_EVERY_NS, Ambient, Clocks, Timeouts
from pandaprobe_proxy.relay.dial import Dialer
from pandaprobe_proxy.relay.proxies import Proxies
from pandaprobe_proxy.relay.routes import Routes
from relaying import relaying
from structlog.testing import capture_logs
from upstreams import answering, response, scripted_upstream

EVENT = Ended("x", 1, Outcome.OK)


class Clock:
    now_ns = 5

    def __call__(self):
        return self.now_ns


def ambient(tap, clock):
    return Ambient(Routes(), tap, Timeouts(), Clocks(clock, clock, bytes), Dialer(1.0), Proxies())


def raising(event):
    raise OSError("the ring is gone")


def test_a_tap_is_told():
    told = []
    ambient(told.append, Clock()).tell(EVENT)
    assert told == [EVENT]


def test_a_tap_that_fails_is_counted_each_time_and_logged_once_a_minute():
    clock = Clock()
    around = ambient(raising, clock)
    with capture_logs() as logs:
        for _ in range(10):
            around.tell(EVENT)
        assert len(logs) == 1
        clock.now_ns += TOLD_EVERY_NS + 1
        around.tell(EVENT)
    assert [log["failures"] for log in logs] == [1, 11]
    assert around.tally.tap_errors == 11


async def test_a_tap_that_always_fails_changes_nothing_for_the_client():
    async with scripted_upstream(answering(response(b"ok"))) as up, relaying(up.url, tap=raising) as relay:
        with capture_logs():
            for _ in range(3):
                raw = await relay.ask(
                    b"POST /v1/x HTTP/1.1\r\nHost: me\r\nConnection: close\r\nContent-Length: 1\r\n\r\na"
                )
                assert raw.endswith(b"ok")
        stats = relay.relay.stats()
        assert (stats.relayed, stats.open, stats.tap_errors) == (3, 0, 15)
