import re
from importlib.metadata import EntryPoint

import pytest
from pandaprobe_proxy.app.own_evaluators import find_evaluators
from pandaprobe_proxy.evaluate.registry import EVALUATORS

GOOD = "NAME, VERSION = 'brief', 1\ndef evaluate(session):\n    return True\n"


def write(tmp_path, text, name="brief.py"):
    file = tmp_path / name
    file.write_text(text)
    return file


def test_a_file_is_an_evaluator_beside_ours(tmp_path):
    found = find_evaluators([write(tmp_path, GOOD)], [])
    assert found.evaluators[:-1] == EVALUATORS
    assert (found.evaluators[-1].name, found.evaluators[-1].origin) == ("brief", str(tmp_path / "brief.py"))
    assert found.problems == ()


def test_its_setting_changes_with_its_code(tmp_path):
    one = find_evaluators([write(tmp_path, GOOD)], []).evaluators[-1]
    other = find_evaluators([write(tmp_path, GOOD + "# more\n")], []).evaluators[-1]
    assert one.setting != other.setting


def test_an_installed_package_may_have_some(tmp_path, monkeypatch):
    write(tmp_path, GOOD, "brief_package.py")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("brief", "brief_package", "pandaprobe.evaluators"), EntryPoint("gone", "no_such", "x")]
    found = find_evaluators([], points)
    assert (found.evaluators[-1].name, found.evaluators[-1].origin) == ("brief", "brief")
    assert found.problems == ("gone is no evaluator: No module named 'no_such'.",)


def test_those_of_this_environment_are_looked_for():
    assert find_evaluators([]).evaluators[: len(EVALUATORS)] == EVALUATORS


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("VERSION = 1\n", "it needs a NAME"),
        ("1 / 0\n", "running it raises ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", "running it raises SystemExit: 3"),
        ("def (:\n", "running it raises SyntaxError"),
        (GOOD.replace("brief", "loops"), "the name loops is that of another evaluator .built in."),
    ],
)
def test_one_that_cannot_be_used_is_told_of_and_the_others_are_there(tmp_path, text, why):
    other = write(tmp_path, GOOD, "good.py")
    found = find_evaluators([write(tmp_path, text, "bad.py"), other], [])
    assert found.evaluators[-1].name == "brief"
    (problem,) = found.problems
    assert problem.startswith(f"{tmp_path / 'bad.py'} is no evaluator: ") and problem.endswith(".")
    assert re.search(why, problem)


def test_a_file_that_is_not_there_is_told_of(tmp_path):
    assert (
        "gone.py is no evaluator: it cannot be read (No such file"
        in find_evaluators([tmp_path / "gone.py"], []).problems[0]
    )
    odd = write(tmp_path, GOOD, "odd.txt")
    assert "its name ends with .py" in find_evaluators([odd], []).problems[0]
