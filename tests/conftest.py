"""What tests of several packages share."""

import pytest
from hypothesis import HealthCheck, settings
from places import Place

# How long something takes on a machine that does other things too says nothing of whether it is right.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path / "data" / "calls.db")
    yield made
    made.close()
