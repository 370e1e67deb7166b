"""`search`: messages by their words."""

from records import make_record


def test_hits_name_their_call_and_session(terminal, place):
    (record,) = place.put(make_record([{"role": "user", "content": "a needle in the hay"}]))
    shown = terminal.out("search", "needle")
    assert record.opened.id in shown and "s-1" in shown and "user: a [needle] in the hay" in shown
    (item,) = terminal.json("search", "needle hay")["items"]
    assert item["snippet"] == "a [needle] in the [hay]"


def test_no_hit_is_no_error(terminal):
    assert terminal.out("search", "nothing") == ""
    assert terminal.json("search", '" OR *')["items"] == []
