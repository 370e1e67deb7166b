"""What tests of several packages share."""

import pytest
from places import Place


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path / "data" / "calls.db")
    yield made
    made.close()
