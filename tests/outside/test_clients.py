"""Clients that this environment has: what they get through a sidecar is what they get directly, and all is recorded.

`python tests/outside/run.py` does the same with all the others, each in an environment that it makes.
"""

import pytest
from outside.comparing import clients, compare, plain_command

HERE = ("anthropic_python", "curl", "openai_python")


@pytest.mark.parametrize("name", HERE)
def test_nothing_differs_and_everything_is_recorded(name, tmp_path):
    client = clients()[name]
    command = plain_command(client)
    if command is None:
        pytest.skip(f"{name} is not here")
    outcome = compare(client, command, tmp_path / "data")
    assert outcome.differences == []
    assert outcome.losses == []


def test_every_client_says_what_it_needs():
    known = clients()
    assert len(known) == 12
    assert all(client.packages or client.path.suffix == ".sh" for client in known.values())
