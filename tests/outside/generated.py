"""How many streams are generated to hold ours against an SDK's: PANDAPROBE_GENERATED=10000 takes some minutes."""

import os

MANY = int(os.environ.get("PANDAPROBE_GENERATED", "2000"))
