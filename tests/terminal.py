"""The command line in the test's own process, on some data directory."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from pandaprobe_proxy.cli import cli
from sidecar import clean_environment


@dataclass
class Terminal:
    """Runs commands on one data directory. `run` gives click's result; `code` is what `main` would exit with."""

    directory: Path

    def run(self, *words, env=None, stdin=None):
        strange = dict.fromkeys(set(os.environ) - set(clean_environment()))
        runner = CliRunner(env={**strange, "PANDAPROBE_DATA_DIR": str(self.directory), **(env or {})})
        result = runner.invoke(cli, list(words), input=stdin)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def out(self, *words, **more):
        result = self.run(*words, **more)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def json(self, *words):
        return json.loads(self.out(*words, "--json"))

    def fails(self, *words, **more):
        """What is said on standard error: one sentence, and nothing on standard output."""
        result = self.run(*words, **more)
        assert result.exit_code != 0
        assert result.stdout == ""
        return result.exit_code, result.stderr
