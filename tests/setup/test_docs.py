"""What the documentation says is so: commands, options, settings, examples."""

import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pandaprobe
import pytest
from pandaprobe_proxy.app.own_evaluators import find_evaluators
from pandaprobe_proxy.evaluate.dataset import read_session
from pandaprobe_proxy.evaluate.registry import Setting
from pandaprobe_proxy.evaluate.traits import read_traits
from sidecar import clean_environment

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "sdk_shim" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text()

spec = importlib.util.spec_from_file_location("write_docs", ROOT / ".ci" / "write_docs.py")
write_docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(write_docs)
EVERY = {words[1:]: command for words, command in write_docs.every_command()}
NOT_OURS = {"--no-deps", "--extra", "--seeds", "--cases", "--seconds", "--write"}


@pytest.mark.parametrize("name", write_docs.WRITTEN)
def test_what_follows_from_the_code_is_current(name):
    assert (ROOT / "docs" / name).read_text() == write_docs.WRITTEN[name](), "run python .ci/write_docs.py"


def shell_lines():
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", README, re.S):
        lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ") or "```sh" in block]
        yield from (line for line in lines if line.startswith("pandaprobe-proxy "))


@pytest.mark.parametrize("line", list(shell_lines()))
def test_a_command_in_the_readme_parses(line):
    words = tuple(shlex.split(line)[1:])
    found = max((known for known in EVERY if words[: len(known)] == known), key=len)
    arguments = list(words[len(found) :])
    with EVERY[found].make_context(" ".join(found), arguments, resilient_parsing=False) as context:
        assert context.info_name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_is_named_exists(page):
    known = {name for command in EVERY.values() for option in command.params for name in getattr(option, "opts", [])}
    known |= {"--help", "--version"} | NOT_OURS
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text())) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_every_name_of_the_shim_that_is_told_is_there():
    page = (ROOT / "sdk_shim" / "README.md").read_text()
    told = set(re.findall(r"^\| `@?(\w+)", page, re.M)) | {"set_user", "span", "shutdown"}
    missing = {name for name in told if not name.startswith("PANDAPROBE") and name not in ("pandaprobe", "t", "name")}
    assert {name for name in missing if not hasattr(pandaprobe, name)} == set()
    assert set(pandaprobe.__all__) - {"Client", "ScoreDataType", "SpanKind", "SpanStatusCode", "TraceStatus"} <= (
        set(re.findall(r"\w+", page)) | {"__version__", "get_client"}
    )


def plain(text):
    """Without what differs from run to run: ids, times, ports."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "TIME", text)
    return re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", re.sub(r"[\d.]+ m?s\b", "SPAN", text))


def test_the_demo_prints_what_the_readme_shows():
    (shown,) = re.findall(r"```console\n\$ pandaprobe-proxy demo\n(.*?)```", README, re.S)
    command = [sys.executable, "-m", "pandaprobe_proxy", "demo"]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=True)
    assert plain(done.stdout) == plain(shown)


def test_the_readme_opens_with_its_two_commands():
    run, test = re.findall(r"```sh\n(.*?)\n```", README, re.S)
    assert run.endswith("pandaprobe-proxy demo") and test.endswith("python -m pytest -n 2")
    for lock in re.findall(r"-r (\S+)", run + test):
        assert (ROOT / lock).exists()


def test_the_lock_files_hold_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"requirements.lock": project["dependencies"]}
    wanted["requirements-dev.lock"] = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    for lock, requirements in wanted.items():
        locked = set(re.findall(r"^([\w.-]+)==", (ROOT / lock).read_text(), re.M))
        assert {re.split(r"[<>=; ]", text)[0] for text in requirements} <= locked


def test_the_evaluator_of_the_documentation_judges(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "evaluation.md").read_text(), re.S)
    file = tmp_path / "polite_end.py"
    file.write_text(code)
    found = find_evaluators([file], [])
    assert found.problems == ()
    told = []
    for messages in ([], [{"role": "assistant", "content": "Done."}], [{"role": "assistant", "content": "Thank you!"}]):
        session = read_session({"session_id": "s", "messages": messages})
        told.append(found.evaluators[-1].judge(session, read_traits(session), Setting()))
    assert [(one.value, one.label) for one in told] == [(None, "no answer"), (0.0, "curt"), (1.0, "polite")]
    assert told[1].evidence[0].text == "Done."


def test_the_map_names_every_package():
    packages = {path.parent.name for path in (ROOT / "proxy" / "pandaprobe_proxy").glob("*/__init__.py")}
    assert {
        name for name in packages if f"…/{name}`" not in README and f"pandaprobe_proxy/{name}`" not in README
    } == set()


def test_the_changelog_names_every_command():
    told = (ROOT / "CHANGELOG.md").read_text()
    context = click.Context(write_docs.cli)
    assert [name for name in write_docs.cli.list_commands(context) if f"`{name}" not in told and name not in told] == []
