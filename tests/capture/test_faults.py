"""What is said of an error."""

import pytest
from pandaprobe_proxy.capture import ring as slots
from pandaprobe_proxy.capture.faults import state_of, tell_place
from pandaprobe_proxy.store.errors import StoreBusy, StoreError, StoreFull


def test_an_error_is_told_by_its_place_and_not_by_its_text():
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int("sk-secret")
    said = tell_place(caught.value)
    assert said.startswith("ValueError in test_an_error_is_told") and "secret" not in said
    assert tell_place(KeyError("x")) == "KeyError"


def test_the_ring_tells_why_the_store_refuses():
    states = [state_of(error) for error in (StoreFull("x"), StoreBusy("x"), StoreError("x"))]
    assert states == [slots.DISK_FULL, slots.STORE_BUSY, slots.STORE_ERROR]
