"""What tests of several packages share.

CI generates the same cases every time: what it finds does not hang on luck. `WITHOUT_GENERATED=1` generates none, by
which the coverage of a module is measured.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from places import Place
from scripted_judge import scripted_judge

# How long something takes on a machine that does other things too says nothing of whether it is right.
settings.register_profile(
    "untimed",
    deadline=None,
    derandomize="CI" in os.environ,
    phases=[Phase.explicit] if "WITHOUT_GENERATED" in os.environ else tuple(Phase),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path / "data" / "calls.db")
    yield made
    made.close()


@pytest.fixture
def judge():
    with scripted_judge() as running:
        yield running
