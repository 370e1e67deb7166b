from pandaprobe_proxy.model.trace import Span, SpanKind, Trace


def test_what_was_not_said_is_none_and_what_was_said_to_be_null_is_named():
    span = Span("s1", kind=SpanKind.TOOL, nulls=frozenset({"error"}))
    assert span.error is None and "error" in span.nulls and "output" not in span.nulls


def test_a_trace_comes_from_a_client_of_the_wire_unless_it_says_otherwise():
    assert Trace("t1", spans=(Span("s1"),)).origin == "sdk"
