"""The promises that take little time, with a small load. `python tests/faults/run.py` breaks all, as it says."""

import pytest
from faults import cases  # noqa: F401  (they register themselves)
from faults.mixtures import mixture
from faults.promises import NOT_PRODUCED, PROMISES, NotHere


@pytest.mark.parametrize("number", [number for number, told in sorted(PROMISES.items()) if told.short])
async def test_it_holds(number, tmp_path):
    try:
        measured = await PROMISES[number].case(tmp_path, False)
    except NotHere as reason:
        pytest.skip(str(reason))
    assert measured.wrong == []


async def test_a_mixture_of_faults_heals(tmp_path):
    measured = await mixture(tmp_path, seed=2, rounds=2)
    assert measured.wrong == []


def test_every_promise_has_a_case_or_a_reason():
    assert sorted({*PROMISES, *NOT_PRODUCED}) == list(range(1, 31))
    assert all(told.fault and told.figure for told in PROMISES.values())
