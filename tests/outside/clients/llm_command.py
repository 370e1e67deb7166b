# /// script
# dependencies = ["llm"]
# ///
"""The `llm` command: prompts, streamed and not, a continued conversation, and a schema."""

import os
import subprocess
import sys
import tempfile

from telling import tell

HOME = tempfile.mkdtemp()
ENVIRONMENT = {**os.environ, "LLM_USER_PATH": HOME}
with open(os.path.join(HOME, "extra-openai-models.yaml"), "w") as file:
    base = os.environ["OPENAI_BASE_URL"]
    file.write(f"- model_id: scripted\n  model_name: scripted\n  api_base: {base}\n  api_key_name: openai\n")


def llm(*words):
    command = [sys.executable, "-m", "llm", *words, "--key", "sk-x"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    tell(" ".join(words), [done.returncode, done.stdout, done.stderr])


llm("prompt", "-m", "scripted", "Say ü and 🐼.")
llm("prompt", "-m", "scripted", "--no-stream", "Say ü.")
llm("prompt", "-c", "And again?")
llm("prompt", "-m", "scripted", "-s", "Be brief.", "Say ü.")
