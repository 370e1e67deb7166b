"""The context of decorated generators."""

import asyncio

import pytest
from pandaprobe import session, set_session
from pandaprobe.context import current_session


@pytest.fixture(autouse=True)
def nothing_left(alone):
    return


def test_a_scope_that_a_generator_opens_holds_over_its_yields():
    @session("a")
    def generate():
        with session("b"):
            yield current_session()
            yield current_session()
        yield current_session()

    found = []
    for item in generate():
        found.append((item, current_session()))
    assert found == [("b", None), ("b", None), ("a", None)]


def test_an_async_generator_likewise():
    @session("a")
    async def generate():
        with session("b"):
            yield current_session()
            await asyncio.sleep(0)
            yield current_session()

    async def use():
        return [(item, current_session()) async for item in generate()]

    assert asyncio.run(use()) == [("b", None), ("b", None)]


def test_what_a_generator_sets_is_not_set_for_whoever_iterates_it():
    @session("a")
    def generate():
        set_session("left behind")
        yield 1

    assert list(generate()) == [1]
    assert current_session() is None


def test_an_error_of_a_generator_comes_out_as_it_is():
    @session("a")
    def generate():
        yield 1
        raise KeyError("x")

    steps = generate()
    next(steps)
    with pytest.raises(KeyError, match="x"):
        next(steps)
    assert current_session() is None
