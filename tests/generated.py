"""How many streams are generated to hold ours against an SDK's: PANDAPROBE_GENERATED=10000 takes some minutes."""

import os


def many(usually: int) -> int:
    return int(os.environ.get("PANDAPROBE_GENERATED", usually))
