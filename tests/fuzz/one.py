"""One target under atheris: `one.py TARGET` and libFuzzer's own arguments. `run.py` calls it."""

import sys

import atheris

with atheris.instrument_imports(include=["pandaprobe_proxy"]):
    from fuzz.targets import TARGETS

name = sys.argv.pop(1)
atheris.Setup(sys.argv, TARGETS[name])
atheris.Fuzz()
