"""The list of what is not run in forward mode names tests that there are."""

import re
from pathlib import Path

from reverse_only import REASONS, reason


def test_every_entry_names_a_module_or_a_test_of_it():
    for key, why in REASONS.items():
        module, _, test = key.partition("::")
        source = (Path(__file__).parents[1] / "relay" / module).read_text()
        name = rf"{test}\(" if test else ""
        assert why and re.search(rf"^async def {name}", source, re.MULTILINE), key


def test_what_is_listed_has_a_reason_and_anything_else_none():
    assert reason("test_usage.py", "test_any") == REASONS["test_usage.py"]
    assert reason("test_asking.py", "test_ten_megabytes_go_up_whole") is None
