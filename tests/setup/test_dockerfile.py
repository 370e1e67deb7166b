"""The image cannot be built here, so its file is read, and its build steps' equivalents are run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def read_instructions(text):
    """(name, rest) of each instruction, continued lines joined, comments left out."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", text))
    lines = [line.strip() for line in joined.splitlines() if line.strip()]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


@pytest.fixture(scope="module")
def instructions():
    return read_instructions((ROOT / "Dockerfile").read_text())


def stages(instructions):
    found = []
    for name, rest in instructions:
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest))
    return found


def stage(instructions, named):
    """The instructions of a stage of that name, and of those that it is made from, as one."""
    every = {rest.split(" AS ")[1]: found for found in stages(instructions) for _, rest in found[:1] if " AS " in rest}
    found = every[named] if named else stages(instructions)[-1]
    origin = found[0][1].split()[0]
    return [*(stage(instructions, origin) if origin in every else ()), *found]


IMAGES = ["", "intercept"]
"""The last stage is what is built if no other is asked for."""


def test_every_stage_starts_from_the_same_slim_python(instructions):
    assert {rest.split()[0] for name, rest in instructions if name == "FROM"} == {"python:3.13-slim", "build", "base"}


@pytest.mark.parametrize("named", IMAGES)
def test_an_image_runs_unprivileged_with_a_volume_and_an_exec_form_entrypoint(instructions, named):
    last = dict(stage(instructions, named))
    assert last["USER"] == "65532:65532"
    assert last["VOLUME"] == "/data"
    assert last["STOPSIGNAL"] == "SIGTERM"
    assert last["ENTRYPOINT"] == '["pandaprobe-proxy"]'
    assert last["CMD"] == '["serve"]'
    assert "PANDAPROBE_DATA_DIR=/data" in last["ENV"]


def test_only_the_image_of_interception_has_what_it_needs(instructions):
    plain, intercepting = (" ".join(rest for _, rest in stage(instructions, named)) for named in IMAGES)
    for word in ("iptables", "--from=build-intercept"):
        assert word in intercepting and word not in plain
    assert any("requirements-intercept.lock" in rest for _, rest in stage(instructions, "build-intercept"))


def test_no_image_makes_or_holds_a_certificate_authority(instructions):
    assert not any(
        word in rest for _, rest in instructions for word in ("pandaprobe-ca", "ca path", "ca trust", ".key")
    )


def test_everything_that_is_copied_exists_and_is_let_through_to_the_builder(instructions):
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    for name, rest in instructions:
        if name == "COPY" and not rest.startswith("--from"):
            for source in shlex.split(rest)[:-1]:
                assert (ROOT / source).exists()
                assert source.removeprefix("./").split("/")[0] in let_through


def test_the_image_holds_no_tests_and_no_tools_of_development(instructions):
    assert "dev" not in " ".join(rest for name, rest in instructions if name == "RUN")


@pytest.mark.slow
@pytest.mark.parametrize("named", ["build", "build-intercept"])
def test_the_build_steps_give_an_environment_whose_entrypoint_serves(instructions, tmp_path, named):
    """Each RUN of the build stage, with the image's paths moved below a temporary directory."""
    target, build = tmp_path / "opt", tmp_path / "build"
    build.mkdir()
    for name, rest in stage(instructions, named):
        if name == "COPY":
            *sources, _ = shlex.split(rest)
            subprocess.run(["cp", "-r", *(str(ROOT / source) for source in sources), str(build)], check=True)
        elif name == "RUN":
            command = rest.replace("/opt/pandaprobe", str(target)).replace(
                "python -m venv", f"{sys.executable} -m venv"
            )
            subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=build, check=True, capture_output=True)
    environment = {"PATH": f"{target}/bin:{os.environ['PATH']}", "PANDAPROBE_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        ["pandaprobe-proxy", "demo"], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "adds up" in done.stdout + done.stderr
    shown = subprocess.run(
        ["pandaprobe-proxy", "ca", "path"], env=environment, capture_output=True, text=True, check=False
    )
    assert (shown.returncode == 0) is (named == "build-intercept"), shown.stderr
