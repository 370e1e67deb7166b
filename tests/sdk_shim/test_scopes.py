"""`session`, `set_session`, `user`, `set_user`: where they hold, and in which order."""

import asyncio

import pytest
from pandaprobe import session, set_session, set_user, user
from pandaprobe.context import current_session, current_user, outer_session


@pytest.fixture(autouse=True)
def nothing_left(alone):
    return


def test_a_scope_holds_inside_and_only_there():
    with session("a") as given:
        assert (given, current_session()) == ("a", "a")
    assert current_session() is None


def test_scopes_nest():
    with session("a"), user("u"):
        with session("b"):
            assert (current_session(), current_user()) == ("b", "u")
        assert current_session() == "a"


def test_a_scope_wins_over_what_was_set_also_inside_it():
    set_session("set")
    with session("scope"):
        assert current_session() == "scope"
        set_session("set inside")
        assert current_session() == "scope"
    assert current_session() == "set inside"
    set_session(None)
    assert current_session() is None


def test_one_scope_may_be_used_again_nested_and_by_many_tasks():
    scope = session("a")

    async def use():
        async with scope:
            await asyncio.sleep(0)
            with scope:
                await asyncio.sleep(0)
            return current_session()

    async def both():
        return await asyncio.gather(use(), use())

    assert asyncio.run(both()) == ["a", "a"]
    assert current_session() is None


def test_a_function_may_be_decorated():
    @session("a")
    def plain(value):
        return current_session(), value

    @session("a")
    async def coroutine(value):
        await asyncio.sleep(0)
        return current_session(), value

    assert plain(1) == ("a", 1)
    assert asyncio.run(coroutine(2)) == ("a", 2)
    assert current_session() is None
    assert plain.__name__ == "plain"


def test_a_generator_is_in_its_scope_while_it_runs_and_whoever_iterates_is_not():
    @session("a")
    def generate():
        sent = yield current_session()
        try:
            yield sent
        except KeyError:
            yield current_session()
        return "end"

    steps = generate()
    assert (next(steps), current_session()) == ("a", None)
    assert (steps.send("sent"), current_session()) == ("sent", None)
    assert (steps.throw(KeyError()), current_session()) == ("a", None)
    with pytest.raises(StopIteration, match="end"):
        next(steps)


def test_a_generator_that_is_left_is_closed_inside_its_scope():
    seen = []

    @session("a")
    def generate():
        try:
            yield 1
        finally:
            seen.append(current_session())

    steps = generate()
    next(steps)
    steps.close()
    assert seen == ["a"]


def test_an_async_generator_likewise():
    seen = []

    @session("a")
    async def generate():
        try:
            sent = yield current_session()
            yield sent
        finally:
            seen.append(current_session())

    async def use():
        steps = generate()
        first = await anext(steps)
        assert current_session() is None
        second = await steps.asend("sent")
        await steps.aclose()
        return first, second

    assert asyncio.run(use()) == ("a", "sent")
    assert seen == ["a"]


def test_concurrent_tasks_do_not_see_each_others_sessions():
    async def work(name):
        set_session(name)
        set_user(f"user of {name}")
        for _ in range(5):
            await asyncio.sleep(0)
            assert (current_session(), current_user()) == (name, f"user of {name}")

    async def all_of_them():
        await asyncio.gather(*(work(f"s{i}") for i in range(20)))

    asyncio.run(all_of_them())


def test_leaving_a_scope_in_another_task_is_no_error():
    async def use():
        async def items():
            with session("a"):
                yield 1
                yield 2

        stream = items()
        await anext(stream)
        await asyncio.create_task(stream.aclose())
        return current_session()

    asyncio.run(use())


@pytest.mark.parametrize("value", ["", " ", "a\nb", "x" * 256, 7, None, b"x", "\x7f", "\ud800"])
def test_an_impossible_id_is_ignored(value):
    with session("outer"), session(value):
        assert current_session() == "outer"


@pytest.mark.parametrize("value", ["a", "x" * 255, "with space", "ünïcödé", "日本", "a\u00a0b", "👩‍🚀"])
def test_any_visible_text_is_an_id(value):
    with session(value):
        assert current_session() == value


def test_a_scope_inside_another_knows_the_one_around_it():
    assert outer_session() is None
    with session("a"):
        assert outer_session() is None
        with session("b"):
            assert outer_session() == "a"
            with session("b"):
                assert outer_session() == "a"
            with session("c"):
                assert outer_session() == "b"
        with session("a"):
            assert outer_session() is None


def test_what_was_set_is_no_scope_around():
    set_session("set")
    with session("a"):
        assert outer_session() is None
    assert outer_session() is None
