"""What a request may say, and the sentence for what it may not."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from pandaprobe_proxy.model.lifecycle import State
from pandaprobe_proxy.web.queries import read_after, read_session_id, read_state


def query(text):
    return make_mocked_request("GET", f"/x?{text}")


def test_a_state_is_one_of_a_few():
    assert (read_state(query("state=idle")), read_state(query(""))) == (State.IDLE, None)
    with pytest.raises(web.HTTPUnprocessableEntity):
        read_state(query("state=odd"))


def test_a_number_is_not_negative_and_fits_the_store():
    assert (read_after(query("after=7")), read_after(query(""))) == (7, None)
    for odd in ("-1", "x", "", "9" * 30):
        with pytest.raises(web.HTTPUnprocessableEntity):
            read_after(query(f"after={odd}"))


def test_a_session_id_is_visible_text():
    good = make_mocked_request("POST", "/x", match_info={"session_id": "trip 42"})
    assert read_session_id(good) == "trip 42"
    for odd in (" a", "a\nb", "x" * 256, " "):
        with pytest.raises(web.HTTPUnprocessableEntity):
            read_session_id(make_mocked_request("POST", "/x", match_info={"session_id": odd}))
