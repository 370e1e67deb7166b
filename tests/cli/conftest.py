"""The command line in this process, on the store of a test."""

import pytest
from terminal import Terminal


@pytest.fixture
def terminal(place):
    return Terminal(place.path.parent)
