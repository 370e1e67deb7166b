"""Builds both wheels, installs each in a clean environment from its lock file, and runs the main job from them."""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, **more: object) -> str:
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True, cwd="/", **more)  # type: ignore[call-overload]
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return str(done.stdout)


def clean_environment(directory: Path) -> Path:
    venv.create(directory, with_pip=True)
    return directory / "bin"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for project in (ROOT, ROOT / "sdk_shim"):
            run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", place / "wheels", project)
        wheels = sorted((place / "wheels").glob("*.whl"))
        print("built", *(wheel.name for wheel in wheels))
        proxy_wheel = next(wheel for wheel in wheels if wheel.name.startswith("pandaprobe_proxy"))
        shim_wheel = next(wheel for wheel in wheels if wheel.name.startswith("pandaprobe_shim"))

        alone = clean_environment(place / "shim")
        run(alone / "pip", "install", "-q", "--no-index", shim_wheel)
        said = run(
            alone / "python", "-c", "import pandaprobe\nwith pandaprobe.session('s'): print(pandaprobe.__version__)"
        )
        print("the shim alone, with nothing else installed:", said.strip())

        full = clean_environment(place / "proxy")
        run(full / "pip", "install", "-q", "--require-hashes", "-r", ROOT / "requirements.lock")
        run(full / "pip", "install", "-q", "--no-deps", proxy_wheel, shim_wheel)
        run(full / "pip", "check")
        environment = {**os.environ, "HOME": name, "NO_COLOR": "1"}
        print(run(full / "pandaprobe-proxy", "demo", env=environment))
        page = "from pandaprobe_proxy.web.static import Files; print(len(Files().page('sessions')), len(Files().files))"
        print("the viewer in the wheel, bytes of its page and files:", run(full / "python", "-c", page).strip())


main()
