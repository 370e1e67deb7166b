import pytest
from intercepting import make_origins


@pytest.fixture(scope="session")
def origins(tmp_path_factory):
    return make_origins(tmp_path_factory.mktemp("origins"))
