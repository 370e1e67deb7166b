"""Prints one of README's two commands: `run` (the first shell block) or `test` (the second)."""

import re
import sys
from pathlib import Path

blocks = re.findall(r"```sh\n(.*?)```", Path(__file__).resolve().parent.parent.joinpath("README.md").read_text(), re.S)
print(blocks[{"run": 0, "test": 1}[sys.argv[1]]].strip())
