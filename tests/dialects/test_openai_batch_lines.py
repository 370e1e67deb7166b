import json

import pytest
from pandaprobe_proxy.dialects.openai_batch_lines import count_lines, is_batch_output


def line(**fields):
    return json.dumps({"custom_id": "a"} | fields)


def test_answers_are_counted_by_status_and_the_rest_by_what_it_is():
    lines = [
        line(response={"status_code": 200}, error=None),
        line(response={"status_code": 200}).encode(),
        line(response={"status_code": 429}),
        line(response=None, error={"code": "batch_expired"}),
        line(method="POST", url="/v1/chat/completions", body={}),
        line(),
        "[]",
        "{broken",
        " ",
    ]
    assert count_lines(lines) == {
        "lines": 8,
        "statuses": {"200": 2, "429": 1, "error": 1, "other": 2, "request": 1, "unreadable": 1},
    }


@pytest.mark.parametrize(
    ("data", "is_one"),
    [(b'\n{"id": "x", "custom_id": "a"}\n{', True), (b'{"a": 1}\n{"custom_id": 1}', False), (b'"custom_id"', False)],
)
def test_the_first_line_tells_what_a_file_is(data, is_one):
    assert is_batch_output(data) is is_one
