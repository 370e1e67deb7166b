import asyncio

import pytest
from pandaprobe_proxy.app.judge_shelf import MOST_TRIES, Shelf
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.store.answers import Answer
from pandaprobe_proxy.store.errors import StoreError
from records import make_record


def answer(name, session="s-1"):
    return Answer(name, session, "c", "m", "text", 5)


async def test_what_several_bring_is_kept_together_before_they_go_on(place):
    place.put(make_record())
    place.writer.close()
    shelf = Shelf(Settings(data_dir=place.path.parent))
    await asyncio.gather(*(shelf.keep([answer(f"q{number}")]) for number in range(5)))
    assert len(place.reader().answers([f"q{number}" for number in range(5)])) == 5


async def test_a_store_that_another_holds_is_waited_for(place):
    place.put(make_record())
    slept = []

    async def let_go(seconds):
        slept.append(seconds)
        place.writer.close()

    await Shelf(Settings(data_dir=place.path.parent), let_go).keep([answer("q")])
    assert (slept, list(place.reader().answers(["q"]))) == ([1.0], ["q"])


async def test_one_that_is_never_let_go_is_told_of(place):
    slept = []

    async def wait(seconds):
        slept.append(seconds)

    with pytest.raises(StoreError, match="already writes"):
        await Shelf(Settings(data_dir=place.path.parent), wait).keep([answer("q")])
    assert len(slept) == MOST_TRIES - 1
