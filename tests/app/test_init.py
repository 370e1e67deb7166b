"""The names that commands use of the composition root."""

from importlib import import_module

import pytest
from pandaprobe_proxy import app


def test_every_name_is_there_and_is_the_one_of_its_module():
    for name, home in app._HOMES.items():
        module, found = home.split(".")
        assert getattr(app, name) is getattr(import_module(f"pandaprobe_proxy.app.{module}"), found)
    assert {*app.__all__} == {*app._HOMES}


def test_a_name_that_it_does_not_have_is_told():
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        app.nothing  # noqa: B018
