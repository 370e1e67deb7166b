"""The loss numbers, added up from what the relay and the store say."""

import pytest
from pandaprobe_proxy.app.status import as_json, read_status
from pandaprobe_proxy.settings import Settings
from places import RUN
from records import make_record


def answer(**more):
    relay = {"address": "127.0.0.1:1", "relayed": 10, "open": 2, "ended": 8, "dropped": {"ring_full": 1}, "refused": {}}
    recorder = {"pid": 5, "state": "ok", "restarts": 0, "hangs": 0, "heartbeat_age_s": 0.1, "recorded": 6, "dropped": 0}
    return {
        "pid": 4,
        "run": RUN,
        "relay": {**relay, **more.get("relay", {})},
        "recorder": {**recorder, **more.get("recorder", {})},
        "ring": {"capacity": 100, "used": 50},
        "web": {"address": "127.0.0.1:2"},
        "upstreams": {},
    }


def status_of(place, told):
    """The status of the place's store, with a sidecar that answers `told`."""
    return read_status(Settings(data_dir=place.path.parent), lambda settings: told)


def test_calls_that_are_not_committed_yet_are_in_flight(place):
    status = status_of(place, answer(relay={"relayed": 11}))
    assert (status.relayed, status.recorded, status.in_flight, status.dropped) == (11, 6, 4, {"ring_full": 1})
    assert status.adds_up


def test_what_the_recorder_dropped_has_its_reasons_from_the_store(place):
    place.put(dropped={"capture_off": 2})
    told = answer(relay={"relayed": 11, "dropped": {"ring_full": 1}}, recorder={"dropped": 2})
    assert status_of(place, told).dropped == {"capture_off": 2, "ring_full": 1}


def test_a_store_that_is_behind_gives_no_reasons_but_the_number_is_right(place):
    told = answer(relay={"relayed": 11}, recorder={"dropped": 2})
    status = status_of(place, told)
    assert status.dropped == {"by_recorder": 2, "ring_full": 1}
    assert status.adds_up


def test_numbers_that_do_not_add_up_say_so(place):
    assert not status_of(place, answer(relay={"relayed": 50})).adds_up
    assert not status_of(place, answer(recorder={"recorded": 9})).adds_up


def test_a_store_that_cannot_be_read_does_not_hide_the_numbers(tmp_path):
    told = answer(relay={"relayed": 11})
    status = read_status(Settings(data_dir=tmp_path / "none"), lambda settings: told)
    assert (status.relayed, status.adds_up, "no store" in status.store_error) == (11, True, True)


def test_without_a_sidecar_it_is_what_the_store_knows(place):
    place.put(make_record(), counters={"relayed": 1, "dropped": {}})
    status = status_of(place, None)
    assert (status.running, status.relayed, status.recorded, status.adds_up) == (False, 1, 1, True)
    assert (status.calls, status.sessions, status.recorder_state) == (1, 1, "stopped")


@pytest.mark.parametrize(
    ("recorder", "why"),
    [
        ({}, ()),
        ({"state": "disk_full"}, ("disk_full",)),
        ({"pid": None, "state": "stopped"}, ("recorder_down",)),
        ({"heartbeat_age_s": 4.0}, ("recorder_stalled",)),
        ({"heartbeat_age_s": None}, ()),
        ({"recorded": 9}, ("does_not_add_up",)),
    ],
)
def test_what_keeps_calls_from_being_recorded_is_named(place, recorder, why):
    assert status_of(place, answer(relay={"relayed": 11}, recorder=recorder)).degraded == why


def test_a_store_that_cannot_be_read_is_named(tmp_path):
    status = read_status(Settings(data_dir=tmp_path / "none"), lambda settings: answer(relay={"relayed": 11}))
    assert status.degraded == ("store_unreadable",)


def test_programs_get_the_whole_of_it_while_a_sidecar_runs(place):
    assert as_json(status_of(place, answer(relay={"relayed": 11})))["in_flight"] == 4
    assert as_json(status_of(place, None)) is None
