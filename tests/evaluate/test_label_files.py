import pytest
from pandaprobe_proxy.evaluate.label_files import read_labels


def test_json_lines_say_which_sessions_were_good():
    text = """{"session_id": "a", "label": true}

{"session": "b", "success": 0}
{"session_id": 7, "label": "Pass", "more": 1}
{"session_id": "a", "label": "fail"}
"""
    assert read_labels(text) == {"a": False, "b": False, "7": True}


def test_so_does_csv():
    assert read_labels("session_id, label\na, good\nb, 0\nc, 1.0\n") == {"a": True, "b": False, "c": True}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no label in it"),
        ("session_id,label\n", "there is no label in it"),
        ("name,label\na,1\n", "line 2 lacks a session_id"),
        ("session_id,verdict\na,1\n", "line 2 lacks a label"),
        ("session_id,label\na,maybe\n", "line 2: 'maybe' says neither good nor bad"),
        ("{\n", "line 1 is no JSON"),
        ("[1]\n", "line 1 is no object; write one a line"),
        ('{"session_id": "a", "label": 0.5}', "line 1: 0.5 says neither"),
    ],
)
def test_what_is_no_label_says_in_which_line(text, why):
    with pytest.raises(ValueError, match=why):
        read_labels(text)
