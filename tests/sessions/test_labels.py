import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandaprobe_proxy.sessions.labels import Labels, read_labels, read_uuid

TRACE = "0190b7a0-0000-7000-8000-000000000001"
SPAN = "0190b7a0-0000-7000-8000-000000000002"


def read(**headers: str | bytes) -> Labels:
    return read_labels(
        tuple(
            (f"X-PandaProbe-{name}".encode(), value if isinstance(value, bytes) else value.encode())
            for name, value in headers.items()
        )
    )


def test_a_call_that_says_nothing_has_no_labels():
    assert read_labels(((b"host", b"h"),)) == Labels()


def test_everything_that_can_be_said():
    labels = read(user=" ada ", tags="a, b", metadata='{"k": [1]}', trace=f"{TRACE}/{SPAN}", capture="Metadata ")
    assert labels == Labels("ada", ("a", "b"), {"k": [1]}, TRACE, SPAN, "metadata")


@pytest.mark.parametrize("user", ["", "  ", "x" * 256, b"\xff", b"a\x00"])
def test_a_bad_user_is_ignored_with_a_warning(user):
    labels = read(user=user)
    assert labels.user_id is None and "X-PandaProbe-User was ignored" in labels.warnings[0]


def test_tags_are_trimmed_unique_in_order_and_may_come_in_several_headers():
    headers = ((b"x-pandaprobe-tags", b" b , a,,b"), (b"X-PandaProbe-Tags", "ü b, a".encode()))
    assert read_labels(headers) == Labels(tags=("b", "a", "ü b"))


def test_a_bad_tag_takes_no_other_along():
    labels = read(tags=b"good,\xff," + b"x" * 101 + b"," + b"y" * 100)
    assert labels.tags == ("good", "y" * 100)
    assert len(labels.warnings) == 1 and "1 to 100 characters" in labels.warnings[0]


def test_tags_beyond_fifty_are_ignored_with_a_warning():
    labels = read(tags=",".join(f"t{number}" for number in range(53)))
    assert labels.tags == tuple(f"t{number}" for number in range(50))
    assert labels.warnings == ("3 tags were ignored: a call has at most 50",)


@pytest.mark.parametrize(
    "metadata", ["", "[]", "1", "{", '"x"', json.dumps({"k": "x" * 16384}), '{"a":' * 300 + "1" + "}" * 300]
)
def test_bad_metadata_is_ignored_with_a_warning(metadata):
    labels = read(metadata=metadata)
    assert labels.metadata is None and "X-PandaProbe-Metadata was ignored" in labels.warnings[0]


def test_metadata_can_be_stored_whatever_was_escaped_in_it():
    assert read(metadata=r'{"k": "\ud83d\ude00 \ud83d"}').metadata == {"k": "😀 \ufffd"}


@pytest.mark.parametrize("text", [TRACE, TRACE.upper(), TRACE.replace("-", "")])
def test_a_trace_id_is_made_canonical(text):
    assert read(trace=text) == Labels(trace_id=TRACE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        f"{TRACE}/",
        f"{TRACE}/x",
        f"/{SPAN}",
        f"{{{TRACE}}}",
        f"urn:uuid:{TRACE}",
        "0" * 32,
        TRACE[:-1],
        b"\xff",
    ],
)
def test_a_bad_trace_is_ignored_whole_with_a_warning(text):
    labels = read(trace=text)
    assert (labels.trace_id, labels.parent_span_id) == (None, None)
    assert "X-PandaProbe-Trace was ignored" in labels.warnings[0]


def test_a_uuid_may_have_spaces_around_it():
    assert read_uuid(f" {TRACE}\t") == TRACE


@pytest.mark.parametrize("capture", ["full", "OFF", " metadata"])
def test_capture_is_one_of_three_words(capture):
    assert read(capture=capture).capture == capture.strip().lower()


@pytest.mark.parametrize("capture", ["", "none", b"\xff"])
def test_another_word_for_capture_is_ignored_with_a_warning(capture):
    labels = read(capture=capture)
    assert labels.capture is None and "must be full, metadata or off" in labels.warnings[0]


GOOD_PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_traceparent_is_kept_and_names_no_trace():
    assert read_labels(((b"TraceParent", GOOD_PARENT.encode()),)) == Labels(traceparent=GOOD_PARENT)


@pytest.mark.parametrize(
    "text",
    [
        GOOD_PARENT.upper(),
        GOOD_PARENT.replace("00-", "ff-", 1),
        GOOD_PARENT + "-x",
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "",
    ],
)
def test_a_bad_traceparent_is_left_out_without_a_word(text):
    assert read_labels(((b"traceparent", text.encode()),)) == Labels()


@given(st.dictionaries(st.sampled_from(["user", "tags", "metadata", "trace", "capture"]), st.binary(max_size=80)))
def test_any_bytes_give_labels_and_no_warning_quotes_them(headers):
    labels = read(**headers)
    assert all(len(warning) < 120 for warning in labels.warnings)
    assert all(isinstance(text.encode(), bytes) for text in (labels.user_id or "", *labels.tags))


def peers(*headers: tuple[bytes, bytes]) -> Labels:
    return read_labels(headers)


@pytest.mark.parametrize(
    "name", [b"X-PandaProbe-Parent-Session", b"X-Parent-Session-Id", b"x-agentweave-parent-session-id"]
)
def test_a_session_may_have_been_begun_in_another(name):
    assert peers((name, b" outer ")) == Labels(parent_session="outer")


def test_our_own_name_of_the_parent_is_the_strongest_and_a_bad_value_is_passed_over():
    assert peers((b"X-Parent-Session-Id", b"a"), (b"X-PandaProbe-Parent-Session", b"b")).parent_session == "b"
    assert peers((b"X-Parent-Session-Id", b"a"), (b"X-PandaProbe-Parent-Session", b"\xff")).parent_session == "a"


def test_a_path_within_the_session_is_visible_text():
    assert peers((b"Helicone-Session-Path", b"/plan/search")) == Labels(session_path="/plan/search")
    assert peers((b"Helicone-Session-Path", b"/" + b"x" * 255)) == Labels()


def test_agents_of_one_session_have_names():
    headers = ((b"X-Claude-Code-Agent-Id", b"a-2"), (b"x-claude-code-parent-agent-id", b"a-1"))
    assert peers(*headers) == Labels(agent="a-2", parent_agent="a-1")


def test_helicones_user_is_the_user_where_ours_does_not_say():
    assert peers((b"Helicone-User-Id", b"h")).user_id == "h"
    assert peers((b"Helicone-User-Id", b"h"), (b"X-PandaProbe-User", b"o")).user_id == "o"


def test_helicones_properties_are_metadata_where_ours_does_not_say():
    headers = (
        (b"Helicone-Property-Env", b"prod"),
        (b"helicone-property-k", b"h"),
        (b"X-PandaProbe-Metadata", b'{"k": 1}'),
    )
    assert peers(*headers).metadata == {"Env": "prod", "k": 1}
    assert peers(headers[0]).metadata == {"Env": "prod"}


def test_properties_that_cannot_be_are_left_out_and_they_are_bounded():
    bad = ((b"Helicone-Property-", b"x"), (b"Helicone-Property-A", b"\xff"), (b"Helicone-Property-B", b"x" * 256))
    assert peers(*bad) == Labels()
    many = peers(*((b"Helicone-Property-%d" % number, b"v") for number in range(60))).metadata
    assert many is not None and len(many) == 50
