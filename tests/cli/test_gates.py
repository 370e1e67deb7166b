from xml.etree import ElementTree

from pandaprobe_proxy.cli.gates import to_junit, to_markdown
from pandaprobe_proxy.evaluate.gate import check

CHECKS = [check("loops", [1.0, 0.5], 0.7, False, 1), check('odd"<name', [], 0.5, False, 1)]


def test_the_table_says_what_was_asked_and_found():
    assert "| loops | 2 | 0.750 | 0.500 | 0.7 | passed |" in to_markdown(CHECKS)
    assert (
        "| - | - | 0.5 | failed: 0 sessions have a value, 1 are needed; `eval ls` lists the scores that there are |"
        in to_markdown(CHECKS)
    )


def test_the_junit_report_has_a_case_for_each_threshold():
    suite = ElementTree.fromstring(to_junit(CHECKS))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [(case.get("name"), case.find("failure") is None) for case in suite] == [
        ("loops >= 0.7", True), ('odd"<name >= 0.5', False),
    ]  # fmt: skip
