"""Bundles the viewer's third-party modules anew from npm, as VENDOR.toml lists them, with their licences and checksums.

Needs Node; nothing that is built, installed or run needs it. `--check` only compares checksums.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

VENDOR = Path(__file__).parents[1] / "proxy/pandaprobe_proxy/web/static/vendor"
LIST = VENDOR / "VENDOR.toml"
SUMS = VENDOR / "SHA256SUMS"
LICENCES = VENDOR / "LICENCES.txt"
BESIDE = {"preact": "./preact.js", "preact/hooks": "./preact-hooks.js"}
"""Packages that other modules import, and the file that each of them is here."""


def main() -> None:
    listed = tomllib.loads(LIST.read_text())
    if "--check" not in sys.argv:
        with tempfile.TemporaryDirectory() as place:
            bundle(Path(place), listed)
        SUMS.write_text(write_sums())
    if SUMS.read_text() != write_sums():
        sys.exit("vendored files are not what SHA256SUMS says; run python .ci/vendor.py")


def bundle(place: Path, listed: dict) -> None:
    modules = listed["module"]
    packages = {f"{one['package']}@{one['version']}" for one in modules}
    run(place, "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *sorted(packages))
    run(place, "npm", "install", "--no-audit", "--no-fund", f"esbuild@{listed['esbuild']}")
    for one in modules:
        source = place / "entry.js"
        source.write_text(one["source"])
        out = VENDOR / one["file"]
        outside = [f"--external:{name}" for name, file in BESIDE.items() if file != f"./{one['file']}"]
        flags = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none", *outside]
        run(place, "node_modules/.bin/esbuild", "entry.js", *flags, f"--outfile={out}")
        text = out.read_text()
        for name, file in BESIDE.items():
            text = text.replace(f'from"{name}"', f'from"{file}"')
        out.write_text(f"// {one['package']} {one['version']}, {licence_of(place, one)}; see LICENCES.txt\n{text}")
        if "styles" in one:
            shutil.copy(place / "node_modules" / one["package"] / one["styles"]["path"], VENDOR / one["styles"]["file"])
    LICENCES.write_text("\n\n".join(tell_licences(place, modules)) + "\n")


def licence_of(place: Path, one: dict) -> str:
    return json.loads((place / "node_modules" / one["package"] / "package.json").read_text())["license"]


def tell_licences(place: Path, modules: list) -> list[str]:
    told = []
    for name in dict.fromkeys([*(one["package"] for one in modules), "@preact/signals-core"]):
        folder = place / "node_modules" / name
        text = next(path for path in sorted(folder.iterdir()) if path.name.upper().startswith("LICEN")).read_text()
        version = json.loads((folder / "package.json").read_text())["version"]
        told.append(f"==== {name} {version}\n\n{text.strip()}")
    return told


def write_sums() -> str:
    files = sorted(path for path in VENDOR.iterdir() if path.suffix in (".js", ".css"))
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def run(place: Path, *command: str) -> None:
    subprocess.run(command, cwd=place, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
