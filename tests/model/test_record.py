from pandaprobe_proxy.model.record import Body


def test_a_body_is_kept_exact_and_whole_unless_it_says_otherwise():
    body = Body(pieces=(b"a", b"b"), size=2)
    assert b"".join(body.pieces) == b"ab"
    assert (body.redactions, body.complete, body.withheld, body.coding) == (0, True, "", "")
