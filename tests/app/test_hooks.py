"""Changes are told in order, at least once, whatever the hook or the store does."""

import asyncio

import pytest
from pandaprobe_proxy.app.hooks import LONGEST_WAIT_S, MOST_REFUSALS, POLL_S, HookFailed, Hooks
from pandaprobe_proxy.store.errors import StoreError
from pandaprobe_proxy.store.sqlite import open_reader
from records import make_record
from sidecar import wait_until

GAP_NS = 10**15


class Memory:
    """A hook that takes what it is told, or fails as often as it is asked to."""

    def __init__(self, name="memory", *failures):
        self.name = name
        self.failures = list(failures)
        self.told = []

    async def tell(self, change):
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        self.told.append(change.number)


class Rig:
    """Hooks on a store, which run until they have nothing to tell, with pauses that take no time."""

    def __init__(self, place):
        self.place = place
        self.waits = []
        self.refuse = 0

    def change(self, *sessions):
        self.place.put(*(make_record(session=session) for session in sessions))
        self.place.writer.sweep(GAP_NS)

    async def submit(self, work):
        if self.refuse:
            self.refuse -= 1
            raise StoreError("not now.")
        self.begun = True
        return work(self.place.writer)

    async def run(self, *hooks):
        done = asyncio.Event()
        self.begun = False

        async def pause(seconds):
            self.waits.append(seconds)
            if seconds == POLL_S and self.begun:
                done.set()
                await asyncio.Event().wait()

        running = asyncio.create_task(Hooks(hooks, lambda: open_reader(self.place.path), self.submit, pause).run())
        if hooks:
            await done.wait()
            running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def mark(self):
        (mark,) = self.place.reader().hooks()
        return mark


@pytest.fixture
def rig(place):
    return Rig(place)


async def test_a_new_hook_is_told_what_comes_from_now_on_in_order(rig):
    rig.change("before")
    hook = Memory()
    await rig.run(hook)
    rig.change("a", "b")
    await rig.run(hook)
    assert hook.told == [2, 3]
    assert (rig.mark().after, rig.mark().told, rig.mark().behind, rig.mark().error) == (3, 2, 0, "")


async def test_it_goes_on_where_it_was_after_a_restart(rig):
    await rig.run(Memory())
    rig.change("a")
    rig.place.again()
    hook = Memory()
    await rig.run(hook)
    await rig.run(hook)
    assert hook.told == [1]


async def test_one_that_was_told_and_whose_place_was_not_kept_is_told_again(rig):
    await rig.run(Memory())
    rig.change("a")
    first = Memory()
    original, rig.submit = rig.submit, None

    async def submit(work):
        if first.told:
            raise StoreError("the disk is full.")
        return await original(work)

    rig.submit = submit
    await rig.run(first)
    rig.submit = original
    again = Memory()
    await rig.run(again)
    assert (first.told, again.told) == ([1], [1])


async def test_one_that_cannot_be_reached_is_tried_again_more_and_more_slowly_for_ever(rig):
    hook = Memory("memory")
    await rig.run(hook)
    rig.change("a", "b")
    hook.failures = [HookFailed("it is away", refused=False)] * 12
    rig.waits.clear()
    await rig.run(hook)
    assert hook.told == [1, 2]
    assert rig.waits[:12] == [1, 2, 4, 8, 16, 32, *[LONGEST_WAIT_S] * 6]
    assert (rig.mark().told, rig.mark().given_up, rig.mark().failures) == (2, 0, 0)


async def test_a_change_that_is_refused_again_and_again_is_given_up_and_the_next_is_told(rig):
    hook = Memory()
    await rig.run(hook)
    rig.change("a", "b")
    hook.failures = [HookFailed("it answered 400", refused=True)] * MOST_REFUSALS
    await rig.run(hook)
    assert (hook.told, rig.mark().told, rig.mark().given_up, rig.mark().after) == ([2], 1, 1, 2)


async def test_what_fails_can_be_seen_meanwhile(rig):
    hook = Memory()
    await rig.run(hook)
    rig.change("a", "b")
    seen = []

    class Stuck(Memory):
        async def tell(self, change):
            if len(self.told) == 3:
                seen.append(rig.mark())
                return
            self.told.append(0)
            raise HookFailed("it answered 503", refused=False)

    await rig.run(Stuck())
    assert (seen[0].failures, seen[0].error, seen[0].behind) == (3, "it answered 503", 2)


async def test_one_hook_does_not_wait_for_another(rig):
    one, other = Memory("one"), Memory("other")
    await rig.run(one, other)
    rig.change("a")

    class Hanging(Memory):
        async def tell(self, change):
            await asyncio.Event().wait()

    await rig.run(Hanging("one"), other)
    assert other.told == [1]


async def test_the_store_is_waited_for(rig):
    rig.refuse = 3
    hook = Memory()
    await rig.run(hook)
    rig.change("a")
    await rig.run(hook)
    assert hook.told == [1]


async def test_a_store_that_cannot_be_read_is_read_later(rig, place):
    hook = Memory()
    await rig.run(hook)
    rig.change("a")
    hidden = place.path.with_name("hidden")
    place.path.rename(hidden)
    await rig.run(hook)
    assert hook.told == []
    hidden.rename(place.path)
    await rig.run(hook)
    assert hook.told == [1]


async def test_one_that_is_no_longer_named_is_forgotten(rig):
    await rig.run(Memory("one"), Memory("two"))
    await rig.run(Memory("two"))
    assert rig.mark().name == "two"
    await rig.run()
    assert rig.place.reader().hooks() == []


async def test_it_knows_whether_all_have_been_told(rig):
    hooks = Hooks([Memory("one"), Memory("two")], lambda: open_reader(rig.place.path), rig.submit)
    assert not hooks.have_told(0)
    running = asyncio.create_task(hooks.run())
    rig.change("a")
    await asyncio.to_thread(wait_until, lambda: hooks.have_told(1))
    assert not hooks.have_told(2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert Hooks([], lambda: open_reader(rig.place.path), rig.submit).have_told(9)
