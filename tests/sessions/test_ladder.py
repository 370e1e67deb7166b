import pytest
from pandaprobe_proxy.model.session import Source
from pandaprobe_proxy.sessions.ladder import (
    IN_BODIES,
    IN_HEADERS,
    NEVER,
    OURS,
    RUNGS,
    SHARED,
    VENDOR,
    Form,
    Where,
    is_vendor_name,
)


def test_our_own_header_is_the_first_rung():
    assert [rung.name for rung in RUNGS[:2]] == ["X-PandaProbe-Session", "X-PandaProbe-Session-Id"]
    assert {rung.source for rung in OURS} == {Source.HEADER}


def test_sources_come_in_their_order():
    order = list(Source)
    places = [order.index(rung.source) for rung in RUNGS]
    assert places == sorted(places)
    assert {rung.source for rung in (*IN_HEADERS, *IN_BODIES)} == {Source.BAGGAGE, Source.AGENT, Source.BODY}


@pytest.mark.parametrize("source", list(dict.fromkeys(rung.source for rung in RUNGS)))
def test_what_comes_later_is_no_surer(source):
    sureness = [rung.confidence for rung in RUNGS if rung.source is source]
    assert sureness == sorted(sureness, reverse=True)


def test_only_a_hint_has_no_confidence():
    assert {rung.name for rung in RUNGS if rung.form is Form.HINT} == {"prompt_cache_key", "X-Interaction-Id"}
    assert all((rung.confidence > 0) is (rung.form is not Form.HINT) for rung in RUNGS)


def test_no_rung_is_there_twice():
    places = [(rung.where, rung.name.lower(), rung.field) for rung in RUNGS]
    assert len(places) == len(set(places))


def test_no_rung_has_a_name_that_is_never_a_session():
    assert NEVER.isdisjoint(rung.name.lower() for rung in RUNGS)
    assert {name.lower() for name in NEVER} == NEVER and {value.lower() for value in SHARED} == SHARED


@pytest.mark.parametrize("name", sorted(NEVER))
def test_such_a_name_is_no_vendors_either(name):
    assert not is_vendor_name(name)


@pytest.mark.parametrize(
    "name", ["x-acme-session-id", "x-my-own-agent-session-id", "x-amzn-bedrock-agentcore-runtime-session-id"]
)
def test_a_vendors_session_is_known_by_its_form(name):
    assert is_vendor_name(name)


@pytest.mark.parametrize(
    "name",
    ["x-session-id", "x--session-id", "acme-session-id", "x-acme-session-id-2", "x-acme-session", "x-acme_session-id"],
)
def test_another_form_is_none(name):
    assert not is_vendor_name(name)


@pytest.mark.parametrize("vendor", ["parent", "acme-parent", "auth", "login", "user", "sso", "browser", "request"])
def test_the_session_of_a_login_or_of_a_parent_is_another_one(vendor):
    assert not is_vendor_name(f"x-{vendor}-session-id")


def test_what_has_a_rung_of_its_own_needs_no_pattern():
    listed = {rung.name.lower() for rung in RUNGS if rung.where is Where.HEADER and rung.name != VENDOR}
    assert not any(is_vendor_name(name) for name in listed)
