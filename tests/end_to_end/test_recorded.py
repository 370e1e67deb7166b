"""Recorded agent runs and clients, where the folder beside the project has them: which sessions their calls are in."""

import pytest
import recorded
from pandaprobe_proxy.capture.keep import Sizes
from pandaprobe_proxy.model.session import Source
from records import START_NS, make_keeper, new_id

S = 1_000_000_000


def told(value):
    return value if isinstance(value, str) else ""


RUNS = {
    "session_01": ((0, 1, 2, 3, 4),),
    "session_03": ((0, 1, 2, 3, 4, 5),),
    "session_05": ((0, 1, 2), (3, 4, 5, 6), (7, 8), (9, 10)),
    "session_07": ((0, 1), (2, 3)),
    "session_09": ((0,), (1, 2)),
    "session_11": ((0, 1),),
    "session_13": ((0, 1, 2),),
    "session_15": ((0,), (1, 2)),
    "session_17": ((0, 1, 2), (3, 4, 5), (6,), (7,)),
    "session_19": ((0, 1),),
    "session_21": ((0, 1),),
    "session_23": ((0, 1, 2, 3, 4),),
    "session_25": ((0, 1, 2), (3, 4, 5), (6,), (7, 8, 9)),
    "session_27": ((0,), (1,)),
    "session_29": ((0,), (1,)),
    "session_31": ((0, 1),),
    "session_33": ((0, 1, 2, 3),),
    "session_35": ((0, 1),),
    "session_37": ((0, 1, 2),),
    "session_39": ((0, 1, 2, 3), (4, 5, 6)),
    "session_41": ((0, 1),),
    "session_43": ((0,), (1,), (2,), (3,)),
    "session_45": ((0, 1),),
    "session_47": ((0,), (1,), (2,)),
}
"""Which calls of a recording are one run. Recordings 5, 7, 17, 25, 39, 43 and 47 hold several.

Four runs are kept apart where one call's answer is not what the next one shows: in 9 and 15 the provider gave the tool
call inside of an error only, and in 27 and 29 the client went on with another provider and wrote the answer anew.
"""


@pytest.mark.parametrize(("name", "calls"), list(recorded.sessions()), ids=told)
def test_a_recorded_run_is_one_session(place, name, calls):
    keeper, found = make_keeper(), {}
    exchanges = [
        recorded.call_exchange(call, new_id(START_NS + at * S), START_NS + at * S) for at, call in enumerate(calls)
    ]
    for exchange in exchanges:
        sizes = Sizes(len(exchange.request_body), len(exchange.response_body))
        place.put(keeper.finish(keeper.begin(exchange.head), exchange, sizes))
    for at, exchange in enumerate(exchanges):
        found.setdefault(place.reader().call(exchange.id).row.session_id, []).append(at)
    assert tuple(map(tuple, found.values())) == RUNS[name[:10]]


@pytest.mark.parametrize(("name", "calls"), list(recorded.clients()), ids=told)
def test_an_agent_that_says_its_session_is_taken_at_its_word(place, name, calls):
    keeper, found = make_keeper(), []
    for at, call in enumerate(calls):
        lines = [line for line in call["headers"] if line[0].lower() != "x-pandaprobe-session"]
        exchange = recorded.call_exchange(call | {"headers": lines}, new_id(START_NS + at * S), START_NS + at * S)
        opened = keeper.begin(exchange.head).opened
        said = {value for header, value in lines if header.lower() in ("x-claude-code-session-id", "session-id")}
        found += [(opened.resolution.session_id, value) for value in said]
        assert said or opened.resolution.source is Source.DEFAULT_NEW
    assert all(session == value for session, value in found) and (found or "python_sdks" in name)
